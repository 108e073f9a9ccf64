"""An account's connection to the simulated server, in the shape of `xmpp_cem.xmpp.Stream`."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from xmpp_cem.errors import (
    LocalProtocolError,
    RefusedError,
    RequestTimeoutError,
    StreamLostError,
    TransportError,
)
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import (
    Delivery,
    Item,
    LinkDown,
    LinkEvent,
    LinkUp,
    PresenceSeen,
    Retraction,
)
from xmpp_cem.model.node import Access, Affiliation, NodeSpec, NodeState
from xmpp_cem.testing.bus_router import Router
from xmpp_cem.testing.bus_service import Service
from xmpp_cem.testing.bus_session import Question, Session
from xmpp_cem.xmpp.discovery import ASK_SECONDS
from xmpp_cem.xmpp.inbound import ENVELOPES
from xmpp_cem.xmpp.presence import SHOWS
from xmpp_cem.xmpp.stream import CONFLICT_PAUSE

_Answer = TypeVar("_Answer")

_log = logging.getLogger("xmpp_cem.testing")


@dataclass(frozen=True)
class Login:
    """Who logs in, and where values go; the fields are those of `Credentials` and `Stream`."""

    address: Jid
    deliver: Callable[[LinkEvent], None]
    admits: Callable[[Jid], bool]
    services: Collection[str]
    priority: int = 0

    def receive(self, value: LinkEvent) -> None:
        """Pass on what the server sends, but no notification of a strange service."""
        if isinstance(value, Delivery | Retraction) and str(value.sender) not in self.services:
            _log.warning("notification from %s dropped: not a service of ours", value.sender)
        else:
            self.deliver(value)


class BusStream:
    """One account's link to the simulated server; its methods are those of `Stream`.

    Args:
        login: who logs in, and where values go.
        router: the server's inside.
    """

    def __init__(self, login: Login, router: Router) -> None:
        self._login = login
        self._router = router
        self._session: Session | None = None
        self._presence = PresenceSeen(login.address, is_available=True)

    @property
    def is_up(self) -> bool:
        """Whether a session is bound."""
        return self._session is not None and self._session.is_alive

    async def run(self) -> None:
        """Connect, and connect again after every loss as soon as it is possible."""
        while True:
            await self._router.admission(self._login.address.bare)
            reason = await self._one_session()
            _log.info("%s: %s", self._login.address, reason)
            self._login.deliver(LinkDown(str(reason)))
            if isinstance(reason, RefusedError):
                await self._router.sleep(CONFLICT_PAUSE)

    async def request(
        self,
        to: Jid,
        payload: bytes,
        *,
        is_query: bool,
        timeout: float,
    ) -> bytes:
        """Send an application request and return the answer's payload, maybe empty."""
        is_envelope = self._router.name_of(payload) in ENVELOPES
        session = self._up()
        question = Question(session)

        def travel() -> None:
            if is_envelope:
                self._router.route(question, to, payload, is_query=is_query)
            else:
                question.settle(RefusedError("feature-not-implemented"))

        self._router.send(session, travel)
        return await self._wait(session, question.answer, to, timeout)

    def respond(self, token: str, payload: bytes) -> None:
        """Answer a RequestReceived; dropped when its session is gone."""
        if payload:
            self._router.name_of(payload)
        self._settle(token, payload)

    def refuse(
        self, token: str, condition: str, error_type: str, text: str = "", payload: bytes = b""
    ) -> None:
        """Answer a RequestReceived with a stanza error; dropped when its session is gone."""
        if payload:
            self._router.name_of(payload)
        self._settle(token, RefusedError(condition, error_type, text, payload))

    def show_presence(self, show: str, status: str, extensions: tuple[bytes, ...] = ()) -> None:
        """Broadcast our presence now and after every new connection."""
        if show not in SHOWS:
            raise LocalProtocolError(f"presence show {show!r} is unknown")
        for extension in extensions:
            self._router.name_of(extension)
        address = self._login.address
        self._presence = PresenceSeen(address, True, show, status, extensions)
        if self._session is not None and self.is_up:
            self._router.show(self._session, self._presence)

    def review_watchers(self) -> None:
        """Look again at who may see our presence, after `admits` has changed its mind."""
        if self._session is not None and self.is_up:
            self._router.review(self._session)

    async def watch_presence(self, account: Jid) -> None:
        """Ask for an account's presence unless we are subscribed; not paced."""
        self._router.watch(self._up(), account.bare)

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
        self._router.name_of(payload)
        item, who = Item(item_id, payload), self._login.address
        await self._call(service, lambda at: at.publish(who, node, item, access), timeout)

    async def retract(self, service: Jid, node: str, item_id: str) -> None:
        """Remove one item; fine when there is none."""
        who = self._login.address
        try:
            await self._call(service, lambda at: at.retract(who, node, item_id))
        except RefusedError as refusal:
            if refusal.condition != "item-not-found":
                raise

    async def fetch(
        self, service: Jid, node: str, item_ids: tuple[str, ...] = ()
    ) -> tuple[Item, ...]:
        """Return the named items that exist, or all; in no order that means anything."""
        who = self._login.address
        return await self._call(service, lambda at: at.fetch(who, node, item_ids))

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe our bare address; idempotent."""
        who = self._login.address
        await self._call(service, lambda at: at.subscribe(who, node))

    async def unsubscribe(self, service: Jid, node: str) -> None:
        """End our subscription; idempotent."""
        who = self._login.address
        try:
            await self._call(service, lambda at: at.unsubscribe(who, node))
        except RefusedError as refusal:
            if refusal.condition != "item-not-found":
                raise

    async def ensure_node(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node that we own."""
        who = self._login.address
        return await self._call(service, lambda at: at.ensure(who, spec, repair=repair))

    async def affiliate(self, service: Jid, node: str, accounts: Mapping[str, Affiliation]) -> None:
        """Admit or remove single accounts at a node that we own."""
        who = self._login.address
        await self._call(service, lambda at: at.affiliate(who, node, accounts))

    async def offers_write_only(self, service: Jid) -> bool:
        """Whether the service has publish-only accounts and names publishers."""
        return await self._call(service, lambda at: at.offers_write_only)

    async def services_of(self, host: str) -> tuple[Jid, ...]:
        """Return a host's pubsub services."""
        return await self._ask(Jid(host), lambda: self._router.services_of(host), ASK_SECONDS)

    async def nodes_of(self, service: Jid) -> tuple[str, ...]:
        """Return the names of a service's nodes, which everybody sees."""
        return await self._call(service, lambda at: at.node_names)

    async def ping(self, to: Jid, timeout: float) -> bool:
        """Whether an entity is there; False also when nothing came in time."""
        try:
            return await self._ask(to, lambda: self._router.answers(to), timeout)
        except RequestTimeoutError:
            return False

    async def _one_session(self) -> RefusedError | str:
        session = self._router.bind(self._login.address, self._login.priority, self._login)
        self._session = session
        try:
            self._login.deliver(LinkUp(session.address))
            self._router.show(session, self._presence)
            await asyncio.wait({session.ended})
            return session.ended.result()
        finally:
            self._router.unbind(session, "the link is down")

    def _up(self) -> Session:
        if self._session is None or not self._session.is_alive:
            raise StreamLostError(f"{self._login.address} is not connected")
        return self._session

    def _settle(self, token: str, answer: bytes | RefusedError) -> None:
        if self._session is None or not self.is_up:
            return
        question = self._session.take(token)
        if question is not None:
            self._router.send(self._session, lambda: question.settle(answer))

    async def _call(
        self, address: Jid, operation: Callable[[Service], _Answer], seconds: float = ASK_SECONDS
    ) -> _Answer:
        return await self._ask(address, lambda: operation(self._router.service(address)), seconds)

    async def _ask(self, to: Jid, operation: Callable[[], _Answer], seconds: float) -> _Answer:
        """Let the server do something; there and back is a step each."""
        session = self._up()
        answer: asyncio.Future[_Answer | RefusedError] = asyncio.get_running_loop().create_future()

        def come_back(found: _Answer | RefusedError) -> None:
            if session.is_alive and not answer.done():
                answer.set_result(found)

        def serve() -> None:
            found: _Answer | RefusedError
            try:
                found = operation()
            except RefusedError as refusal:
                found = refusal
            self._router.back(session, lambda: come_back(found))

        self._router.send(session, serve)
        return await self._wait(session, answer, to, seconds)

    async def _wait(
        self,
        session: Session,
        answer: asyncio.Future[_Answer | RefusedError],
        to: Jid,
        seconds: float,
    ) -> _Answer:
        def give_up(error: TransportError) -> None:
            if not answer.done():
                answer.set_exception(error)

        def lose(ended: asyncio.Future[RefusedError | str]) -> None:
            give_up(StreamLostError(str(ended.result())))

        def expire() -> None:
            give_up(RequestTimeoutError(f"{to} did not answer within {seconds:g} s"))

        expiry = self._router.alarm(seconds, expire)
        session.ended.add_done_callback(lose)
        try:
            found = await answer
        finally:
            session.ended.remove_done_callback(lose)
            expiry.cancel()
        if isinstance(found, RefusedError):
            raise found
        return found
