"""All commitments of a VEN, by event and by when nothing of them acts any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.lasting import Lasting
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.ids import EventId


class Commitments(Lasting[Commitment]):
    """Those that may still act, and those that have ended and are not forgotten yet."""

    def __init__(self) -> None:
        super().__init__(lambda commitment: commitment.is_live, over)

    def live_or(self, named: Iterable[EventId]) -> list[Commitment]:
        """Return those that may still act, and those of some events that have ended."""
        ended = (name for name in sorted(named) if name in self and not self.is_live(name))
        return [*self.live(), *map(self.__getitem__, ended)]


def timer_of(event: EventId) -> str:
    """Return the key of the timer that brings an event on."""
    return f"ven/{event}"


def over(commitment: Commitment) -> datetime:
    """Return when an event does not move power any more, late release and recovery included."""
    put_off_s = commitment.offsets.stop_s if commitment.offsets else 0
    event = commitment.event
    return event.active.end + timedelta(seconds=put_off_s + event.recovery_s)
