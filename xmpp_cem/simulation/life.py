"""One life of a party's process: ports that end with it, at any call of any of them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

from xmpp_cem.agents.application import Decision
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Kept
from xmpp_cem.model.link import Item, LinkDown, LinkEvent, LinkUp, RequestReceived
from xmpp_cem.model.node import Access, NodeSpec, NodeState
from xmpp_cem.simulation.device import Device
from xmpp_cem.simulation.evidence import (
    Answered,
    Applied,
    Asked,
    Committed,
    Evidence,
    Linked,
    Said,
)
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.bus_stream import BusStream

_T = TypeVar("_T")


class KilledError(BaseException):
    """The process is no more: nothing of it may run on, and nothing catches this."""


class Life:
    """Counts the calls of a party's ports, and dies at the one that was planned.

    Args:
        party: whose.
        number: counts the party's lives.
        evidence: notes what is seen from outside.
        on_death: told at the moment of death.
    """

    def __init__(
        self, party: str, number: int, evidence: Evidence, on_death: Callable[[], None]
    ) -> None:
        self.party = party
        self.number = number
        self.evidence = evidence
        self.is_dead = False
        self._on_death = on_death
        self._calls_left: int | None = None
        self._aim = ""

    def doom(self, calls: int, aim: str = "") -> None:
        """Die at so manieth call of a port from now; `aim` begins the names of those counted."""
        if self._calls_left is None:
            self._calls_left, self._aim = calls, aim

    def spare(self) -> None:
        """Do not die after all."""
        self._calls_left = None

    def end(self, where: str) -> None:
        """Die now."""
        if not self.is_dead:
            self.is_dead = True
            points = self.evidence.points
            points[where] = points.get(where, 0) + 1
            self.evidence.tell(self.party, "KILLED", where)
            self._on_death()

    def step(self, where: str) -> None:
        """Pass a point at which the process may die; raises KilledError when it does or has."""
        if self.is_dead:
            raise KilledError
        if self._calls_left is None or not where.startswith(self._aim):
            return
        self._calls_left -= 1
        if self._calls_left <= 0:
            self.end(where)
            raise KilledError


class LivingStore:
    """The party's disk: what was committed stays, whatever dies."""

    def __init__(self, life: Life, disk: MemoryStore, pause: Callable[[], Awaitable[None]]) -> None:
        self._life = life
        self._disk = disk
        self._pause = pause

    async def open(self) -> None:
        """Make ready, whoever left it open."""
        await self._disk.close()
        await self._disk.open()

    async def load(self) -> Kept:
        """Return what is kept."""
        return await self._disk.load()

    async def commit(self, batch: Batch) -> None:
        """Change what is kept; the process may die right before and right after."""
        kind = _kind(batch)
        await self._pause()
        self._life.step(f"before a commit{kind}")
        await self._disk.commit(batch)
        evidence = self._life.evidence
        made = Committed(evidence.next(), evidence.now(), self._life.party, batch)
        evidence.commits.append(made)
        evidence.tell(self._life.party, "commits", _summary(batch))
        self._life.step(f"after a commit{kind}")

    async def reply_to(self, sender: str, message_id: str) -> bytes | None:
        """Return the answer once given to a request."""
        return await self._disk.reply_to(sender, message_id)

    async def prune(self, before: datetime, keep_journal: int) -> None:
        """Drop old answers and journal rows."""
        await self._disk.prune(before, keep_journal)

    async def close(self) -> None:
        """Leave the disk to the next life."""


class LivingSite:
    """The site's program, before devices that outlive it."""

    def __init__(self, life: Life, device: Device) -> None:
        self._life = life
        self._device = device

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        self._life.step("at a decision")
        life, evidence = self._life, self._life.evidence
        asked = Asked(
            evidence.next(), evidence.now(), life.party, life.number, event.id, event.order
        )
        evidence.asked.append(asked)
        evidence.tell(life.party, "asked", f"{event.id[:8]} {event.order} {power_w} W")
        return self._device.decide(power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Bring the device to its set point."""
        for set_point in set_points:
            self._life.step("at a set point")
            evidence = self._life.evidence
            if set_point.power_w != self._device.set_point:
                evidence.tell(self._life.party, "set point", f"{set_point.power_w} W")
            self._device.set_point = set_point.power_w
            seen = Applied(evidence.next(), evidence.now(), self._life.party, set_point.power_w)
            evidence.applied.append(seen)

    async def read(self) -> tuple[Sample, ...]:
        """Read the device."""
        self._life.step("at a reading")
        return self._device.read()


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
            said = Answered(
                evidence.next(), party, asked.sender.bare, asked.payload, payload
            )
            evidence.answered.append(said)
        self._bus.respond(token, payload)

    def refuse(
        self, token: str, condition: str, error_type: str, text: str = "", payload: bytes = b""
    ) -> None:
        """Answer a request with an iq error."""
        self._say("refuses", f"{token} {condition}")
        self._asked.pop(token, None)
        self._bus.refuse(token, condition, error_type, text, payload)

    def show_presence(self, show: str, status: str, extensions: tuple[bytes, ...] = ()) -> None:
        """Show this presence now and after each reconnection."""
        self._say("shows", status)
        self._bus.show_presence(show, status, extensions)

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

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe; again is harmless."""
        self._say("subscribes", node)
        await self._called(self._bus.subscribe(service, node))

    async def ensure_node(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create or verify a node."""
        self._say("verifies", spec.name)
        return await self._called(self._bus.ensure_node(service, spec, repair=repair))

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


def _kind(batch: Batch) -> str:
    if batch.received:
        return " of answers"
    return " of messages" if batch.send else ""


def _summary(batch: Batch) -> str:
    parts: Mapping[str, int] = {
        "records": len(batch.put),
        "dropped": len(batch.drop),
        "to send": len(batch.send),
        "sent": len(batch.sent),
        "answers": len(batch.received),
        "inputs": len(batch.journal),
    }
    return ", ".join(f"{count} {name}" for name, count in parts.items() if count)
