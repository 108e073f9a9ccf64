"""What a VTN is called to dispatch, by an operator or by the level above."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.model.event import EVERYTHING, Change, Event, Mode, Targets
from xmpp_cem.model.ids import EventId, MessageId, ProgrammeId
from xmpp_cem.model.signal import Delta, Signal, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value


@dataclass(frozen=True)
class Call:
    """What is to be dispatched: a signal, and what it changes into later on.

    `targets` are resources of the members. `programme` is the one under whose rules they are
    called, None for none. `upper` and `origin` are the event and the domain above that it comes
    from, in a cascade; `randomise_s`, `ramp_s` and `recovery_s` spread it in time, as an event
    tells its receivers.
    """

    event: EventId
    signal: Signal
    active: Interval
    answer_by: datetime
    changes: tuple[Change, ...] = ()
    targets: Targets = EVERYTHING
    mode: Mode = Mode.REAL
    priority: int = 100
    reason: str = ""
    randomise_s: int = 0
    ramp_s: int = 0
    recovery_s: int = 0
    programme: ProgrammeId | None = None
    upper: EventId | None = None
    origin: str = ""
    path: tuple[str, ...] = ()
    hop: int = 0

    @property
    def target_w(self) -> int:
        """The change of power asked for, W, signed; 0 where another signal is called for."""
        return self.signal.power_w if isinstance(self.signal, Delta) else 0

    @property
    def spread(self) -> dict[str, int]:
        """How it is spread in time, as fields of an event."""
        return {
            "randomise_s": self.randomise_s,
            "ramp_s": self.ramp_s,
            "recovery_s": self.recovery_s,
        }


class Asker(Value):
    """Who waits for an answer that comes later, and to which request."""

    address: str
    message_id: MessageId
    trace: str | None = None


_LONG = timedelta(minutes=15)
"""A change of power this long leaves time to begin at random."""


def usual_s(event: Event, most_s: int) -> int:
    """Return how much later an event may begin at random of which nobody said it, seconds.

    Members of a long change of power begin over a sixth of it at most, so that not all move in one
    second (UK SI 2021/1467, regulation 11). What is short, an emergency, a limit, a price and a
    level begin at once.

    Args:
        event: as an operator asks it.
        most_s: the most that its VTN usually allows, seconds.
    """
    length = event.active.end - event.active.start
    is_power = isinstance(event.signal, Delta | TargetPower)
    if not is_power or event.priority == 0 or length < _LONG:
        return 0
    return min(most_s, length // timedelta(seconds=6))


def called(event: Event, randomise_s: int) -> Call:
    """Return what an operator's event calls for.

    Args:
        event: as it is asked.
        randomise_s: how much later it may begin where the event does not say it, seconds.
    """
    return Call(
        event=event.id,
        signal=event.signal,
        changes=event.changes,
        targets=event.targets,
        active=event.active,
        answer_by=event.answer_by,
        mode=event.mode,
        priority=event.priority,
        reason=event.reason,
        randomise_s=randomise_s if event.randomise_s is None else event.randomise_s,
        ramp_s=event.ramp_s,
        recovery_s=event.recovery_s,
        programme=event.programme,
    )
