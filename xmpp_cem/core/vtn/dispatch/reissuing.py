"""Publishes an event anew of which a member knows a later version: the VTN's store was put back."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.division import Division
from xmpp_cem.core.vtn.dispatch.opening import renewed
from xmpp_cem.core.vtn.dispatch.standing import version_of
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.ids import EventId, PartyId


class Reissuing:
    """What a VTN has published it has committed before, so that nobody can know more than it.

    Whoever does has it from a time that a backup does not hold. The store wins (design:
    identity): what it holds becomes a version of the present epoch, which is later than all.
    """

    def __init__(self, state: VtnState, dispatching: Dispatching) -> None:
        self._state = state
        self._dispatching = dispatching

    def answered(self, party: PartyId, answer: Answer, now: datetime) -> list[Effect]:
        """Publish an event anew to whose later version a member has answered."""
        event_id = self._dispatching.event_of(answer.event, party)
        if event_id is None:
            return []
        dispatch = self._dispatching.dispatches[event_id]
        part = self._dispatching.parts[event_id].get(party)
        asked = version_of(dispatch, part) if part else dispatch.event.order
        return self._anew(event_id, party, now) if asked < answer.order else []

    def told(self, party: PartyId, status: Status, now: datetime) -> list[Effect]:
        """Publish an event anew that a member says was cancelled; it will say no to it."""
        event_id = self._dispatching.event_of(status.event or "", party)
        is_cancelled = status.type is StatusType.CANCELLED
        return self._anew(event_id, party, now) if event_id and is_cancelled else []

    def _anew(self, event_id: EventId, party: PartyId, now: datetime) -> list[Effect]:
        dispatching = self._dispatching
        dispatch = dispatching.dispatches[event_id]
        is_live = dispatching.dispatches.is_live(event_id) and now < dispatch.active.end
        if not is_live or dispatch.event.order.epoch >= self._state.record.epoch:
            return []
        made = renewed(self._state, dispatch, Division(dispatch), dispatching.parts[event_id])
        dispatching.outgoing.append(made.dispatch)
        fields = (("event_id", event_id), ("party", party))
        return [
            dispatching.put(made.dispatch),
            *map(dispatching.put_part, made.parts),
            Note("warning", "a member knows a later version, published anew", fields),
        ]
