"""Everything that a role can ask for: a closed set of values, performed in order after commit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from xmpp_cem.core.inputs import Link
from xmpp_cem.core.records import Record
from xmpp_cem.messages.envelope import EventMessage, RequestMessage, ResponseMessage
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.control import SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import NodeSpec


@dataclass(frozen=True)
class Remember:
    """Keep a record; the commit comes before every other effect."""

    record: Record


@dataclass(frozen=True)
class Forget:
    """Drop a record."""

    record: Record


@dataclass(frozen=True)
class Publish:
    """Publish an item, repeated until the service takes it, in order per node."""

    link: Link
    node: str
    item_id: str
    message: EventMessage
    expires: datetime


@dataclass(frozen=True)
class Retract:
    """Remove an ended event's item."""

    link: Link
    node: str
    item_id: str


@dataclass(frozen=True)
class Transact:
    """Send a transaction, repeated with the same MessageID until answered or expired.

    An answer that comes later is a ResponseMessage, and is itself answered with nothing.
    """

    link: Link
    to: Jid
    message: RequestMessage | ResponseMessage
    expires: datetime


@dataclass(frozen=True)
class Query:
    """Ask another party, once and without keeping it; ends in `QueryAnswered` or `QueryFailed`."""

    link: Link
    to: Jid
    message: RequestMessage
    timeout: timedelta


@dataclass(frozen=True)
class Ping:
    """Ask an address whether it lives (XEP-0199); ends in `Heard` if it answers in time."""

    link: Link
    to: Jid
    timeout: timedelta


@dataclass(frozen=True)
class Respond:
    """Answer a request; the answer is kept and repeated when the request is."""

    link: Link
    token: str
    message: ResponseMessage


@dataclass(frozen=True)
class Ignore:
    """Answer an account that is none of ours as if nobody were here."""

    link: Link
    token: str


@dataclass(frozen=True)
class ShowPresence:
    """Show what our resources are available for, or that we lead; `note` is for people."""

    link: Link
    value: Offer | Leadership
    note: str = ""


@dataclass(frozen=True)
class WatchPresence:
    """Ask to see an account's presence."""

    link: Link
    account: Jid


@dataclass(frozen=True)
class Admit:
    """These accounts, and no others, may see our presence."""

    link: Link
    accounts: frozenset[str]


@dataclass(frozen=True)
class CatchUp:
    """Subscribe, then fetch all items; ends in `CaughtUp`."""

    link: Link
    service: Jid
    node: str


@dataclass(frozen=True)
class Fetch:
    """Fetch these items; each arrives as `ItemReceived`."""

    link: Link
    service: Jid
    node: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True)
class ProbeService:
    """Find out what the pubsub service can do, until it answers; ends in `ServiceProbed`."""

    link: Link
    service: Jid


@dataclass(frozen=True)
class VerifyNodes:
    """Create or verify our domain's nodes; ends in `NodesVerified`."""

    link: Link
    service: Jid
    nodes: tuple[NodeSpec, ...]
    repair: bool = False
    token: str = ""


@dataclass(frozen=True)
class RevokeAccount:
    """Close nodes to an account, subscriptions first; ends in `AccountRevoked`."""

    link: Link
    service: Jid
    nodes: tuple[str, ...]
    account: str


@dataclass(frozen=True)
class SetTimer:
    """Wake us at an instant, or never where there is none; setting a key again moves it."""

    key: str
    at: datetime | None


@dataclass(frozen=True)
class AskDecision:
    """Ask the party what to answer to an event that asks `power_w` of it; ends in `Decided`."""

    event: Event
    power_w: int


@dataclass(frozen=True)
class Actuate:
    """Apply the desired state to the devices, again and again."""

    set_points: tuple[SetPoint, ...]


@dataclass(frozen=True)
class ReadDevices:
    """Read the devices; ends in `Measured`."""


Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Note:
    """Tell people; `what` is a fixed phrase, `fields` its details."""

    level: Level
    what: str
    fields: tuple[tuple[str, str], ...] = ()


Linked = (
    Publish
    | Retract
    | Transact
    | Query
    | Ping
    | Respond
    | Ignore
    | ShowPresence
    | WatchPresence
    | Admit
    | CatchUp
    | Fetch
    | ProbeService
    | VerifyNodes
    | RevokeAccount
)
"""What goes out on one of our connections."""

Effect = Linked | Remember | Forget | SetTimer | AskDecision | Actuate | ReadDevices | Note
