"""Everything that a role can be told: a closed set of values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from xmpp_cem.messages.envelope import EventMessage, FaultMessage, RequestMessage, ResponseMessage
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Order
from xmpp_cem.model.ids import DomainId, EventId, Jid
from xmpp_cem.model.node import NodeState
from xmpp_cem.model.programme import Enrolment
from xmpp_cem.model.schedule import OptSchedule


class Link(str):
    """Which of a party's connections: to a domain where it is a VEN, or where it is the VTN.

    A party with one domain on a side calls its connection `upper` or `lower`; one with several
    adds the domain, as in `upper/dso-west`.
    """

    __slots__ = ()
    UPPER: ClassVar["Link"]
    LOWER: ClassVar["Link"]

    @classmethod
    def above(cls, domain: DomainId) -> "Link":
        """Return the connection to one of several domains where we are a VEN."""
        return cls(f"upper/{domain}")

    @classmethod
    def below(cls, domain: DomainId) -> "Link":
        """Return the connection to one of several domains that we lead."""
        return cls(f"lower/{domain}")

    @property
    def value(self) -> str:
        """Its name, for people and stores."""
        return str(self)

    @property
    def is_lower(self) -> bool:
        """Whether we are the VTN there."""
        return self.partition("/")[0] == "lower"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read and write it as text."""
        return core_schema.no_info_after_validator_function(cls, handler(str))


Link.UPPER = Link("upper")
Link.LOWER = Link("lower")


@dataclass(frozen=True)
class Started:
    """The agent runs, its records are restored; no connection exists yet."""


@dataclass(frozen=True)
class LinkChanged:
    """A connection is there anew, or gone."""

    link: Link
    is_up: bool


@dataclass(frozen=True)
class ItemReceived:
    """A pubsub item, live or fetched; `sender` is the service, stamped by our server."""

    link: Link
    sender: Jid
    node: str
    item_id: str
    message: EventMessage
    publisher: Jid | None = None


@dataclass(frozen=True)
class CaughtUp:
    """We are subscribed to a node, and these are all its items."""

    link: Link
    node: str
    items: tuple[ItemReceived, ...]


@dataclass(frozen=True)
class RequestArrived:
    """A request of another party, whose address our server stamped."""

    link: Link
    sender: Jid
    token: str
    message: RequestMessage


@dataclass(frozen=True)
class ReplyArrived:
    """The answer to a transaction of ours."""

    link: Link
    request: RequestMessage
    reply: ResponseMessage | FaultMessage


@dataclass(frozen=True)
class TransactionFailed:
    """A transaction of ours was refused or has expired; `reason` is for people."""

    link: Link
    request: RequestMessage
    condition: str
    reason: str


@dataclass(frozen=True)
class QueryAnswered:
    """The answer to a query of ours."""

    link: Link
    request: RequestMessage
    reply: ResponseMessage | FaultMessage


@dataclass(frozen=True)
class QueryFailed:
    """A query of ours was not answered; `condition` as of a stanza error, `reason` for people."""

    link: Link
    request: RequestMessage
    condition: str
    reason: str


@dataclass(frozen=True)
class PresenceChanged:
    """Another party's presence as its server stamped it."""

    link: Link
    sender: Jid
    is_available: bool
    offer: Offer | None = None
    leadership: Leadership | None = None


@dataclass(frozen=True)
class Heard:
    """Another party has answered a ping of ours; who does not answer is not told."""

    link: Link
    sender: Jid


@dataclass(frozen=True)
class ServiceProbed:
    """The pubsub service answers; whether it has nodes that members can write and not read."""

    link: Link
    has_write_only: bool


@dataclass(frozen=True)
class NodesVerified:
    """The nodes of our domain exist; how they were found. `token` names a request for it."""

    link: Link
    states: tuple[NodeState, ...]
    token: str = ""


@dataclass(frozen=True)
class Knocked:
    """An account that is not admitted wants something of us; the runtime tells few of these."""

    link: Link
    account: str


@dataclass(frozen=True)
class AccountRevoked:
    """Our nodes are closed to an account: no affiliation, no subscription; the service says so."""

    link: Link
    account: str


@dataclass(frozen=True)
class TimerFired:
    """A timer that was set is due."""

    key: str


@dataclass(frozen=True)
class Decided:
    """What the party wants to answer to a version of an event; `power_w` signed, W.

    `until` ends what is promised before the event ends.
    """

    event: EventId
    order: Order
    opt: Opt
    power_w: int
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Measured:
    """The devices were read."""

    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class OwnerSaid:
    """The customer of a site has said something: all enrolments and schedules as they now are."""

    enrolments: tuple[Enrolment, ...] = ()
    schedules: tuple[OptSchedule, ...] = ()


Input = (
    Started
    | LinkChanged
    | ItemReceived
    | CaughtUp
    | RequestArrived
    | ReplyArrived
    | TransactionFailed
    | QueryAnswered
    | QueryFailed
    | PresenceChanged
    | Heard
    | ServiceProbed
    | NodesVerified
    | Knocked
    | AccountRevoked
    | TimerFired
    | Decided
    | Measured
    | OwnerSaid
)
