"""Bounds what a server can make us hold: no document type, limited size."""

from xmpp_cem.errors import ConnectError, StreamLostError, TransportError

MAX_STANZA = 16 * 1024 * 1024


class Unread:
    """The bytes of a stream that are no complete stanza yet."""

    def __init__(self) -> None:
        self._prolog = b""
        self._size = 0

    def begin(self) -> None:
        """Start a new XML stream (RFC 6120, 4.3.3)."""
        self._prolog = b""

    def settle(self) -> None:
        """Note that a stanza is complete."""
        self._size = 0

    def flaw(self, raw: bytes, *, is_open: bool) -> TransportError | None:
        """Take bytes; return why the connection must end, or None.

        Args:
            raw: as received.
            is_open: whether the stream's root element has begun.
        """
        if not is_open:
            self._prolog += raw
            if b"<!" in self._prolog:
                return ConnectError("the server sent a document type; this is no XMPP")
        self._size += len(raw)
        if self._size > MAX_STANZA:
            return StreamLostError(f"a stanza exceeds {MAX_STANZA} bytes")
        return None
