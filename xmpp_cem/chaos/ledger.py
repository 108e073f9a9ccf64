"""What the harness itself has asked for and done: the measure that everything is held against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from xmpp_cem.chaos.plan import below
from xmpp_cem.model.signal import Delta, Limit
from xmpp_cem.model.time import Interval

Fate = Literal["accepted", "refused", "unknown"]


@dataclass
class Control:
    """An event as the operator knows it.

    Args:
        id: the event.
        number: the round in which it was made.
        signal: what was asked for: a change of power, or a limit.
        made: when it was asked for.
        active: when.
        fate: what the VTN said; unknown when it said nothing in time.
        cancel: what it said to the cancel, None without one.
    """

    id: str
    number: int
    signal: Delta | Limit
    made: datetime
    active: Interval
    fate: Fate = "unknown"
    cancel: Fate | None = None


@dataclass
class Ledger:
    """All controls, and what each party was put through.

    Args:
        controls: in the order of their making.
        harmed: round to the parties that faults reached in it.
        restored: party to the instants from and to which its store lost what it knew.
        doubled: party to the instants between which two of it, or a wrong clock, spoke.
        starved: party to the times in which the machine let it stand still.
    """

    controls: list[Control] = field(default_factory=list)
    harmed: dict[int, set[str]] = field(default_factory=dict)
    restored: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    doubled: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    starved: dict[str, list[Interval]] = field(default_factory=dict)

    def starve(self, number: int, party: str, began: datetime, ended: datetime) -> None:
        """Note that the machine let a party, and so all below it, stand still."""
        self.harm(number, *below(party))
        for one in below(party):
            self.starved.setdefault(one, []).append(Interval(start=began, end=ended))

    def of(self, number: int) -> list[Control]:
        """Return the controls of a round."""
        return [control for control in self.controls if control.number == number]

    def moved_until(self, now: datetime) -> datetime:
        """Return when the last event that had begun ended, now if it was cancelled meanwhile."""
        began = (control.active for control in self.controls if control.active.start <= now)
        return max((min(active.end, now) for active in began), default=now)

    def harm(self, number: int, *parties: str) -> None:
        """Note whom a fault reaches."""
        self.harmed.setdefault(number, set()).update(parties)

    def is_harmed(self, number: int, *parties: str) -> bool:
        """Whether a fault of the round reached any of these."""
        return bool(self.harmed.get(number, set()) & set(parties))

    def forgot(self, party: str, at: datetime) -> bool:
        """Whether a party's store was put back to before an instant, or what it says is two."""
        lost = any(copied <= at <= put_back for copied, put_back in self.restored.get(party, ()))
        return lost or self.is_doubled(party, at)

    def strayed(self, party: str, began: datetime, ended: datetime, step: timedelta) -> None:
        """Note between which instants a party's clock was wrong, and by how much."""
        away = (began + step, ended + step)
        self.doubled.setdefault(party, []).extend(((began, ended), away))

    def is_doubled(self, party: str, at: datetime) -> bool:
        """Whether at an instant two of a party, or a wrong clock, told different things."""
        return any(began <= at <= ended for began, ended in self.doubled.get(party, ()))
