"""What an operator sees of its domains: items, presences, and its own link."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from xmpp_cem.config.domains import WatchedConfig
from xmpp_cem.config.profiles import load_profile
from xmpp_cem.errors import RemoteProtocolError, StreamLostError, XmppCemError
from xmpp_cem.messages.envelope import EventMessage
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.ids import DomainId, Jid
from xmpp_cem.model.link import Delivery, LinkDown, LinkEvent, LinkUp, PresenceSeen
from xmpp_cem.model.node import events_node, operations_node, reports_node
from xmpp_cem.runtime.ports import Transport
from xmpp_cem.wire.codec import Flow, decode, decode_presence

_MOST_WAITING = 10_000
_AGAIN_S = 5.0

Accounts = Callable[[WatchedConfig], Awaitable[tuple[str, ...]]]


@dataclass(frozen=True)
class Sight:
    """One thing seen.

    Args:
        domain: where; empty for our own link.
        kind: an item of a node, a presence, or news of the link.
        source: the node's name, the full address, or empty.
        at: when we saw it, UTC.
        message: of an item; None when it could not be read.
        value: what a presence says.
        is_available: of a presence, whether it is one.
        note: for people: a presence's status, why something failed.
    """

    domain: DomainId | Literal[""]
    kind: Literal["item", "presence", "link"]
    source: str
    at: datetime
    message: EventMessage | None = None
    value: Offer | Leadership | None = None
    is_available: bool = True
    note: str = ""


@dataclass
class Watch:
    """One run of watching: prepared anew on every connection, ended by closing `sights`.

    Args:
        stream: the operator's connection.
        domains: what to watch.
        accounts: asks a domain's VTN for its members' accounts.
        now: the clock.
        present: presences seen before the watch began.
    """

    stream: Transport
    domains: tuple[WatchedConfig, ...]
    accounts: Accounts
    now: Callable[[], datetime]
    present: dict[Jid, PresenceSeen]
    _waiting: asyncio.Queue[LinkEvent | Sight] = field(
        default_factory=lambda: asyncio.Queue(_MOST_WAITING)
    )
    _member_of: dict[str, DomainId] = field(default_factory=dict)
    _shown: dict[Jid, PresenceSeen] = field(default_factory=dict)

    def take(self, seen: LinkEvent | Sight) -> None:
        """Queue what was seen; when nobody keeps up the oldest is dropped."""
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(seen)

    async def sights(self) -> AsyncGenerator[Sight, None]:
        """Yield what is seen until closed; survives lost connections."""
        preparing: list[asyncio.Task[None]] = []
        if self.stream.is_up:
            preparing = self._prepared()
        try:
            while True:
                seen = await self._waiting.get()
                if isinstance(seen, LinkUp | LinkDown):
                    await _ended(preparing)
                    self._shown.clear()
                if isinstance(seen, LinkUp):
                    preparing = self._prepared()
                sight = seen if isinstance(seen, Sight) else self._sight(seen)
                if sight is not None:
                    yield sight
        finally:
            await _ended(preparing)

    def _prepared(self) -> list[asyncio.Task[None]]:
        return [self._preparing(domain) for domain in self.domains]

    def _preparing(self, domain: WatchedConfig) -> asyncio.Task[None]:
        task = asyncio.create_task(self._prepare(domain), name=f"watch {domain.domain}")
        task.add_done_callback(lambda done: self._judge(done, domain.domain))
        return task

    def _judge(self, task: asyncio.Task[None], domain: DomainId) -> None:
        """Tell that a preparation has died of a bug: its domain would merely stay dark."""
        if not task.cancelled() and (error := task.exception()):
            self.take(self._news(f"watching failed: {error!r}", domain))

    async def _prepare(self, domain: WatchedConfig) -> None:
        """Subscribe and ask, again until it works; each new reason is told once."""
        told = ""
        for step in (self._subscribe, self._see_leader, self._see_members):
            while True:
                try:
                    await step(domain)
                    break
                except StreamLostError:
                    return  # a new connection begins again
                except XmppCemError as error:
                    if str(error) != told:
                        told = str(error)
                        self.take(self._news(told, domain.domain))
                await asyncio.sleep(_AGAIN_S)

    async def _subscribe(self, domain: WatchedConfig) -> None:
        service, events = Jid(domain.pubsub), events_node(domain.domain)
        for node in (events, reports_node(domain.domain), operations_node(domain.domain)):
            await self.stream.subscribe(service, node)
        for item in await self.stream.fetch(service, events):
            self.take(Delivery(service, events, item.item_id, item.payload, item.publisher))

    async def _see_leader(self, domain: WatchedConfig) -> None:
        leader = domain.vtn_address.bare
        self._replay(leader)
        await self.stream.watch_presence(Jid(leader))

    async def _see_members(self, domain: WatchedConfig) -> None:
        """Show who is known before asking to see the others: asking is paced."""
        self._know(domain.domain, domain.members)
        told = await self.accounts(domain)
        self._know(domain.domain, told)
        for account in dict.fromkeys((*domain.members, *told)):
            await self.stream.watch_presence(Jid(account))

    def _know(self, domain: DomainId, accounts: Iterable[str]) -> None:
        for account in accounts:
            self._member_of.setdefault(account, domain)
            self._replay(account)

    def _replay(self, account: str) -> None:
        for seen in [p for jid, p in self.present.items() if jid.bare == account]:
            self.take(seen)

    def _sight(self, seen: LinkEvent) -> Sight | None:
        match seen:
            case LinkUp(address=address):
                return self._news(f"connected as {address}")
            case LinkDown(reason=reason):
                return self._news(f"connection lost: {reason}")
            case Delivery():
                return self._item(seen)
            case PresenceSeen():
                return self._presence(seen)
            case _:
                return None

    def _news(self, text: str, domain: DomainId = "") -> Sight:
        return Sight(domain, "link", "", self.now(), note=text)

    def _item(self, seen: Delivery) -> Sight | None:
        watched = next((d for d in self.domains if seen.node in _nodes(d)), None)
        if watched is None:
            return None
        domain = watched.domain
        try:
            message = decode(seen.payload, Flow.EVENT, load_profile(watched.profile))
        except RemoteProtocolError as error:
            return Sight(domain, "item", seen.node, self.now(), note=f"unreadable: {error}")
        if not isinstance(message, EventMessage):
            return None
        return Sight(domain, "item", seen.node, self.now(), message)

    def _presence(self, seen: PresenceSeen) -> Sight | None:
        value, note = None, seen.status
        for extension in seen.extensions:
            try:
                value = value or decode_presence(extension)
            except RemoteProtocolError as error:
                note = f"unreadable: {error}"
        domain = self._domain_of(seen.sender, value)
        if domain is None or self._shown.get(seen.sender) == seen or self._is_moot(seen):
            return None
        self._shown[seen.sender] = seen
        is_available, source = seen.is_available, str(seen.sender)
        return Sight(domain, "presence", source, self.now(), None, value, is_available, note)

    def _is_moot(self, seen: PresenceSeen) -> bool:
        """Whether an account is told to be away, as servers do, while a connection of it is there.

        RFC 6121, 3.1.3 and 4.3.2: a subscription may be answered from the bare address first.
        """
        others = (p for jid, p in self._shown.items() if jid.bare == seen.sender.bare)
        return not seen.sender.connection and any(p.is_available for p in others)

    def _domain_of(self, sender: Jid, value: Offer | Leadership | None) -> DomainId | None:
        """Return where a presence belongs: one account may lead a domain and belong to another."""
        leads = next((d.domain for d in self.domains if d.vtn_address.bare == sender.bare), None)
        belongs = self._member_of.get(sender.bare)
        if isinstance(value, Leadership) or sender.connection.startswith("vtn"):
            return leads or belongs
        return belongs or leads


def _nodes(domain: WatchedConfig) -> tuple[str, str, str]:
    return events_node(domain.domain), reports_node(domain.domain), operations_node(domain.domain)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()
