"""What all parties read and write, the same thing only once, and nothing for nobody."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from xmpp_cem.core.inputs import Input, Link
from xmpp_cem.core.records import Record
from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import Message
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.keeping import Journalled, Row
from xmpp_cem.runtime.journal import write_record
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.wire.codec import Flow


def write_nothing(what: Input, now: datetime) -> Journalled:
    """Return the journal row of an input without what it says: nobody reads it here."""
    return Journalled(at=now, kind=type(what).__name__, value=b"")


class LateRow(Row):
    """The row of a record that is written when somebody reads it: a record never changes."""

    record: Record

    def __init__(self, record: Record) -> None:
        vars(self).update(kind=record.kind, key=record.place, record=record)

    @cached_property
    def value(self) -> bytes:
        """What the record says, as it is kept."""
        return write_record(self.record).value


@dataclass(frozen=True)
class SharedSpeech(Speech):
    """Remembers the message of bytes and the bytes of a message: both are pure functions.

    Args:
        is_checked: whether bytes that were written here are read all the same, and compared.
    """

    is_checked: bool = False
    _sent: dict[bytes, Message] = field(default_factory=dict)
    _read: dict[tuple[bytes, Flow], Message | RemoteProtocolError] = field(default_factory=dict)
    _written: dict[int, tuple[Message, bytes]] = field(default_factory=dict)
    _shown: dict[bytes, Offer | Leadership] = field(default_factory=dict)

    def write(self, link: Link, account: str, message: Message) -> bytes:
        """Return a message's bytes."""
        known = self._written.get(id(message))
        if known is not None:
            return known[1]
        data = super().write(link, account, message)
        self._written[id(message)] = message, data
        self._sent[data] = message
        return data

    def read(self, link: Link, account: str, data: bytes, flow: Flow) -> Message:
        """Return the message in bytes; raises RemoteProtocolError as `decode`."""
        sent = self._sent.get(data)
        if sent is not None and not self.is_checked:
            return sent
        known = self._read.get((data, flow))
        if known is None:
            try:
                known = super().read(link, account, data, flow)
            except RemoteProtocolError as error:
                known = error
            self._read[data, flow] = known
        if isinstance(known, RemoteProtocolError):
            raise known
        if sent is not None and sent != known:
            raise ValueError(f"read {known!r}, but it was {sent!r}")
        return known

    def write_presence(self, value: Offer | Leadership) -> bytes:
        """Return a presence's extension in bytes."""
        data = super().write_presence(value)
        self._shown[data] = value
        return data

    def read_presence(self, extension: bytes) -> Offer | Leadership | None:
        """Return what a presence's extension says; raises RemoteProtocolError as it does there."""
        shown = None if self.is_checked else self._shown.get(extension)
        return shown or super().read_presence(extension)
