"""What a VTN is called to dispatch, by an operator or by the level above."""

from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.model.event import Mode
from xmpp_cem.model.ids import EventId
from xmpp_cem.model.time import Interval


@dataclass(frozen=True)
class Call:
    """What is to be dispatched: `target_w` is the change of power asked for, signed, in W."""

    event: EventId
    target_w: int
    active: Interval
    answer_by: datetime
    mode: Mode = Mode.REAL
    priority: int = 100
    reason: str = ""
    upper: EventId | None = None
    path: tuple[str, ...] = ()
    hop: int = 0
