"""A party's connection that ends with its life, at any call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Item, LinkDown, LinkEvent, LinkUp, RequestReceived
from xmpp_cem.model.node import Access, Affiliation, NodeSpec, NodeState
from xmpp_cem.simulation.evidence import Answered, Linked, Said
from xmpp_cem.simulation.life import KilledError, Life
from xmpp_cem.testing.bus_stream import BusStream

_T = TypeVar("_T")


class LivingTransport:
    """A connection of the party, in the shape of `runtime.ports.Transport`."""

    def __init__(self, life: Life, account: str) -> None:
        self._life = life
        self._account = account
        self._asked: dict[str, RequestReceived] = {}
        self._stream: BusStream | None = None
        self._deliver: Callable[[LinkEvent], None] | None = None

    def attach(self, stream: BusStream, deliver: Callable[[LinkEvent], None]) -> None:
        """Use a connection to the simulated server, and tell what it brings."""
        self._stream, self._deliver = stream, deliver

    def receive(self, event: LinkEvent) -> None:
        """Take what the connection tells."""
        if self._life.is_dead or self._deliver is None:
            return
        evidence = self._life.evidence
        if isinstance(event, RequestReceived):
            self._asked[event.token] = event
        elif isinstance(event, LinkUp | LinkDown):
            is_up = isinstance(event, LinkUp)
            seen = Linked(evidence.next(), evidence.now(), self._account, is_up)
            evidence.links.append(seen)
            evidence.tell(self._life.party, "link", f"{self._account} {'up' if is_up else 'down'}")
        self._deliver(event)

    @property
    def is_up(self) -> bool:
        """Whether a session is bound."""
        return self._bus.is_up

    @property
    def _bus(self) -> BusStream:
        if self._stream is None:
            raise KilledError
        return self._stream

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await self._bus.run()

    async def request(self, to: Jid, payload: bytes, *, is_query: bool, timeout: float) -> bytes:
        """Send an iq and return the result's payload."""
        self._say("asks", f"{to} {_name(payload)}", b"" if is_query else payload)
        work = self._bus.request(to, payload, is_query=is_query, timeout=timeout)
        return await self._called(work)

    def respond(self, token: str, payload: bytes) -> None:
        """Answer a request with an iq result."""
        self._say("answers", f"{token} {_name(payload)}")
        asked = self._asked.pop(token, None)
        if asked is not None and not asked.is_query:
            evidence, party = self._life.evidence, self._life.party
            said = Answered(evidence.next(), party, asked.sender.bare, asked.payload, payload)
            evidence.answered.append(said)
        self._bus.respond(token, payload)
        self._life.step("after answering")

    def refuse(
        self, token: str, condition: str, error_type: str, text: str = "", payload: bytes = b""
    ) -> None:
        """Answer a request with an iq error."""
        self._say("refuses", f"{token} {condition}")
        self._asked.pop(token, None)
        self._bus.refuse(token, condition, error_type, text, payload)
        self._life.step("after refusing")

    def show_presence(self, show: str, status: str, extensions: tuple[bytes, ...] = ()) -> None:
        """Show this presence now and after each reconnection."""
        self._say("shows", status)
        self._bus.show_presence(show, status, extensions)
        self._life.step("after showing")

    def review_watchers(self) -> None:
        """Look again at who may see our presence."""
        self._life.step("at watchers")
        self._bus.review_watchers()

    async def watch_presence(self, account: Jid) -> None:
        """Ask to see an account's presence."""
        self._life.step("at watching")
        await self._called(self._bus.watch_presence(account))

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
        self._say("publishes", f"{node} {item_id[:8]}", payload)
        await self._called(
            self._bus.publish(service, node, item_id, payload, access=access, timeout=timeout)
        )

    async def retract(self, service: Jid, node: str, item_id: str) -> None:
        """Remove an item."""
        self._say("retracts", f"{node} {item_id[:8]}")
        await self._called(self._bus.retract(service, node, item_id))

    async def fetch(
        self, service: Jid, node: str, item_ids: tuple[str, ...] = ()
    ) -> tuple[Item, ...]:
        """Return items."""
        self._say("fetches", f"{node} {len(item_ids)}")
        return await self._called(self._bus.fetch(service, node, item_ids))

    async def ping(self, to: Jid, timeout: float) -> bool:
        """Whether an entity is there."""
        self._say("pings", to)
        return await self._called(self._bus.ping(to, timeout))

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe; again is harmless."""
        self._say("subscribes", node)
        await self._called(self._bus.subscribe(service, node))

    async def ensure_node(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node."""
        self._say("verifies", spec.name)
        return await self._called(self._bus.ensure_node(service, spec, repair=repair))

    async def affiliate(self, service: Jid, node: str, accounts: Mapping[str, Affiliation]) -> None:
        """Admit or remove single accounts at a node."""
        self._say("affiliates", f"{node} {sorted(accounts.items())}")
        await self._called(self._bus.affiliate(service, node, accounts))

    async def offers_write_only(self, service: Jid) -> bool:
        """Whether the service has nodes that members write and do not read."""
        self._say("probes", service)
        return await self._called(self._bus.offers_write_only(service))

    def _say(self, what: str, detail: object, payload: bytes = b"") -> None:
        self._life.step(f"party {what}")
        evidence, party = self._life.evidence, self._life.party
        if payload:
            evidence.said.append(Said(evidence.next(), party, payload))
        evidence.tell(party, what, detail)

    async def _called(self, work: Awaitable[_T]) -> _T:
        """Wait for an answer; the process may die when it has come."""
        answer = await work
        self._life.step("at an answer")
        return answer


def _name(payload: bytes) -> str:
    noun = payload.find(b"<Noun>")
    if noun < 0:
        return ""
    verb = payload.find(b"<Verb>")
    end_noun, end_verb = payload.find(b"<", noun + 6), payload.find(b"<", verb + 6)
    return f"{payload[verb + 6 : end_verb].decode()} {payload[noun + 6 : end_noun].decode()}"
