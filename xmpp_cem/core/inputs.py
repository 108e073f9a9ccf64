"""Everything that a role can be told: a closed set of values."""

from dataclasses import dataclass
from enum import StrEnum

from xmpp_cem.messages.envelope import EventMessage, FaultMessage, RequestMessage, ResponseMessage
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Order
from xmpp_cem.model.ids import EventId, Jid
from xmpp_cem.model.node import NodeState


class Link(StrEnum):
    """Which of a party's connections: to the domain where it is a VEN, or where it is the VTN."""

    UPPER = "upper"
    LOWER = "lower"


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
    """What the party wants to answer to a version of an event; `power_w` signed, W."""

    event: EventId
    order: Order
    opt: Opt
    power_w: int
    reason: str = ""


@dataclass(frozen=True)
class Measured:
    """The devices were read."""

    samples: tuple[Sample, ...]


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
)
