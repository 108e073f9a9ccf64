"""Says when a power has changed so much that it is told before its window ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.model.ids import ResourceId


@dataclass
class OnChange:
    """A dead band around what was told last: within it nothing is told beside the schedule.

    Args:
        least_w: a smaller change of one resource is not told, W; None: no change is.
        every: no more often than this.
    """

    least_w: int | None
    every: timedelta
    _told: dict[ResourceId, int] = field(default_factory=dict)
    _at: datetime | None = None

    def lets(self, powers: Mapping[ResourceId, int], now: datetime) -> bool:
        """Whether these powers, W, are told now beside the schedule.

        What nothing was told of yet waits for the schedule.
        """
        if self.least_w is None or self._at is None or now < self._at + self.every:
            return False
        known = ((self._told.get(name), power_w) for name, power_w in powers.items())
        return any(was is not None and abs(w - was) >= self.least_w for was, w in known)

    def told(self, powers: Mapping[ResourceId, int], now: datetime) -> None:
        """Note that these powers were told, W."""
        self._told, self._at = dict(powers), now
