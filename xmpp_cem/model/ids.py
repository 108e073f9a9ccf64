"""Names of parties, domains, nodes and resources as distinct types."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, NewType, Self
from uuid import UUID, uuid5

from pydantic import AfterValidator, StringConstraints

DomainId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
"""A communication domain: lower-case letters, digits and `-`, 1 to 32 characters."""

PartyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""An organisation or box; travels as `Source` of IEC 61968-100's header."""

ResourceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""An energy resource's mRID; outlives box, account and certificate."""

ResourceKind = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
"""A sort of resources that an event can be meant for: `battery`, `ev` and so on."""

ProgrammeId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
"""A programme: lower-case letters, digits and `-`, 1 to 32 characters."""


def _uuid(text: str) -> str:
    return text if _CANONICAL.fullmatch(text) else str(UUID(text))


_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


EventId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
"""A demand-response event, also the id of its pubsub item: a UUID of ours, any such name of others.

It is compared as it is written: a VTN that numbers its events otherwise finds its own ids again.
"""

MessageId = Annotated[str, StringConstraints(max_length=36), AfterValidator(_uuid)]
"""MessageID of IEC 61968-100's header: a UUID."""

PathToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""What stands for one gateway in a message's path: random, so that it names nobody."""

NodeName = NewType("NodeName", str)
"""The name of a pubsub node."""

_BARE = re.compile(r"^(?:[^@/\s]+@)?[^@/\s]+$")


@dataclass(frozen=True, order=True)
class Jid:
    """An XMPP address, already normalised by the XMPP library (RFC 7622).

    Args:
        bare: `local@host`, or a host alone.
        connection: the part after `/` (RFC 6120 calls it resourcepart), or empty.
    """

    bare: str
    connection: str = ""

    def __post_init__(self) -> None:
        """Refuse what is not an address."""
        if not _BARE.match(self.bare) or len(self.bare) > 2047:  # noqa: PLR2004 RFC 7622, 3.2-3.3
            raise ValueError(f"{self.bare!r} is not an XMPP address (local@host)")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split `local@host/connection`; raises ValueError when it is no address."""
        bare, _, connection = text.partition("/")
        return cls(bare.lower(), connection)

    @property
    def host(self) -> str:
        """The server's or component's name."""
        return self.bare.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.bare}/{self.connection}" if self.connection else self.bare


@lru_cache(maxsize=4096)
def lower_event_id(upper: EventId, lower_domain: DomainId) -> EventId:
    """Return the event's id one level down: the same on every attempt, and always a UUID."""
    space = upper if _CANONICAL.fullmatch(upper) else derived_id("event", upper)
    return str(uuid5(UUID(space), lower_domain))


def derived_id(*parts: object) -> MessageId:
    """Return the UUIDv5 that the given parts always give, so that a repeat has the same id."""
    return _derived("\x1f".join(map(str, parts)))


@lru_cache(maxsize=4096)
def _derived(name: str) -> MessageId:
    """Return the UUIDv5 of a name: a state machine asks for the same ones at every input."""
    return str(uuid5(_NAMESPACE, name))


_NAMESPACE = UUID("6f1f3b0e-6c1e-5f43-9d06-7f0f5d8f6a10")
"""Namespace of all derived ids; part of the wire format, never to change."""
