"""What the audit is told of a simulation besides the evidence, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Finding = tuple[str, str]
"""A broken promise, and what shows it."""


@dataclass(frozen=True)
class Scene:
    """Who is who, and since when nothing has gone wrong.

    Args:
        uppers: each party but the top to the one above it.
        accounts: the bare addresses of each party, above first.
        disturbed: when a fault has met whom.
        domains: the domain that each party leads.
        sites: parties with a device.
        calm: since when no fault has happened.
        now: the end.
        patience: how long after calm, and after anything new, everybody must know it.
        control_every: the period of a site's control.
        restored: whose store was put back: of its past nothing is promised.
    """

    uppers: Mapping[str, str]
    accounts: Mapping[str, tuple[str, ...]]
    disturbed: tuple[tuple[datetime, str], ...]
    domains: Mapping[str, str]
    sites: tuple[str, ...]
    calm: datetime
    now: datetime
    patience: timedelta
    control_every: timedelta
    restored: frozenset[str] = frozenset()

    @property
    def settled(self) -> datetime:
        """What is older than this must have had its effect."""
        return self.now - self.patience

    @property
    def answered(self) -> datetime:
        """Who repeats a command until this time must have got an answer: parties are back."""
        return self.calm + self.patience

    def is_below_restored(self, party: str | None) -> bool:
        """Whether a party's store was put back, or that of one above it."""
        while party is not None and party not in self.restored:
            party = self.uppers.get(party)
        return party is not None

    def members(self, party: str) -> list[str]:
        """Return the parties right below one."""
        return [name for name, upper in self.uppers.items() if upper == party]
