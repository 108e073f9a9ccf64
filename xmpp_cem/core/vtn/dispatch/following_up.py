"""What a VTN does while an event waits for answers: repeats it to the silent, answers the asker."""

from dataclasses import replace
from datetime import datetime

from xmpp_cem.core.call import Asker
from xmpp_cem.core.effects import Effect, Note, Remember, Transact
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.division import is_usable
from xmpp_cem.core.vtn.dispatch.individual import by_transaction, told
from xmpp_cem.core.vtn.dispatch.standing import has_answered, lack
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    MAX_HOPS,
    FaultMessage,
    Header,
    Level,
    Noun,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import EventId, Jid, PartyId, derived_id


class FollowingUp:
    """Reminders by transaction (figure 13), and answers that come later (design: flows)."""

    def __init__(self, state: VtnState, dispatching: Dispatching) -> None:
        self._state = state
        self._dispatching = dispatching
        self._open: set[EventId] = set()

    def restore(self, dispatch: Dispatch) -> None:
        """Take back an event from before a restart: whoever asked still waits."""
        if dispatch.asker:
            self._open.add(dispatch.event.id)

    def answer_later(self, event_id: EventId, what: RequestArrived) -> list[Effect]:
        """Note who wants to know how the members have answered; it is kept with the event."""
        header = what.message.header
        asker = Asker(address=str(what.sender), message_id=header.message_id, trace=header.trace)
        self._open.add(event_id)
        return [self._dispatching.noted(event_id, asker)]

    def _is_there(self, party: PartyId, dispatch: Dispatch) -> bool:
        return is_usable(self._state, party, dispatch.active)

    def remind(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Send an event as a transaction to every reachable member that has not answered it."""
        dispatch = self._dispatching.dispatches.get(event_id)
        is_live = self._dispatching.dispatches.is_live(event_id)
        if dispatch is None or not is_live or dispatch.is_individual:
            return []
        silent = [
            part.party
            for part in self._dispatching.parts[event_id].values()
            if part.answer is None and not part.barred and self._is_there(part.party, dispatch)
        ]
        return [each for party in silent for each in self._reminder(dispatch, party, now)]

    def tell_the_set(self, now: datetime, only: PartyId | None = None) -> list[Effect]:
        """Tell members all live events, where the profile is one for parties that know no nodes.

        Cancelled ones belong to it until their end: absence alone would not be told.
        """
        settings = self._state.settings
        if not settings.tells_the_set:
            return []
        live = [
            d
            for d in self._dispatching.dispatches.after(now)
            if d.event.status is not EventStatus.COMPLETED
        ]
        if not live:
            return []
        until = max(d.active.end for d in live)
        versions = tuple((d.event.id, d.event.order) for d in live)
        passed = tuple(dict.fromkeys(token for d in live for token in d.path))[:MAX_HOPS]
        update = {"expires": until, "path": passed, "hop": max(d.hop for d in live)}
        effects: list[Effect] = []
        for party, member in self._state.members.items():
            if only not in {None, party} or not any(self._is_there(party, d) for d in live):
                continue
            header = self._state.letters.header(
                Verb.CREATE, Noun.CONTROLS, now, "live", versions, party
            ).model_copy(update=update)
            known = (told(d, self._dispatching.parts[d.event.id], party) for d in live)
            body = EndDeviceControls(events=tuple(event for event in known if event))
            message = RequestMessage(header=header, body=body)
            effects.append(Transact(Link.LOWER, Jid(member.account, "ven"), message, until))
        return effects

    def due(self, now: datetime) -> list[Effect]:
        """Answer whoever waits for an event whose members have all answered, or will no more."""
        effects: list[Effect] = []
        for event_id in sorted(self._open):
            dispatch = self._dispatching.dispatches[event_id]
            asker = dispatch.asker
            if asker is None:
                self._open.discard(event_id)
            elif self._is_settled(dispatch, now):
                self._open.discard(event_id)
                effects += self._late_reply(dispatch, asker, now)
        return effects

    def _is_settled(self, dispatch: Dispatch, now: datetime) -> bool:
        ended = {EventStatus.CANCELLED, EventStatus.COMPLETED}
        if dispatch.event.status in ended or now >= dispatch.event.answer_by:
            return True
        if not self._state.knows_presence(now):
            return False  # right after a restart everybody seems to be away
        parts = self._dispatching.parts[dispatch.event.id].values()
        return all(self._has_answered(dispatch, part) for part in parts)

    def _has_answered(self, dispatch: Dispatch, part: Part) -> bool:
        is_asked = not part.barred and self._is_there(part.party, dispatch)
        return not is_asked or has_answered(dispatch, part)

    def _late_reply(self, dispatch: Dispatch, asker: Asker, now: datetime) -> list[Effect]:
        result, errors = self._outcome(dispatch, now)
        letters = self._state.letters
        header = Header(
            verb=Verb.REPLY,
            noun=Noun.CONTROLS,
            message_id=derived_id(letters.party, "late reply", asker.message_id),
            timestamp=now,
            source=letters.party,
            correlation_id=asker.message_id,
            trace=asker.trace,
        )
        message = ResponseMessage(header=header, result=result, errors=errors)
        forget: Remember = self._dispatching.noted(dispatch.event.id, None)
        to = Jid.parse(asker.address)
        return [forget, Transact(Link.LOWER, to, message, dispatch.active.end)]

    def _outcome(self, dispatch: Dispatch, now: datetime) -> tuple[Result, tuple[ReplyError, ...]]:
        if dispatch.event.is_cancelled:
            return Result.FAILED, (ReplyError(code="6.5", reason=dispatch.why),)
        can_w = self._dispatching.expected_w(dispatch, now)
        tolerance_w = max(self._state.settings.tolerance_w, abs(dispatch.target_w) // 100)
        reason = lack(dispatch, can_w, tolerance_w, "promise")
        if not reason:
            return Result.OK, ()
        return Result.PARTIAL, (ReplyError(code="0.2", reason=reason, level=Level.WARNING),)

    def _reminder(self, dispatch: Dispatch, party: PartyId, now: datetime) -> list[Effect]:
        event = dispatch.event
        fields = (("party", party), ("event_id", event.id))
        asked = by_transaction(self._state, dispatch, event, Verb.CREATE, party, now)
        note = Note("info", "no answer yet, asked again", fields)
        return [note, replace(asked, expires=event.answer_by)]


def recall(
    state: VtnState, dispatching: Dispatching, party: PartyId, answer: Answer, now: datetime
) -> list[Effect]:
    """Tell a member by transaction that what it says yes to is cancelled.

    A reminder may arrive after the cancel of what it reminds of, which is then in no index and
    maybe on no node any more.
    """
    event_id = dispatching.event_of(answer.event, party)
    if event_id is None or answer.opt is Opt.OUT or state.settings.tells_the_set:
        return []
    dispatch = dispatching.dispatches[event_id]
    event = told(dispatch, dispatching.parts[event_id], party)
    if event is None or not event.is_cancelled or now >= event.active.end:
        return []
    if not answer.order < event.order:
        return []
    return [by_transaction(state, dispatch, event, Verb.CANCEL, party, now)]


def refused(state: VtnState, reply: ResponseMessage | FaultMessage, now: datetime) -> list[Effect]:
    """Tell people what a member has refused: versions out of order, or late."""
    if reply.result is Result.OK:
        return []
    party = reply.header.source if isinstance(reply, ResponseMessage) else ""
    why = "; ".join(f"{error.code} {error.reason}" for error in reply.errors)
    member = state.members.get(party)
    if member is not None:
        for error in reply.errors:
            state.note_refusal(member.account, error.code, error.reason, now)
    return [Note("warning", "a member refused a message", (("party", party), ("why", why)))]


def untaken(request: RequestMessage, reason: str) -> Note:
    """Tell people that a member did not take a message."""
    fields = (("noun", request.header.noun.value), ("why", reason))
    return Note("warning", "a member did not take a message", fields)
