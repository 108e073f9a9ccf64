"""What a store keeps, as plain values: records, outbox, inbox, journal."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

MOST_OUTGOING = 20_000
"""So many messages may wait to be sent."""


@dataclass(frozen=True)
class Row:
    """A record: one value per kind and key."""

    kind: str
    key: str
    value: bytes


@dataclass(frozen=True)
class Outgoing:
    """Something that must reach its destination before it expires.

    Args:
        id: MessageID, and for a publish also what replaces an older entry of the same item.
        link: which connection.
        kind: `publish`, `retract` or `transact`; `status` and `readings` are published too, but
            yield when too much waits.
        destination: full address for `transact`, else node; order holds per destination.
        item_id: of the item; of a transaction its noun.
        payload: canonical XML.
        expires: after this it is given up, and that is told.
    """

    id: str
    link: str
    kind: Literal["publish", "status", "readings", "retract", "transact"]
    destination: str
    item_id: str
    payload: bytes
    expires: datetime


@dataclass(frozen=True)
class Received:
    """A request that was taken, and the answer that every repeat of it gets.

    Args:
        sender: bare address.
        message_id: of the request.
        reply: canonical XML.
        at: until when the request is valid, or when it came; the answer's age counts from then.
    """

    sender: str
    message_id: str
    reply: bytes
    at: datetime


@dataclass(frozen=True)
class Journalled:
    """One input and when it was handled: equal journals give equal effects."""

    at: datetime
    kind: str
    value: bytes


@dataclass
class Batch:
    """What one commit changes: everything or nothing."""

    put: list[Row] = field(default_factory=list)
    drop: list[tuple[str, str]] = field(default_factory=list)
    send: list[Outgoing] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    journal: list[Journalled] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        lists = (self.put, self.drop, self.send, self.sent, self.received, self.journal)
        return not any(lists)


@dataclass(frozen=True)
class Retention:
    """How much is kept of what has passed.

    Args:
        journal_rows: newest inputs, at most.
        journal_bytes: of their values together, at most.
        replies: newest given answers, at most.
        replies_for: how long an answer is given again to whoever repeats the request, after the
            end of its validity.
        outbox: messages that wait to be sent, at most.
    """

    journal_rows: int = 20_000
    journal_bytes: int = 64 * 2**20
    replies: int = 100_000
    replies_for: timedelta = timedelta(hours=48)
    outbox: int = MOST_OUTGOING


@dataclass(frozen=True)
class Kept:
    """What a store holds when an agent starts; `outbox` in the order of sending."""

    records: tuple[Row, ...] = ()
    outbox: tuple[Outgoing, ...] = ()
