"""Keeps one account connected and offers everything the runtime does over it."""

import asyncio
import itertools
import logging
import random
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from xml.etree.ElementTree import Element

from xmpp_cem.errors import (
    AuthenticationError,
    ConfigError,
    LocalProtocolError,
    RefusedError,
    StreamLostError,
    TransportError,
)
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Item, LinkDown, LinkEvent, LinkFailed, LinkUp
from xmpp_cem.model.node import Access, Affiliation, NodeSpec, NodeState
from xmpp_cem.xmpp.canonical import to_bytes, to_element
from xmpp_cem.xmpp.credentials import Credentials
from xmpp_cem.xmpp.discovery import Discovery
from xmpp_cem.xmpp.identity import Identity
from xmpp_cem.xmpp.membership import Membership
from xmpp_cem.xmpp.nodes import Nodes
from xmpp_cem.xmpp.pacing import Backoff, TokenBucket
from xmpp_cem.xmpp.presence import directed, write_presence
from xmpp_cem.xmpp.pubsub import Pubsub
from xmpp_cem.xmpp.refusals import explained
from xmpp_cem.xmpp.session import Border, Session

__all__ = ["Credentials", "Stream"]

CONFLICT_PAUSE = 60.0

_log = logging.getLogger("xmpp_cem.xmpp")


class Stream:
    """One account's link to its server, kept up until `run` is cancelled.

    Args:
        credentials: who logs in where.
        deliver: takes every LinkEvent in order of arrival; must not block nor raise.
        admits: whether a bare address may subscribe to our presence.
        services: addresses of the pubsub services whose notifications we believe; it is looked at
            each time, so the owner may change it.
        backoff: upper bounds of the first and of the longest pause between attempts, seconds.
        keepalive: after so many silent seconds the server must prove within 8 s that it is there.

    Every coroutine raises StreamLostError at once when the link is down or goes down (the outcome
    is unknown), RefusedError for a stanza error and RequestTimeoutError for none at all.

    Raises:
        ConfigError: credentials that cannot work, such as a missing file.
    """

    def __init__(
        self,
        credentials: Credentials,
        deliver: Callable[[LinkEvent], None],
        *,
        admits: Callable[[Jid], bool],
        services: Collection[str],
        backoff: tuple[float, float] = (1.0, 300.0),
        keepalive: float = 15.0,
    ) -> None:
        self._credentials = credentials
        self._context = credentials.tls_context()
        self._border = Border(deliver, admits, services)
        self._backoff = Backoff(*backoff, random.SystemRandom())
        self._keepalive = keepalive
        self._watching = TokenBucket(
            credentials.watch_burst, credentials.watch_interval, time.monotonic
        )
        self._watch_turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._session: Session | None = None
        self._identity = Identity(credentials.address.connection)
        self._presence = self._present("", "", ())
        self._pubsub = Pubsub(self._ask, credentials.address)
        self._membership = Membership(self._ask)
        self._nodes = Nodes(self._ask, credentials.address)
        self._discovery = Discovery(self._ask)
        self._pings = Discovery(self._ask_now)

    @property
    def is_up(self) -> bool:
        """Whether a session is bound."""
        return self._session is not None and self._session.is_alive

    async def run(self) -> None:
        """Connect, and connect again after every loss, until cancelled.

        A cancelled run says good-bye to the server and emits no LinkDown. A failed attempt emits
        LinkFailed, and no LinkDown unless the server's or our own credentials are refused.
        """
        if self._credentials.allow_scram_sha1:
            _log.warning("%s: SCRAM-SHA-1 is allowed", self._credentials.address)
        while True:
            lived, reason = await self._one_session()
            pause = self._backoff.pause(reason, lived)
            if isinstance(reason, RefusedError) and reason.condition == "conflict":
                pause += CONFLICT_PAUSE
            _log.info("next attempt in %.1f s", pause)
            await asyncio.sleep(pause)

    async def request(
        self,
        to: Jid,
        payload: bytes,
        *,
        is_query: bool,
        timeout: float,
    ) -> bytes:
        """Send an application request and return the answer's payload, maybe empty.

        Args:
            to: a full address.
            payload: canonical XML of at most 60 KiB.
            is_query: iq get, else set.
            timeout: seconds.

        Raises:
            LocalProtocolError: the payload is no XML or too large.
        """
        kind = "get" if is_query else "set"
        answer = await self._ask(to, kind, _checked(payload), timeout)
        try:
            return to_bytes(answer[0]) if len(answer) else b""
        except ValueError as error:
            raise RefusedError("not-acceptable", "cancel", f"unreadable answer: {error}") from error

    def respond(self, token: str, payload: bytes) -> None:
        """Answer a RequestReceived; dropped when its session is gone."""
        if self._session is not None and self.is_up:
            self._session.inbound.respond(token, payload)

    def refuse(
        self, token: str, condition: str, error_type: str, text: str = "", payload: bytes = b""
    ) -> None:
        """Answer a RequestReceived with a stanza error; dropped when its session is gone."""
        if self._session is not None and self.is_up:
            refusal = RefusedError(condition, error_type, text, payload)
            self._session.inbound.refuse(token, refusal)

    def show_presence(self, show: str, status: str, extensions: tuple[bytes, ...] = ()) -> None:
        """Broadcast our presence now and after every new connection.

        Args:
            show: empty, `chat`, `away`, `dnd` or `xa`.
            status: for people.
            extensions: canonical XML in foreign namespaces.

        Raises:
            LocalProtocolError: an unknown `show` or an extension that is no XML.
        """
        try:
            self._presence = self._present(show, status, extensions)
        except ValueError as error:
            raise LocalProtocolError(str(error)) from error
        if self._session is not None and self.is_up:
            self._session.send(self._presence)

    def review_watchers(self) -> None:
        """Look again at who may see our presence, after `admits` has changed its mind."""
        if self._session is not None and self.is_up:
            self._session.review_watchers()

    async def watch_presence(self, account: Jid) -> None:
        """Ask for an account's presence unless we are subscribed; paced, so it may take long."""
        session = self._up()
        async with self._watch_turn:
            if session.roster.must_ask(account):
                await session.rest(self._watching.take())
                session.send(directed("subscribe", account.bare))
                session.roster.asked(account)

    async def publish(
        self,
        service: Jid,
        node: str,
        item_id: str,
        payload: bytes,
        *,
        access: Access = Access.WHITELIST,
        timeout: float = 20.0,
    ) -> None:
        """Publish one item, refused where the node has another access model."""
        await self._pubsub.publish(service, node, Item(item_id, payload), access, timeout)

    async def retract(self, service: Jid, node: str, item_id: str) -> None:
        """Remove one item; fine when there is none."""
        await self._pubsub.retract(service, node, item_id)

    async def fetch(
        self, service: Jid, node: str, item_ids: tuple[str, ...] = ()
    ) -> tuple[Item, ...]:
        """Return the named items that exist, or all; in no order that means anything."""
        return await self._pubsub.fetch(service, node, item_ids)

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe our bare address; idempotent."""
        await self._pubsub.subscribe(service, node)

    async def unsubscribe(self, service: Jid, node: str) -> None:
        """End our subscription; idempotent."""
        await self._pubsub.unsubscribe(service, node)

    async def ensure_node(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node that we own; see `Nodes.ensure`."""
        return await self._nodes.ensure(service, spec, repair=repair)

    async def affiliate(self, service: Jid, node: str, accounts: Mapping[str, Affiliation]) -> None:
        """Admit or remove single accounts at a node that we own; see `Membership.affiliate`."""
        await self._membership.affiliate(service, node, accounts)

    async def offers_write_only(self, service: Jid) -> bool:
        """Whether the service has publish-only accounts and names publishers."""
        return await self._discovery.offers_write_only(service)

    async def services_of(self, host: str) -> tuple[Jid, ...]:
        """Return a host's pubsub services."""
        return await self._discovery.services_of(host)

    async def nodes_of(self, service: Jid) -> tuple[str, ...]:
        """Return the names of the nodes that a service shows us."""
        return await self._discovery.nodes_of(service)

    async def ping(self, to: Jid, timeout: float) -> bool:
        """Whether an entity is there (XEP-0199); False also when nothing came in time.

        It waits for no turn: whether somebody lives must show however much there is to do.
        """
        return await self._pings.ping(to, timeout)

    def _present(self, show: str, status: str, extensions: tuple[bytes, ...]) -> Element:
        stanza = write_presence(show, status, extensions, self._credentials.priority)
        stanza.append(self._identity.capabilities())
        return stanza

    async def _ask(self, to: Jid, kind: str, content: Element, seconds: float) -> Element:
        return await self._up().requests.ask(to, kind, content, seconds)

    async def _ask_now(self, to: Jid, kind: str, content: Element, seconds: float) -> Element:
        return await self._up().requests.ask_now(to, kind, content, seconds)

    def _up(self) -> Session:
        if self._session is None or not self._session.is_alive:
            raise StreamLostError(f"{self._credentials.address} is not connected")
        return self._session

    def _renewed_context(self) -> ssl.SSLContext:
        """Return TLS settings of the files as they are now: authorities and keys are renewed."""
        try:
            self._context = self._credentials.tls_context()
        except ConfigError as error:
            _log.warning("%s; going on with what was read before", error)
        return self._context

    async def _one_session(self) -> tuple[float, TransportError]:
        """Return how long a session was up, seconds, and why it ended."""
        context = self._renewed_context()
        session = Session(next(self._numbers), self._credentials, context, self._border)
        began = None
        try:
            await session.open()
            began = time.monotonic()
            self._session = session
            _log.info("%s is connected", session.address)
            self._border.deliver(LinkUp(session.address))
            session.send(self._presence)
            session.catch_up()
            reason = await session.until_lost(self._keepalive)
        except TransportError as error:
            reason = error if began else explained(self._credentials, session.stage, error)
        finally:
            self._session = None
            await session.close("the link is down")
        if began is None:
            self._border.deliver(LinkFailed(session.stage, str(reason)))
        self._report(reason, was_up=began is not None)
        return (0.0 if began is None else time.monotonic() - began), reason

    def _report(self, reason: TransportError, *, was_up: bool) -> None:
        is_ours_to_mend = isinstance(reason, AuthenticationError | RefusedError)
        level = logging.ERROR if is_ours_to_mend else logging.WARNING
        _log.log(level, "%s: %s", self._credentials.address, reason)
        if was_up or isinstance(reason, AuthenticationError):
            self._border.deliver(LinkDown(str(reason)))


def _checked(payload: bytes) -> Element:
    try:
        return to_element(payload)
    except ValueError as error:
        raise LocalProtocolError(str(error)) from error
