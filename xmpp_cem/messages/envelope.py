"""The four messages of IEC 61968-100 and their header."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.ids import MessageId, PartyId, PathToken
from xmpp_cem.model.text import Explanation
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


class Header(Value):
    """The header of every message but a fault.

    Args:
        verb, noun: what is done to what.
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
    correlation_id: MessageId | None = None
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
    """One error of a reply: code of IEC 61968-9, and a sentence that a person understands."""

    code: str = Field(pattern=r"^[0-9]\.[0-9]{1,2}$")
    reason: Explanation = ""
    level: Level = Level.FATAL


class RequestMessage(Value):
    """Asks another party to do something or to tell something.

    Args:
        header: verb, noun and who asks.
        ids: names of what is meant.
        options: name and value of whatever else matters.
        query: of a get of MeterReadings, which of them.
        body: the payload.
    """

    header: Header
    ids: tuple[str, ...] = Field(default=(), max_length=100)
    options: tuple[tuple[str, str], ...] = Field(default=(), max_length=20)
    query: GetMeterReadings | None = None
    body: Body | None = None

    @model_validator(mode="after")
    def _asks_for_readings(self) -> Self:
        is_get = (self.header.verb, self.header.noun) == (Verb.GET, Noun.READINGS)
        if self.query is not None and not is_get:
            raise ValueError("GetMeterReadings belongs into a get of MeterReadings")
        return self


class ResponseMessage(Value):
    """Answers a request."""

    header: Header
    result: Result
    errors: tuple[ReplyError, ...] = Field(default=(), max_length=100)
    body: Body | None = None


class EventMessage(Value):
    """Tells that something has happened."""

    header: Header
    body: Body


class FaultMessage(Value):
    """Answers what could not be read."""

    result: Result = Result.FAILED
    errors: tuple[ReplyError, ...] = Field(min_length=1, max_length=100)


Message = RequestMessage | ResponseMessage | EventMessage | FaultMessage
