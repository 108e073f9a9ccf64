"""How a VTN upholds the rules of programmes over live events: other times, withdrawn consent."""

from datetime import datetime

from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import Effect
from xmpp_cem.core.vtn.dispatch.calling import barred_now
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.modifying import modified
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import PartyId

_MOST_TOLD = 20


class Upholding:
    """Judges what happens to a live event of a programme."""

    def __init__(self, state: VtnState, dispatching: Dispatching) -> None:
        self._state = state
        self._dispatching = dispatching

    def why_untimely(self, call: Call, now: datetime) -> str:
        """Return why the programme of an event lets nobody be called at other times, or nothing."""
        dispatch = self._dispatching.dispatches[call.event]
        changed = modified(dispatch, call, "")
        if changed is None or changed.active == dispatch.active or call.programme is None:
            return ""
        event = changed.event.model_copy(update={"created": now})
        parts = [p for p in self._dispatching.parts[call.event].values() if not p.barred]
        barred = list(barred_now(self._state, event, parts, now, is_new=True))
        if len(barred) < len(parts):
            return ""
        whys = "; ".join(f"{part.party}: {part.barred}" for part in barred[:_MOST_TOLD])
        return f"{call.programme} lets nobody be called then: {whys or 'nobody is called now'}"

    def rebound(self, party: PartyId, now: datetime) -> list[Effect]:
        """Take a member out of the events to which its customer agrees no more."""
        effects: list[Effect] = []
        for dispatch in self._dispatching.live():
            event = dispatch.event
            mine = [p for p in [self._dispatching.parts[event.id].get(party)] if p]
            for part in barred_now(self._state, event, mine, now, is_new=False):
                why = f"{party}: {part.barred}"
                effects.append(self._dispatching.put_part(part))
                effects += self._dispatching.reconsider(event.id, why, now)
        return effects

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: what is configured of programmes and enrolments may be otherwise."""
        return [each for party in self._state.members for each in self.rebound(party, now)]

    def why_barred(self, party: PartyId, answer: Answer, now: datetime) -> str:
        """Return why a member's yes cannot be taken by the rules of the programme, or nothing."""
        event_id = self._dispatching.event_of(answer.event, party)
        if event_id is None or answer.opt is Opt.OUT:
            return ""
        part = self._dispatching.parts[event_id].get(party)
        if part and not part.barred:
            return ""
        able, event = self._state.members[party].capability, self._dispatching.dispatches[event_id]
        if able is None:
            return "a member that has not registered cannot take part"
        return self._state.rules.verdict(party, event.event, able, now).why_nothing
