"""What a VTN is called to dispatch, by an operator or by the level above."""

from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.model.event import Mode
from xmpp_cem.model.ids import EventId
from xmpp_cem.model.time import Interval


@dataclass(frozen=True)
class Call:
    """What is to be dispatched: `target_w` is the change of power asked for, signed, in W.

    `randomise_s`, `ramp_s` and `recovery_s` spread it in time, as an event tells its receivers.
    """

    event: EventId
    target_w: int
    active: Interval
    answer_by: datetime
    mode: Mode = Mode.REAL
    priority: int = 100
    reason: str = ""
    randomise_s: int = 0
    ramp_s: int = 0
    recovery_s: int = 0
    upper: EventId | None = None
    path: tuple[str, ...] = ()
    hop: int = 0

    @property
    def spread(self) -> dict[str, int]:
        """How it is spread in time, as fields of an event."""
        return {
            "randomise_s": self.randomise_s,
            "ramp_s": self.ramp_s,
            "recovery_s": self.recovery_s,
        }
