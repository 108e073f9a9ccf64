"""Makes slixmpp's client safe for one single connection: encrypted, bounded, leaving no task."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Coroutine
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.stanza.rootstanza import RootStanza
from slixmpp.xmlstream import StanzaBase
from slixmpp.xmlstream.handler import Callback, CoroutineCallback
from slixmpp.xmlstream.handler.base import BaseHandler
from slixmpp.xmlstream.matcher import MatchXPath

from xmpp_cem.errors import ConnectError, RefusedError, StreamLostError, TransportError
from xmpp_cem.model.link import Stage
from xmpp_cem.xmpp import refusals
from xmpp_cem.xmpp import scram as scram  # noqa: PLC0414 imported to register its mechanism
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.bounds import Unread
from xmpp_cem.xmpp.canonical import MAX_DEPTH, local_name, to_bytes
from xmpp_cem.xmpp.credentials import Credentials
from xmpp_cem.xmpp.faults import CLIENT, STREAMS, leads_to_tls

FAREWELL_SECONDS = 2.0
CLOSE_SECONDS = 0.5

_log = logging.getLogger("xmpp_cem.xmpp")


class Client(ClientXMPP):
    """A slixmpp client that connects once; a new connection takes a new client.

    `ready` is done when the session is bound, `ended` with the reason when the connection is over;
    `heard_at` is the loop's time when the server last sent anything, `stage` what is not done yet.
    """

    def __init__(self, credentials: Credentials, context: ssl.SSLContext) -> None:
        self._tasks: set[asyncio.Future[Any]] = set()
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[TransportError] = loop.create_future()
        self._closed = asyncio.Event()
        self._wanted = credentials
        self._problem = ""
        self._unread = Unread()
        self.stage = Stage.TCP
        self.heard_at = loop.time()
        super().__init__(
            str(credentials.address), credentials.password or "", ssl_context=context, loop=loop
        )
        self._aborted: asyncio.BaseTransport | None = None
        self.enable_direct_tls = credentials.port is None
        self.register_plugin("xep_0198", {"allow_resume": False})
        mechanisms = self.plugin["feature_mechanisms"]
        mechanisms.use_mechs = set(credentials.mechanisms)
        self._own_the_roster()
        self._watch_the_login()

    @property
    def is_encrypted(self) -> bool:
        """Whether what we read and write goes through TLS."""
        return bool(self.transport and self.transport.get_extra_info("ssl_object"))

    def open(self) -> None:
        """Start to connect; `ready` or `ended` tells the outcome."""
        host, port = self._wanted.host, self._wanted.port
        if host or port:
            host, port = host or self._wanted.address.host, port or 5222
        self._tracked(self.connect(host, port))

    async def close(self) -> None:
        """Say good-bye where possible, and leave neither socket nor task nor timer."""
        if self.ready.done() and not self.ended.done():
            await self._say_goodbye()
        had_transport = self.transport is not None
        self.fail(StreamLostError("closed by us"))
        if had_transport:
            # During a TLS handshake asyncio does not tell us that the connection is lost.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), CLOSE_SECONDS)
        tasks = [task for task in (self._run_out_filters, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for name in list(self.scheduled_events):
            self.cancel_schedule(name)

    def fail(self, reason: TransportError) -> None:
        """End the connection at once; only the first reason counts."""
        if not self.ended.done():
            self.ended.set_result(reason)
        self.cancel_connection_attempt()
        self.abort()

    def register_handler(
        self,
        handler: BaseHandler,
        before: BaseHandler | None = None,
        after: BaseHandler | None = None,
    ) -> None:
        """Register a handler; tasks of coroutine handlers become ours to end."""
        if isinstance(handler, CoroutineCallback):
            start: Any = handler._pointer  # noqa: SLF001 slixmpp would lose the task
            handler._pointer = lambda stanza: self._spawn(start(stanza))  # noqa: SLF001
        super().register_handler(handler, before, after)

    def reschedule_connection_attempt(self) -> asyncio.Future[Any] | None:
        """Give up where slixmpp would try the same again for ever."""
        self.fail(ConnectError(self._problem or f"no server for {self._wanted.address.host}"))
        return None

    def disconnect(
        self, wait: float = 2.0, reason: str | None = None, ignore_send_queue: bool = False
    ) -> asyncio.Future[Any]:
        """End the connection whenever slixmpp itself wants it ended."""
        del wait, ignore_send_queue
        self.fail(ConnectError(reason or self._problem or "the stream could not be set up"))
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def abort(self) -> None:
        """End the connection at once, and only once.

        Python 3.11.2's TLS transport, which is Debian 12's, fails when it is aborted after a
        second close.
        """
        transport = self.transport
        if transport is None or transport is self._aborted:
            return
        self._aborted = transport
        self.cancel_connection_attempt()
        transport.abort()
        self.event("killed")

    def connection_lost(self, exception: BaseException | None) -> None:
        """Note the end; the transport is closed so that asyncio does not warn of it."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
        if isinstance(exception, ssl.SSLError) and not self.ready.done():
            self._on_bad_certificate(exception)
        super().connection_lost(exception)
        why = self.disconnect_reason or exception or "the server closed the connection"
        self.fail(StreamLostError(str(why) or repr(why)))
        self._closed.set()

    def init_parser(self) -> None:
        """Start a new XML stream (RFC 6120, 4.3.3)."""
        super().init_parser()
        self._unread.begin()

    def data_received(self, data: bytes | str) -> None:
        """Bound what a server can make us hold: size and depth."""
        self.heard_at = asyncio.get_running_loop().time()
        if self.is_encrypted:
            self.stage = Stage.LOGIN
        raw = data.encode() if isinstance(data, str) else bytes(data)
        flaw = self._unread.flaw(raw, is_open=self.xml_root is not None)
        if flaw is not None:
            self.fail(flaw)
            return
        super().data_received(raw)
        if self.xml_depth > MAX_DEPTH:
            self.fail(StreamLostError(f"a stanza is nested deeper than {MAX_DEPTH} elements"))

    def incoming_filter(self, xml: Element) -> Element:
        """Note that a stanza is complete."""
        self._unread.settle()
        return xml

    def recv_stanza(self, stanza: StanzaBase) -> None:
        """Believe nothing before encryption but the offer of it (RFC 6120, 5.3.1)."""
        if self.ended.done():
            return
        if not self.is_encrypted and not leads_to_tls(stanza.xml):
            self.fail(refusals.not_encrypted(self._wanted))
            return
        super().recv_stanza(stanza)

    def send_raw(self, data: str | bytes) -> None:
        """Write; in clear only what asks for encryption, and nothing to a lost connection."""
        if self.transport is None or self.transport.is_closing():
            return
        text = data.decode() if isinstance(data, bytes) else data
        harmless = (self.stream_header, self.stream_footer, "<starttls")
        if self.is_encrypted or text.startswith(harmless):
            super().send_raw(data)
        else:
            self.fail(refusals.not_encrypted(self._wanted))

    async def run_filters(self) -> None:
        """Send what waits; when that ends nothing leaves any more, so the connection ends too."""
        try:
            await super().run_filters()
        finally:
            self.fail(StreamLostError("the sending task has ended"))

    def exception(self, exception: Exception) -> None:
        """Report what a handler raised; it ends a login."""
        if self.ready.done():
            _log.error("a stanza handler failed", exc_info=exception)
        elif isinstance(exception, IqError):
            self.fail(RefusedError(exception.condition, exception.etype, "at login"))
        else:
            self.fail(ConnectError(f"login failed: {exception!r}"))

    def _own_the_roster(self) -> None:
        """Remove slixmpp's presence and roster handling, which grows with every stranger."""
        self.auto_authorize = None
        self.auto_subscribe = False
        for name in ("Presence", "IM", "IMError", "Roster Update", "Stream Error"):
            self.remove_handler(name)
        self.register_handler(
            Callback("Stream error", MatchXPath(f"{{{STREAMS}}}error"), self._on_stream_error)
        )
        self.add_filter("out_sce", self._write_canonically)

    def _watch_the_login(self) -> None:
        self.add_event_handler("connected", self._on_connected)
        self.add_event_handler("connection_failed", self._on_connection_failed)
        self.add_event_handler("ssl_invalid_chain", self._on_bad_certificate)
        self.add_event_handler("failed_auth", self._on_refused)
        self.add_event_handler("failed_all_auth", self._on_no_mechanism)
        self.add_event_handler("stream_negotiated", self._on_negotiated)

    def _write_canonically(self, stanza: StanzaBase) -> StanzaBase | None:
        """Write stanzas ourselves: slixmpp's writer loses line ends, so signatures would break."""
        if not isinstance(stanza, RootStanza):
            return stanza
        self.send_raw(to_bytes(stanza.xml, CLIENT))
        return None

    def _on_stream_error(self, stanza: StanzaBase) -> None:
        condition = next((local_name(child) for child in stanza.xml), "undefined-condition")
        if condition == "conflict":
            self.fail(RefusedError(condition, "cancel", "another connection took our address"))
        else:
            self.fail(StreamLostError(f"the server ended the stream: {condition}"))

    def _on_connection_failed(self, error: object) -> None:
        self._problem = f"cannot connect: {error}"
        self.stage = Stage.NAME if isinstance(error, socket.gaierror) else Stage.TCP
        if isinstance(error, ssl.SSLError):
            self._on_bad_certificate(error)

    def _on_connected(self, _: object) -> None:
        self.stage = Stage.TLS

    def _on_bad_certificate(self, error: object) -> None:
        self.stage = Stage.TLS
        self.fail(refusals.untrusted(self._wanted, error))

    def _on_refused(self, stanza: StanzaBase) -> None:
        condition = next((local_name(child) for child in stanza.xml), "not-authorized")
        self.fail(refusals.refused(self._wanted, condition))

    def _on_no_mechanism(self, _: object) -> None:
        self.fail(refusals.no_mechanism(self._wanted))

    def _on_negotiated(self, _: object) -> None:
        bound = read_address(str(self.boundjid))
        if not self.sessionstarted:
            self.fail(ConnectError("the server offers no session"))
        elif bound.bare != read_address(self._wanted.address.bare).bare:
            self.fail(refusals.wrong_account(self._wanted, bound))
        elif not self.ready.done():
            self.ready.set_result(None)

    async def _say_goodbye(self) -> None:
        farewell = self.Presence()
        farewell["type"] = "unavailable"
        self.send(farewell)
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                # Past the queue the stanza would miss the count of stream management.
                await self.waiting_queue.join()
                self.send_raw(self.stream_footer)
                await asyncio.wait({self.ended})
        except TimeoutError:
            _log.debug("the server does not close the stream")

    def _spawn(self, start: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
        return self._tracked(asyncio.create_task(start, name="handles a stanza"))

    def _tracked(self, task: asyncio.Future[Any]) -> asyncio.Future[Any]:
        self._tasks.add(task)
        task.add_done_callback(self._untrack)
        return task

    def _untrack(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.exception(error)
