"""How a VEN answers its VTN's requests."""

from collections.abc import Callable
from datetime import datetime

from xmpp_cem.core.effects import Effect, Ignore, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.operation_sets import answer_operations
from xmpp_cem.core.questions import KNOWN, MOST_NAMED
from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.readingbook import ReadingBook
from xmpp_cem.core.ven.stages import standing
from xmpp_cem.core.ven.unreadable import Unreadable
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Level, Noun, ReplyError, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.naming import ENDED

Register = Callable[[Verb, datetime], list[Effect]]
"""Tells our VTN what we can do."""


class VenRequests:
    """Every request that a VEN takes, of its VTN alone; everything else is refused."""

    def __init__(
        self, state: VenState, book: EventBook, readings: ReadingBook, register: Register
    ) -> None:
        self._state = state
        self._book = book
        self._readings = readings
        self._register = register
        self._unreadable = Unreadable(state, book)

    def handle(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer a request after checking who asks."""
        if what.sender != self._state.settings.vtn:
            return [Ignore(Link.UPPER, what.token)]
        body, header = what.message.body, what.message.header
        letters = self._state.letters
        if header.verb is Verb.GET:
            return self._answered(what, now)
        if (header.verb, header.noun) == (Verb.CANCEL, Noun.READINGS):
            return [self._pending(what, now)]
        if what.message.operations:
            return answer_operations(what, lambda each: self.handle(each, now), letters, now)
        if not isinstance(body, EndDeviceControls):
            return [self._refused(what, "2.5", "a VEN takes EndDeviceControls", now)]
        taken, errors = self._book.take_request(body.events, header, now)
        refused, unread = self._unreadable.refuse(body.unread, now)
        return [*taken, *refused, self._state.taken(what, (*errors, *unread), now)]

    def _answered(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer a query (figure 15)."""
        match what.message.header.noun:
            case Noun.READINGS:
                kept, page = self._readings.answer(what.message, now)
                return [*kept, Respond(Link.UPPER, what.token, page)]
            case Noun.CONFIG:
                return self._capability(what, now)
            case Noun.EVENTS:
                return [self._status(what, now)]
            case _:
                told = "a VEN tells MeterReadings, EndDeviceConfig and EndDeviceEvents"
                return [self._refused(what, "2.5", told, now)]

    def _refused(self, what: RequestArrived, code: str, why: str, now: datetime) -> Respond:
        refusal = self._state.letters.refusal(what.message, now, code, why)
        return Respond(Link.UPPER, what.token, refusal)

    def _pending(self, what: RequestArrived, now: datetime) -> Respond:
        """Say that no report can be ended: none is repeated by request, each is told once."""
        ids = tuple(each.model_copy(update={"type": ENDED}) for each in what.message.ids)
        reason = "no report is pending: readings come as the registration says"
        refusal = self._state.letters.refusal(what.message, now, "2.15", reason)
        return Respond(Link.UPPER, what.token, refusal.model_copy(update={"ids": ids}))

    def _capability(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Tell what we can do, and register anew where that is not what our VTN knows.

        The answer alone would not do: shares are of what a registration has confirmed.
        """
        party, able = self._state.settings.party, self._state.capability
        if what.message.names not in {(), (party,)}:
            return [self._refused(what, "2.15", f"this is {party}", now)]
        told = self._state.ok(what, now, EndDeviceConfig(party=party, capability=able))
        known = dict(what.message.options).get(KNOWN)
        is_known = able is None or known == str(able.revision)
        return [told, *([] if is_known else self._register(Verb.CREATE, now))]

    def _status(self, what: RequestArrived, now: datetime) -> Respond:
        """Tell the newest answer to each event that is asked for, and how it stands, in pages.

        Without any ID those that may still act are meant, without those before Option `after`.
        """
        known, party = self._book.commitments, self._state.settings.party
        after = dict(what.message.options).get(AFTER, "")
        named = set(what.message.names or (c.event.id for c in self._book.live()))
        wanted = sorted(event for event in named if event > after)
        found = [known[event] for event in wanted[:MOST_NAMED] if event in known]
        statuses = (status for each in found for status in standing(each, party, now))
        body = EndDeviceEvents(
            answers=tuple(each.said for each in found if each.said),
            statuses=tuple(self._state.sayable(statuses)),
        )
        errors = tuple(
            ReplyError(code="2.15", reason=f"there is no event {event}"[:1024], level=Level.WARNING)
            for event in wanted[:MOST_NAMED]
            if event not in known
        )
        if len(wanted) > MOST_NAMED:
            reason = f"more after {wanted[MOST_NAMED - 1]}"
            errors = (ReplyError(code=MORE, reason=reason, level=Level.INFORM), *errors)
        result = Result.PARTIAL if errors else Result.OK
        if errors and not found:
            result = Result.FAILED
        letters = self._state.letters
        reply = letters.reply(what.message, now, body, result=result, errors=errors)
        return Respond(Link.UPPER, what.token, reply)
