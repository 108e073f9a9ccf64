"""Carries one session from login to loss, passing on what arrives as values."""

import functools
import logging
import ssl
import time
from asyncio import Future, get_running_loop, wait
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp.xmlstream import StanzaBase
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher.base import MatcherBase

from xmpp_cem.errors import (
    ConnectError,
    RefusedError,
    RequestTimeoutError,
    StreamLostError,
    TransportError,
)
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkEvent, PresenceAsked, Stage
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.client import Client
from xmpp_cem.xmpp.credentials import Credentials
from xmpp_cem.xmpp.deliveries import PUBSUB_EVENT, read_notification
from xmpp_cem.xmpp.discovery import answer_query, is_query_to_us
from xmpp_cem.xmpp.faults import CLIENT
from xmpp_cem.xmpp.identity import PING, Identity
from xmpp_cem.xmpp.inbound import Inbound, is_request
from xmpp_cem.xmpp.presence import directed, read_presence
from xmpp_cem.xmpp.requests import Requests
from xmpp_cem.xmpp.roster import ROSTER, Roster, is_push

MAX_WAITING = 1000
LOGIN_SECONDS = 30.0
ANSWER_SECONDS = 8.0

_log = logging.getLogger("xmpp_cem.xmpp")


@dataclass(frozen=True)
class Border:
    """Where values go, and what may pass.

    Args:
        deliver: takes every value; must not raise.
        admits: whether an account may subscribe to our presence.
        services: addresses of the pubsub services whose notifications we believe.
    """

    deliver: Callable[[LinkEvent], None]
    admits: Callable[[Jid], bool]
    services: Collection[str]


class Session:
    """One connection of one account; a lost one is never used again.

    Args:
        number: differs from every earlier session's.
        credentials: who logs in where.
        context: TLS settings.
        border: where values go.
    """

    def __init__(
        self, number: int, credentials: Credentials, context: ssl.SSLContext, border: Border
    ) -> None:
        self._client = Client(credentials, context)
        self._border = border
        self._waiting: set[str] = set()
        self._identity = Identity(credentials.address.connection)
        self.address = credentials.address
        self.requests = Requests(self.send, self.address)
        self.inbound = Inbound(self.send, str(number))
        self.roster = Roster(self.address, time.monotonic)
        self._early: list[tuple[Callable[[Element], None], Element]] | None = []
        self._missed = 0
        self._listen()

    @property
    def is_alive(self) -> bool:
        """Whether stanzas still reach the server, as far as we know."""
        return self._client.ready.done() and not self._client.ended.done()

    @property
    def stage(self) -> Stage:
        """How far the attempt to connect has got."""
        return self._client.stage

    async def open(self) -> None:
        """Connect, encrypt, log in, bind and read the roster.

        Raises:
            TransportError: it did not work; `AuthenticationError` when repeating it will not help.
        """
        self._client.open()
        ready, ended = self._client.ready, self._client.ended
        either: set[Future[Any]] = {ready, ended}
        await wait(either, timeout=LOGIN_SECONDS, return_when="FIRST_COMPLETED")
        if ended.done():
            raise ended.result()
        if not ready.done():
            raise ConnectError(f"no login within {LOGIN_SECONDS:g} s")
        self.address = read_address(str(self._client.boundjid))
        self.requests = Requests(self.send, self.address)
        self.roster = Roster(self.address, time.monotonic)
        own = Jid(self.address.bare)
        query = Element(f"{{{ROSTER}}}query")
        self.roster.read(await self.requests.ask(own, "get", query, LOGIN_SECONDS))

    def catch_up(self) -> None:
        """Act on what came during the login, and from now on on everything at once."""
        early, self._early = self._early or [], None
        if self._missed:
            _log.warning("%d stanzas came before the login was complete: dropped", self._missed)
        for action, stanza in early:
            action(stanza)

    async def until_lost(self, keepalive: float) -> TransportError:
        """Wait for the end, asking the server when it was silent for `keepalive` seconds."""
        ended = self._client.ended
        while not ended.done():
            await wait({ended}, timeout=keepalive - self._quiet)
            if not ended.done() and self._quiet >= keepalive:
                await self._prove_alive()
        return ended.result()

    def review_watchers(self) -> None:
        """Admit who waits and may now see our presence; put out who sees it and may no more."""
        for account in sorted(self._waiting):
            if self._border.admits(Jid(account)):
                self._waiting.discard(account)
                self.send(directed("subscribed", account))
        for account in sorted(self.roster.watchers):
            if not self._border.admits(Jid(account)):
                _log.warning("%s may no longer see our presence", account)
                self.send(directed("unsubscribed", account))

    async def close(self, reason: str) -> None:
        """End the session; whatever waits for an answer fails."""
        self.requests.fail_all(reason)
        await self._client.close()

    async def rest(self, seconds: float) -> None:
        """Wait, but not beyond the end of the session."""
        await wait({self._client.ended}, timeout=seconds)

    def send(self, stanza: Element) -> None:
        """Hand a stanza to the server; nothing is kept for a later session.

        Raises:
            StreamLostError: the session is gone.
        """
        if not self.is_alive:
            raise StreamLostError("the session is gone")
        build = {
            f"{{{CLIENT}}}iq": self._client.Iq,
            f"{{{CLIENT}}}presence": self._client.Presence,
        }[stanza.tag]
        self._client.send(build(xml=stanza))

    @property
    def _quiet(self) -> float:
        """For how many seconds the server has sent nothing."""
        return get_running_loop().time() - self._client.heard_at

    async def _prove_alive(self) -> None:
        host = Jid(self.address.host)
        try:
            await self.requests.ask_now(host, "get", Element(f"{{{PING}}}ping"), ANSWER_SECONDS)
        except RequestTimeoutError:
            self._client.fail(StreamLostError(f"no sign of {host} for {ANSWER_SECONDS:g} s"))
        except (RefusedError, StreamLostError) as answer:
            _log.debug("keepalive: %s", answer)

    def _listen(self) -> None:
        """Take all stanzas from the first on: peers may reach us as soon as we are bound."""
        answer = Callback("answer", _Shape(self._is_answer), _reading(self._on_answer))
        self._client.register_handler(answer)
        for name, accepts, action in (
            ("request", is_request, self._on_request),
            ("notification", _is_notification, self._on_notification),
            ("presence", _is_presence, self._on_presence),
            ("roster push", is_push, self._on_push),
            ("query", is_query_to_us, self._on_query),
        ):
            take = _reading(functools.partial(self._in_turn, action))
            self._client.register_handler(Callback(name, _Shape(accepts), take))

    def _in_turn(self, action: Callable[[Element], None], stanza: Element) -> None:
        """Act on a stanza, or keep it until its answer would go out."""
        if self._early is None:
            action(stanza)
        elif len(self._early) < MAX_WAITING:
            self._early.append((action, stanza))
        else:
            self._missed += 1

    def _is_answer(self, stanza: Element) -> bool:
        return self.requests.expects(stanza)

    def _on_answer(self, stanza: Element) -> None:
        self.requests.resolve(stanza)

    def _on_request(self, stanza: Element) -> None:
        if (request := self.inbound.accept(stanza)) is not None:
            self._border.deliver(request)

    def _on_notification(self, stanza: Element) -> None:
        for value in read_notification(stanza, self._border.services):
            self._border.deliver(value)

    def _on_presence(self, stanza: Element) -> None:
        if stanza.get("type") == "subscribe":
            self._decide(stanza.get("from", ""))
        elif (seen := read_presence(stanza)) is not None and seen.sender != self.address:
            self._border.deliver(seen)

    def _decide(self, sender: str) -> None:
        try:
            account = Jid(read_address(sender).bare)
        except ValueError:
            return
        if not self._border.admits(account):
            _log.warning("%s may not see our presence; it waits", account)
            if len(self._waiting) < MAX_WAITING:
                self._waiting.add(account.bare)
            self._border.deliver(PresenceAsked(account))
            return
        self.send(directed("subscribed", account.bare))

    def _on_push(self, stanza: Element) -> None:
        sender, number = stanza.get("from", ""), stanza.get("id", "")
        if self.roster.is_authentic(stanza):
            self.roster.read(stanza)
            self.inbound.answer(sender, number)
        else:
            _log.warning("forged roster push from %r dropped", sender)
            self.inbound.deny(sender, number, RefusedError("service-unavailable"))

    def _on_query(self, stanza: Element) -> None:
        self.inbound.answer(
            stanza.get("from", ""), stanza.get("id", ""), answer_query(stanza, self._identity)
        )


class _Shape(MatcherBase):
    """Matches on the raw element, which is cheap and blind to `xml:lang`."""

    def __init__(self, accepts: Callable[[Element], bool]) -> None:
        super().__init__(None)
        self._accepts = accepts

    def match(self, xml: StanzaBase) -> bool:
        return self._accepts(xml.xml)


def _reading(action: Callable[[Element], None]) -> Callable[[StanzaBase], None]:
    def run(stanza: StanzaBase) -> None:
        action(stanza.xml)

    return run


def _is_notification(stanza: Element) -> bool:
    return (
        stanza.tag == f"{{{CLIENT}}}message" and stanza.find(f"{{{PUBSUB_EVENT}}}event") is not None
    )


def _is_presence(stanza: Element) -> bool:
    return stanza.tag == f"{{{CLIENT}}}presence"
