"""Headers of what a party sends: ids that every repeat gives again, never random."""

from datetime import datetime

from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.envelope import (
    Header,
    Level,
    Noun,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.model.ids import PartyId, derived_id


class Letters:
    """Makes a party's headers; MessageID is the UUIDv5 of party, domain, epoch and the parts given.

    The domain keeps apart what one party says in several.
    """

    def __init__(self, party: PartyId, domain: str = "") -> None:
        self.party = party
        self._domain = domain
        self.epoch = 0

    def header(self, verb: Verb, noun: Noun, now: datetime, *parts: object) -> Header:
        """Return the header of a message that the parts tell from all others of this epoch."""
        message_id = derived_id(self.party, self._domain, self.epoch, verb, noun, *parts)
        return Header(verb=verb, noun=noun, message_id=message_id, timestamp=now, source=self.party)

    def reply(
        self,
        request: RequestMessage,
        now: datetime,
        body: Body | None = None,
        *,
        result: Result = Result.OK,
        errors: tuple[ReplyError, ...] = (),
    ) -> ResponseMessage:
        """Return the answer to a request, with its noun and CorrelationID."""
        asked = request.header
        header = Header(
            verb=Verb.REPLY,
            noun=asked.noun,
            message_id=derived_id(self.party, "reply", asked.message_id),
            timestamp=now,
            source=self.party,
            correlation_id=asked.message_id,
            trace=asked.trace,
        )
        return ResponseMessage(header=header, result=result, errors=errors, body=body)

    def refusal(
        self, request: RequestMessage, now: datetime, code: str, reason: str
    ) -> ResponseMessage:
        """Return the answer FAILED with a code of IEC 61968-9 and a sentence."""
        error = ReplyError(code=code, reason=reason[:1024], level=Level.FATAL)
        return self.reply(request, now, result=Result.FAILED, errors=(error,))
