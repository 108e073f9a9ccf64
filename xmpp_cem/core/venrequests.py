"""How a VEN answers its VTN's requests."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Ignore, Respond
from xmpp_cem.core.eventbook import EventBook
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.operation_sets import answer_operations
from xmpp_cem.core.readingbook import ReadingBook
from xmpp_cem.core.venstate import VenState
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb


class VenRequests:
    """Every request that a VEN takes, of its VTN alone; everything else is refused."""

    def __init__(self, state: VenState, book: EventBook, readings: ReadingBook) -> None:
        self._state = state
        self._book = book
        self._readings = readings

    def handle(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer a request after checking who asks."""
        if what.sender != self._state.settings.vtn:
            return [Ignore(Link.UPPER, what.token)]
        body, verb = what.message.body, what.message.header.verb
        letters = self._state.letters
        if verb is Verb.GET and what.message.header.noun is Noun.READINGS:
            kept, page = self._readings.answer(what.message, now)
            return [*kept, Respond(Link.UPPER, what.token, page)]
        if verb is Verb.GET and what.message.header.noun is Noun.CONFIG:
            own = EndDeviceConfig(party=letters.party, capability=self._state.capability)
            return [self._state.ok(what, now, own)]
        if what.message.operations:
            return answer_operations(what, lambda each: self.handle(each, now), letters, now)
        if not isinstance(body, EndDeviceControls):
            refusal = letters.refusal(what.message, now, "2.5", "a VEN takes EndDeviceControls")
            return [Respond(Link.UPPER, what.token, refusal)]
        taken, errors = self._book.take_request(body.events, what.message.header, now)
        return [*taken, self._state.taken(what, errors, now)]
