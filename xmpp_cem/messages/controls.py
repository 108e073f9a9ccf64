"""Controls: demand-response events, and the index of those that live."""

from typing import Literal

from pydantic import Field

from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.ids import DomainId, EventId, PathToken
from xmpp_cem.model.text import Explanation
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class Unread(Value):
    """An event of which no more than this could be read: it is not taken, and not absent either.

    Args:
        event: its id, None where not even that could be read.
        order: its version, None likewise.
        code: of IEC 61968-9, why not.
        reason: for people.
        wants_answer: whether it says that it wants to be answered.
    """

    event: EventId | None = None
    order: Order | None = None
    code: str = Field(pattern=r"^[0-9]\.[0-9]{1,2}$")
    reason: Explanation
    wants_answer: bool = True


class EndDeviceControls(Value):
    """Noun EndDeviceControls of IEC 61968-9, with our sibling `event` element beside each.

    Args:
        events: those that were told.
        unread: those that were told and could not be read, where each stands for itself; nobody
            writes them.
    """

    noun: Literal["EndDeviceControls"] = "EndDeviceControls"
    events: tuple[Event, ...] = Field(max_length=100)
    unread: tuple[Unread, ...] = Field(default=(), max_length=100)


class IndexEntry(Value):
    """A live event: its version and the SHA-256 of its content, in hexadecimal."""

    event: EventId
    order: Order
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


MOST_ABOVE = 64
"""So many gateways at most can stand on all ways from the top to one domain."""


class EventIndex(Value):
    """All live events of a node: what is absent from a newer index is cancelled.

    Args:
        domain: whose.
        epoch: of the VTN; rises with its leadership.
        version: counts the index's changes within the epoch.
        at: the VTN's time; the heartbeat.
        heartbeat_s: within how many seconds the next one comes.
        entries: at most 100.
        above: random tokens of the gateways on the way here from the top, our own included: who
            finds its own there leads a domain that it is itself below.
    """

    noun: Literal["EventIndex"] = "EventIndex"
    domain: DomainId
    epoch: int = Field(ge=0, le=2**53)
    version: int = Field(ge=0, le=2**53)
    at: Instant
    heartbeat_s: int = Field(ge=1, le=300)
    entries: tuple[IndexEntry, ...] = Field(default=(), max_length=100)
    above: tuple[PathToken, ...] = Field(default=(), max_length=MOST_ABOVE)
