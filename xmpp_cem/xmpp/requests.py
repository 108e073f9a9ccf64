"""Keeps account of the iq requests that wait for an answer (RFC 6120, 8.2.3)."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from xmpp_cem.errors import RequestTimeoutError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.faults import CLIENT, read_refusal

MAX_IN_FLIGHT = 100


@dataclass(frozen=True)
class _Waiting:
    to: Jid
    answer: asyncio.Future[Element]


class Requests:
    """The requests of one session; at most 100 wait for an answer, further ones wait their turn.

    Args:
        send: writes a stanza.
        own: our bound address; answers without sender come from our own account.
    """

    def __init__(self, send: Callable[[Element], None], own: Jid) -> None:
        self._send = send
        self._own = own
        self._numbers = itertools.count(1)
        self._waiting: dict[str, _Waiting] = {}
        self._turn = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._lost: StreamLostError | None = None

    async def ask(self, to: Jid, kind: str, content: Element, seconds: float) -> Element:
        """Send an iq and return the answering stanza.

        Args:
            to: whom.
            kind: `get` or `set`.
            content: the child element.
            seconds: until it is given up, waiting for its turn included.

        Raises:
            RefusedError: a stanza error came back.
            RequestTimeoutError: nothing came in time; the outcome is unknown.
            StreamLostError: the session is gone; the outcome is unknown.
        """
        try:
            async with asyncio.timeout(seconds), self._turn:
                return await self._exchange(to, kind, content)
        except TimeoutError as error:
            raise RequestTimeoutError(f"{to} did not answer within {seconds:g} s") from error

    async def ask_now(self, to: Jid, kind: str, content: Element, seconds: float) -> Element:
        """Do as `ask`, ahead of all that wait their turn: for the session's own keepalive."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(to, kind, content)
        except TimeoutError as error:
            raise RequestTimeoutError(f"{to} did not answer within {seconds:g} s") from error

    def expects(self, stanza: Element) -> bool:
        """Whether an iq result or error answers one of our requests, from whom we asked."""
        waiting = self._waiting.get(stanza.get("id", ""))
        if waiting is None or stanza.get("type") not in {"result", "error"}:
            return False
        return self._may_answer(stanza.get("from", ""), waiting.to)

    def resolve(self, stanza: Element) -> None:
        """Hand an expected answer to whoever waits."""
        waiting = self._waiting.pop(stanza.get("id", ""), None)
        if waiting is None or waiting.answer.done():
            return
        if stanza.get("type") == "error":
            waiting.answer.set_exception(read_refusal(stanza))
        else:
            waiting.answer.set_result(stanza)

    def fail_all(self, reason: str) -> None:
        """Fail everything that waits and everything to come."""
        self._lost = StreamLostError(reason)
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(StreamLostError(reason))
        self._waiting.clear()

    async def _exchange(self, to: Jid, kind: str, content: Element) -> Element:
        if self._lost is not None:
            raise StreamLostError(str(self._lost))
        number = f"cem-{next(self._numbers)}"
        stanza = Element(f"{{{CLIENT}}}iq", {"type": kind, "id": number, "to": str(to)})
        stanza.append(content)
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(to, answer)
        try:
            self._send(stanza)
            return await answer
        finally:
            self._waiting.pop(number, None)

    def _may_answer(self, sender: str, to: Jid) -> bool:
        try:
            source = read_address(sender) if sender else Jid(self._own.bare)
            return source == read_address(str(to))
        except ValueError:
            return False
