"""What a connection to an XMPP server tells us, as plain values."""

from dataclasses import dataclass, field
from enum import StrEnum

from xmpp_cem.model.ids import Jid


@dataclass(frozen=True)
class LinkUp:
    """A new session is bound: nothing from an earlier one can be relied upon."""

    address: Jid


@dataclass(frozen=True)
class LinkDown:
    """The session is gone; `reason` is for people."""

    reason: str


class Stage(StrEnum):
    """How far an attempt to connect has got."""

    NAME = "name look-up"
    TCP = "TCP"
    TLS = "TLS"
    LOGIN = "login"


@dataclass(frozen=True)
class LinkFailed:
    """An attempt to connect has failed at a stage; those before it have worked."""

    stage: Stage
    reason: str


@dataclass(frozen=True)
class Delivery:
    """One pubsub item that reached us (XEP-0060, 7.1.2).

    `sender`, the pubsub service, is stamped by our server; `publisher` by the service, or None.
    `payload` is canonical XML: UTF-8, default-namespace declarations only.
    """

    sender: Jid
    node: str
    item_id: str
    payload: bytes
    publisher: Jid | None = None


@dataclass(frozen=True)
class Retraction:
    """An item was removed from a node; never means that an event is cancelled."""

    sender: Jid
    node: str
    item_id: str


@dataclass(frozen=True)
class PresenceSeen:
    """A presence of another party, as its server stamped it (RFC 6121, 4).

    `extensions` are the child elements in foreign namespaces, canonical XML.
    """

    sender: Jid
    is_available: bool
    show: str = ""
    status: str = ""
    extensions: tuple[bytes, ...] = field(default=())


@dataclass(frozen=True)
class RequestReceived:
    """An iq get (`is_query`) or set from another party; `token` names it when we answer."""

    sender: Jid
    token: str
    is_query: bool
    payload: bytes


@dataclass(frozen=True)
class PresenceAsked:
    """An account that is not admitted asks to see our presence; its request waits."""

    sender: Jid


LinkEvent = (
    LinkUp
    | LinkDown
    | LinkFailed
    | Delivery
    | Retraction
    | PresenceSeen
    | RequestReceived
    | PresenceAsked
)


@dataclass(frozen=True)
class Item:
    """One item read from a node."""

    item_id: str
    payload: bytes
    publisher: Jid | None = None
