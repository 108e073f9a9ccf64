"""Remembers whose application requests we still have to answer."""

import itertools
import logging
from collections.abc import Callable
from xml.etree.ElementTree import Element

from xmpp_cem.errors import LocalProtocolError, RefusedError
from xmpp_cem.model.link import RequestReceived
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.canonical import local_name, to_bytes, to_element
from xmpp_cem.xmpp.faults import CLIENT, write_refusal

MAX_OPEN = 1000
ENVELOPES = frozenset(
    {"RequestMessage", "ResponseMessage", "EventMessage", "FaultMessage", "Message"}
)

_log = logging.getLogger("xmpp_cem.xmpp")


def is_request(stanza: Element) -> bool:
    """Whether an iq get or set carries one of the envelopes of IEC 61968-100, in any namespace."""
    return (
        stanza.tag == f"{{{CLIENT}}}iq"
        and stanza.get("type") in {"get", "set"}
        and len(stanza) == 1
        and local_name(stanza[0]) in ENVELOPES
    )


class Inbound:
    """The unanswered requests of one session, at most 1000.

    Args:
        send: writes a stanza.
        prefix: makes tokens differ between sessions.
    """

    def __init__(self, send: Callable[[Element], None], prefix: str) -> None:
        self._send = send
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._open: dict[str, tuple[str, str]] = {}

    def accept(self, stanza: Element) -> RequestReceived | None:
        """Return the request, or None when it was refused here and now."""
        sender, number = stanza.get("from", ""), stanza.get("id", "")
        if len(self._open) >= MAX_OPEN:
            self.deny(sender, number, RefusedError("resource-constraint", "wait", "too busy"))
            return None
        try:
            source = read_address(sender)
            payload = to_bytes(stanza[0])
        except ValueError as error:
            self.deny(sender, number, RefusedError("not-acceptable", "modify", str(error)))
            return None
        token = f"{self._prefix}-{next(self._numbers)}"
        self._open[token] = (sender, number)
        return RequestReceived(source, token, stanza.get("type") == "get", payload)

    def respond(self, token: str, payload: bytes) -> None:
        """Answer; a token that is not open is logged and ignored.

        Raises:
            LocalProtocolError: the payload is no XML of at most 60 KiB.
        """
        try:
            content = to_element(payload) if payload else None
        except ValueError as error:
            raise LocalProtocolError(str(error)) from error
        if (asked := self._take(token)) is not None:
            self.answer(*asked, content)

    def refuse(self, token: str, refusal: RefusedError) -> None:
        """Answer with an error; a token that is not open is logged and ignored.

        Raises:
            LocalProtocolError: the payload is no XML of at most 60 KiB.
        """
        try:
            write_refusal(refusal)
        except ValueError as error:
            raise LocalProtocolError(str(error)) from error
        if (asked := self._take(token)) is not None:
            self.deny(*asked, refusal)

    def answer(self, to: str, number: str, content: Element | None = None) -> None:
        """Send an iq result."""
        stanza = _reply("result", to, number)
        if content is not None:
            stanza.append(content)
        self._send(stanza)

    def deny(self, to: str, number: str, refusal: RefusedError) -> None:
        """Send an iq error."""
        stanza = _reply("error", to, number)
        stanza.append(write_refusal(refusal))
        self._send(stanza)

    def _take(self, token: str) -> tuple[str, str] | None:
        asked = self._open.pop(token, None)
        if asked is None:
            _log.info("answer to %s dropped: its session is gone or it was answered", token)
        return asked


def _reply(kind: str, to: str, number: str) -> Element:
    address = {"to": to} if to else {}
    return Element(f"{{{CLIENT}}}iq", {"type": kind, "id": number, **address})
