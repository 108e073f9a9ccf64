"""Ports that tell of every boundary which a process passes: at each of them it may die."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Kept, Retention
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import Access, Affiliation, NodeSpec, NodeState
from xmpp_cem.runtime.ports import Store, Transport

_T = TypeVar("_T")

Step = Callable[[str, object], None]
"""Takes the name of a boundary, and what it is about as a text; may raise, or never return."""


class _Message(NamedTuple):
    """A message by its verb and noun, and who has to do with it; a text when somebody reads it."""

    payload: bytes
    whom: object = ""

    def __str__(self) -> str:
        name = name_of(self.payload)
        return f"{self.whom} {name}" if self.whom else name


class _Kinds(NamedTuple):
    """What kinds of records a commit puts; a text when somebody reads it."""

    batch: Batch

    def __str__(self) -> str:
        return ", ".join(sorted({row.kind for row in self.batch.put}))


class SteppedStore:
    """A store in the shape of `runtime.ports.Store`: a boundary before and after each commit.

    Args:
        inner: keeps everything.
        step: told of each boundary.
    """

    def __init__(self, inner: Store, step: Step) -> None:
        self._inner = inner
        self._step = step

    async def open(self) -> None:
        """Make ready."""
        await self._inner.open()

    async def load(self) -> Kept:
        """Return what is kept."""
        return await self._inner.load()

    async def commit(self, batch: Batch) -> None:
        """Change what is kept."""
        kind, about = _kind(batch), _Kinds(batch)
        self._step(f"before a commit{kind}", about)
        await self._inner.commit(batch)
        self._committed(batch)
        self._step(f"after a commit{kind}", about)

    def _committed(self, batch: Batch) -> None:
        """Take note of what is kept now."""

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer once given to a request."""
        return await self._inner.reply_to(sender, message_id)

    async def prune(self, now: datetime, retention: Retention) -> None:
        """Drop old answers and journal rows."""
        await self._inner.prune(now, retention)

    async def close(self) -> None:
        """Give the store up."""
        await self._inner.close()


class SteppedTransport:
    """A connection in the shape of `runtime.ports.Transport`: a boundary before and after all.

    Args:
        inner: the connection.
        step: told of each boundary.
    """

    def __init__(self, inner: Transport, step: Step) -> None:
        self._inner = inner
        self._step = step

    @property
    def is_up(self) -> bool:
        """Whether a session is bound."""
        return self._inner.is_up

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await self._inner.run()

    async def request(self, to: Jid, payload: bytes, *, is_query: bool, timeout: float) -> bytes:
        """Send an iq and return the result's payload."""
        about = _Message(payload)
        self._say("asks", about, _Message(payload, to), b"" if is_query else payload)
        work = self._inner.request(to, payload, is_query=is_query, timeout=timeout)
        return await self._called(work, about)

    def respond(self, token: str, payload: bytes) -> None:
        """Answer a request with an iq result."""
        about = _Message(payload)
        self._say("answers", about, _Message(payload, token))
        self._answering(token, payload)
        self._inner.respond(token, payload)
        self._step("after answering", about)

    def refuse(
        self, token: str, condition: str, error_type: str, text: str = "", payload: bytes = b""
    ) -> None:
        """Answer a request with an iq error."""
        self._say("refuses", condition, f"{token} {condition}")
        self._answering(token, None)
        self._inner.refuse(token, condition, error_type, text, payload)
        self._step("after refusing", condition)

    def show_presence(self, show: str, status: str, extensions: tuple[bytes, ...] = ()) -> None:
        """Show this presence now and after each reconnection."""
        self._say("shows", "", status)
        self._inner.show_presence(show, status, extensions)
        self._step("after showing", "")

    def review_watchers(self) -> None:
        """Look again at who may see our presence."""
        self._step("at watchers", "")
        self._inner.review_watchers()

    async def watch_presence(self, account: Jid) -> None:
        """Ask to see an account's presence."""
        self._step("at watching", "")
        await self._called(self._inner.watch_presence(account), "watching")

    async def publish(
        self,
        service: Jid,
        node: str,
        item_id: str,
        payload: bytes,
        *,
        access: Access = Access.WHITELIST,
        timeout: float = 20,
    ) -> None:
        """Publish an item."""
        about = _Message(payload)
        self._say("publishes", about, f"{node} {item_id[:8]}", payload)
        work = self._inner.publish(service, node, item_id, payload, access=access, timeout=timeout)
        await self._called(work, about)

    async def retract(self, service: Jid, node: str, item_id: str) -> None:
        """Remove an item."""
        self._say("retracts", "", f"{node} {item_id[:8]}")
        await self._called(self._inner.retract(service, node, item_id), "retracting")

    async def fetch(
        self, service: Jid, node: str, item_ids: tuple[str, ...] = ()
    ) -> tuple[Item, ...]:
        """Return items."""
        self._say("fetches", "", f"{node} {len(item_ids)}")
        return await self._called(self._inner.fetch(service, node, item_ids), "fetching")

    async def ping(self, to: Jid, timeout: float) -> bool:
        """Whether an entity is there."""
        self._say("pings", "", to)
        return await self._called(self._inner.ping(to, timeout), "a ping")

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe; again is harmless."""
        self._say("subscribes", "", node)
        await self._called(self._inner.subscribe(service, node), "subscribing")

    async def ensure_node(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node."""
        self._say("verifies", "", spec.name)
        work = self._inner.ensure_node(service, spec, repair=repair)
        return await self._called(work, "verifying")

    async def affiliate(self, service: Jid, node: str, accounts: Mapping[str, Affiliation]) -> None:
        """Admit or remove single accounts at a node."""
        self._say("affiliates", "", f"{node} {sorted(accounts.items())}")
        await self._called(self._inner.affiliate(service, node, accounts), "affiliating")

    async def offers_write_only(self, service: Jid) -> bool:
        """Whether the service has nodes that members write and do not read."""
        self._say("probes", "", service)
        return await self._called(self._inner.offers_write_only(service), "a probe")

    def _say(self, what: str, about: object, _detail: object, _payload: bytes = b"") -> None:
        """Pass the boundary before something is said; `_payload` where the outbox keeps it."""
        self._step(f"party {what}", about)

    def _answering(self, token: str, payload: bytes | None) -> None:
        """Take note of how a request is answered now; None: refused."""

    async def _called(self, work: Awaitable[_T], about: object) -> _T:
        """Wait for an answer, and pass the boundary when it has come."""
        answer = await work
        self._step("at an answer", about)
        return answer


def name_of(payload: bytes) -> str:
    """Return verb and noun of a message, nothing of what has none."""
    noun = payload.find(b"<Noun>")
    if noun < 0:
        return ""
    verb = payload.find(b"<Verb>")
    end_noun, end_verb = payload.find(b"<", noun + 6), payload.find(b"<", verb + 6)
    return f"{payload[verb + 6 : end_verb].decode()} {payload[noun + 6 : end_noun].decode()}"


def _kind(batch: Batch) -> str:
    if batch.received:
        return " of answers"
    return " of messages" if batch.send else ""
