"""The four messages of IEC 61968-100 and their header."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.naming import FaultyObject, NamedId
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.ids import MessageId, PartyId, PathToken
from xmpp_cem.model.text import Explanation, Sentence
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value

REVISION = "cem-1.0"
"""The profile's version, in every header's `Revision`."""

MAX_HOPS = 8
"""How many gateways a message's content may pass."""


class Verb(StrEnum):
    """Verbs of IEC 61968-100: imperative in requests, past tense in events, `reply` in replies."""

    CREATE = "create"
    CHANGE = "change"
    CANCEL = "cancel"
    CLOSE = "close"
    DELETE = "delete"
    EXECUTE = "execute"
    GET = "get"
    CREATED = "created"
    CHANGED = "changed"
    CANCELED = "canceled"
    CLOSED = "closed"
    DELETED = "deleted"
    EXECUTED = "executed"
    REPLY = "reply"


class Noun(StrEnum):
    """What a message is about: nouns of IEC 61968-9, and ours for figures 5 and 19."""

    CONTROLS = "EndDeviceControls"
    EVENTS = "EndDeviceEvents"
    READINGS = "MeterReadings"
    CONFIG = "EndDeviceConfig"
    INDEX = "EventIndex"
    CARD = "DomainCard"
    DISPATCH = "DispatchRecord"
    MEMBERS = "DomainMembers"
    NODES = "DomainNodes"
    EVIDENCE = "SettlementEvidence"
    OPERATION_SET = "OperationSet"


class ReplayDetection(Value):
    """A number used once, and when; the reply window and its memory are the receiver's."""

    nonce: Sentence = Field(min_length=1)
    created: Instant


class User(Value):
    """The person on whose behalf a message was made; tells nothing about authority."""

    id: Sentence = Field(min_length=1)
    organization: Sentence | None = Field(default=None, min_length=1)


class Header(Value):
    """The header of every message but a fault (IEC 61968-100).

    Args:
        verb, noun: what is done to what.
        replay: against repetition.
        context: such as `TESTING`; what it means is agreed between the parties.
        wants_async: of a request, that 0.3 may come now and the answer later.
        reply_address: where else to answer to; we answer the sender only.
        wants_ack: whether delivery shall be acknowledged; every iq is.
        user, comment: for people.
        message_id: a UUID, the same on every repeat.
        timestamp: when the message was made, UTC.
        source: the sending party.
        revision: the profile's version.
        correlation_id: of a reply, the request's MessageID.
        trace: of an event and what follows from it, one per domain.
        path: random tokens of the gateways passed; shows loops, not names.
        hop: number of gateways passed.
        expires: after this the message must not act.
        epoch, sequence: the sender's count of what it reports.
    """

    verb: Verb
    noun: Noun
    message_id: MessageId
    timestamp: Instant
    source: PartyId
    revision: str = Field(default=REVISION, max_length=32)
    replay: ReplayDetection | None = None
    context: Sentence | None = Field(default=None, min_length=1)
    wants_async: bool | None = None
    reply_address: Sentence | None = Field(default=None, min_length=1)
    wants_ack: bool | None = None
    user: User | None = None
    correlation_id: MessageId | None = None
    comment: Explanation | None = Field(default=None, min_length=1)
    trace: str | None = Field(default=None, max_length=64)
    path: tuple[PathToken, ...] = Field(default=(), max_length=MAX_HOPS)
    hop: int = Field(default=0, ge=0, le=MAX_HOPS)
    expires: Instant | None = None
    epoch: int | None = Field(default=None, ge=0, le=2**53)
    sequence: int | None = Field(default=None, ge=0, le=2**53)


class Result(StrEnum):
    """How a request ended."""

    OK = "OK"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


class Level(StrEnum):
    """How grave an error is."""

    INFORM = "INFORM"
    WARNING = "WARNING"
    FATAL = "FATAL"
    CATASTROPHIC = "CATASTROPHIC"


class ReplyError(Value):
    """One error of a reply: code of IEC 61968-9, and a sentence that a person understands.

    Args:
        code: such as 2.9.
        reason, details: for people.
        level: how grave.
        xpath: where in the request, the name of an element.
        id, related_id, object: what it is about.
        operation: of which operation of an OperationSet.
    """

    code: str = Field(pattern=r"^[0-9]\.[0-9]{1,2}$")
    reason: Explanation = ""
    level: Level = Level.FATAL
    details: Explanation | None = Field(default=None, min_length=1)
    xpath: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")
    id: NamedId | None = None
    related_id: NamedId | None = None
    object: FaultyObject | None = None
    operation: int | None = Field(default=None, ge=0, le=2**53)


class Operation(Value):
    """One operation of a set: what a request of its own would say.

    Args:
        id: differs within the set.
        verb, noun: what is done to what; a transaction's verb.
        is_element: whether it is a part of the operation before it.
        body: the payload.
    """

    id: int = Field(ge=0, le=2**53)
    verb: Verb
    noun: Noun
    is_element: bool = False
    body: Body | None = None


class OperationSet(Value):
    """Several operations in one request, answered one by one.

    Args:
        keeps_sequence: whether nothing is attempted after one that failed.
        operations: in their order.
    """

    keeps_sequence: bool = False
    operations: tuple[Operation, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({operation.id for operation in self.operations}) < len(self.operations):
            raise ValueError("two operations have the same operationId")
        return self


class RequestMessage(Value):
    """Asks another party to do something or to tell something.

    Args:
        header: verb, noun and who asks.
        start, end: the time that is asked for, `[start, end)`.
        ids: what is meant.
        options: name and value of whatever else matters.
        query: of a get of MeterReadings, which of them.
        operations: of an OperationSet.
        body: the payload.
    """

    header: Header
    start: Instant | None = None
    end: Instant | None = None
    ids: tuple[NamedId, ...] = Field(default=(), max_length=100)
    options: tuple[tuple[str, str], ...] = Field(default=(), max_length=20)
    query: GetMeterReadings | None = None
    operations: OperationSet | None = None
    body: Body | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The bare texts of `ids`."""
        return tuple(each.text for each in self.ids)

    @model_validator(mode="after")
    def _carries_its_operations(self) -> Self:
        if (self.operations is None) is (self.header.noun is Noun.OPERATION_SET):
            raise ValueError("an OperationSet, and nothing else, carries operations")
        if self.operations is not None and self.body is not None:
            raise ValueError("beside operations there is no other payload")
        return self

    @model_validator(mode="after")
    def _asks_for_readings(self) -> Self:
        is_get = (self.header.verb, self.header.noun) == (Verb.GET, Noun.READINGS)
        if self.query is not None and not is_get:
            raise ValueError("GetMeterReadings belongs into a get of MeterReadings")
        return self


class ResponseMessage(Value):
    """Answers a request.

    Args:
        header: with the request's MessageID as CorrelationID.
        result, errors: how it ended; an error 0.0 says that there is none.
        ids: what the result is about.
        operation: of which operation of an OperationSet, for an answer to a single one.
        body: the payload.
    """

    header: Header
    result: Result
    errors: tuple[ReplyError, ...] = Field(default=(), max_length=100)
    ids: tuple[NamedId, ...] = Field(default=(), max_length=100)
    operation: int | None = Field(default=None, ge=0, le=2**53)
    body: Body | None = None


class EventMessage(Value):
    """Tells that something has happened."""

    header: Header
    body: Body


class FaultMessage(Value):
    """Answers what could not be read."""

    result: Result = Result.FAILED
    errors: tuple[ReplyError, ...] = Field(min_length=1, max_length=100)
    ids: tuple[NamedId, ...] = Field(default=(), max_length=100)
    operation: int | None = Field(default=None, ge=0, le=2**53)


Message = RequestMessage | ResponseMessage | EventMessage | FaultMessage
