"""Sends what is kept in the outbox until its destination has taken it, in order per destination."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from xmpp_cem.core.inputs import Link, PresenceChanged
from xmpp_cem.errors import RefusedError, TransportError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import MOST_OUTGOING, Outgoing
from xmpp_cem.model.node import Access
from xmpp_cem.runtime.ports import Clock, Transport
from xmpp_cem.runtime.queueing import Rank
from xmpp_cem.runtime.sendqueue import SendQueue
from xmpp_cem.runtime.shedding import SHED, sending_rank, share_of
from xmpp_cem.runtime.supervision import Group
from xmpp_cem.runtime.yielding import Waiting, yielding

_TIMEOUT_S = 5.0
"""Then it is sent again under the same MessageID; a peer that is just starting loses some."""

_SHORTEST_S, _LONGEST_S = 0.5, 30.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """How sending ended: `reply` to a transaction, or the `condition` of a final refusal."""

    entry: Outgoing
    reply: bytes = b""
    condition: str = ""
    reason: str = ""


class Outbox:
    """One worker per destination; a newer version of an item replaces one not yet sent.

    What one destination is sent keeps its order, but readings go last: an answer must not be late
    because of them. Of more than `most` the oldest readings are shed, then status, never a control.

    Args:
        transports: the connections.
        services: the pubsub service of each connection.
        clock: for expiry.
        settled: told when an entry was taken, refused for good, or has expired.
        open_nodes: nodes that anyone may read.
        most: so many may wait.
    """

    def __init__(
        self,
        transports: Mapping[Link, Transport],
        services: Callable[[Link], Jid | None],
        clock: Clock,
        settled: Callable[[Outcome], None],
        open_nodes: frozenset[str] = frozenset(),
        most: int = MOST_OUTGOING,
    ) -> None:
        self._transports = transports
        self._services = services
        self._clock = clock
        self._settled = settled
        self._open_nodes = open_nodes
        self._most = most
        self._size = 0
        self.shed = 0
        self._queues: dict[tuple[str, str], SendQueue] = {}
        self._workers: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._since: dict[str, datetime] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[bytes]] = {}
        self._epochs: dict[tuple[str, str], int] = {}
        self._wake = asyncio.Event()
        self._released: set[Link] = set()

    @property
    def size(self) -> int:
        """How many entries wait to be taken."""
        return self._size

    def has_room(self, more: int = 0) -> bool:
        """Whether new work may be begun that sends something, beside what is about to be added."""
        return self._size + more < self._most

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest of them waits in this run."""
        return min(self._since.values(), default=None)

    def hold(self, link: Link) -> None:
        """Publish nothing on nodes of ours until they are verified: ejabberd makes missing ones."""
        self._released.discard(link)

    def release(self, link: Link) -> None:
        """Publish again."""
        self._released.add(link)
        self.wake()

    def add(self, entry: Outgoing, group: Group) -> None:
        """Queue an entry that is already kept."""
        key = (entry.link, entry.destination)
        queue = self._queues.setdefault(key, SendQueue())
        old = queue.add(entry)
        self._size += 1
        if old is not None:
            self._gone(old, queue)
        self._since.setdefault(entry.id, self._clock.now())
        if key not in self._workers:
            name = f"outbox {entry.link} {entry.destination}"
            self._workers[key] = group.create_task(self._work(key), name=name)
        self._make_room(sending_rank(entry))

    def _make_room(self, rank: Rank) -> None:
        """Shed what must yield to an entry of a rank that was added."""
        too_many = self._size - share_of(rank, self._most)
        if too_many <= 0:
            return
        waiting = (
            Waiting(entry, self._since[entry.id], queue, place)
            for queue in self._queues.values()
            if queue.able
            for place, entry in queue.waiting()
        )
        shed = yielding(waiting, rank, too_many, self._most)
        for each in shed:
            each.queue.remove(each.place)
            self._gone(each.entry, each.queue)
            self._settled(Outcome(each.entry, condition=SHED, reason="too much waits to be sent"))
        self.shed += len(shed)
        if shed:
            log.warning("too much waits to be sent: readings yield, then status", shed=len(shed))

    def wake(self) -> None:
        """Try again now, and at once what is being tried just now and fails."""
        self._wake.set()
        self._wake = asyncio.Event()

    def see(self, seen: PresenceChanged) -> None:
        """Take note of a peer's coming and going; what it was asked in another life is asked anew.

        Nobody answers it any more, and the time that waiting takes is lost to what comes after.
        """
        key = seen.link.value, str(seen.sender)
        epoch = seen.leadership.epoch if seen.leadership else None
        is_new = epoch is not None and self._epochs.get(key, epoch) != epoch
        if epoch is not None:
            self._epochs[key] = epoch
        if is_new or not seen.is_available:
            asking = self._asking.pop(key, None)
            if asking:
                asking.cancel()
        if seen.is_available:
            self.wake()

    async def _work(self, key: tuple[str, str]) -> None:
        queue = self._queues[key]
        failures = 0
        while queue:
            wake, entry = self._wake, queue.take()
            outcome = await self._attempt(entry)
            if outcome is None:
                queue.give_back()
                failures += 1
                await self._pause(failures, wake)
                continue
            failures = 0
            queue.done()
            self._gone(entry, queue)
            self._settled(outcome)
        del self._workers[key], self._queues[key]

    def _gone(self, entry: Outgoing, queue: SendQueue) -> None:
        """Forget an entry, unless it waits a second time: a version may be published again."""
        self._size -= 1
        if not queue.holds(entry.id):
            self._since.pop(entry.id, None)

    async def _attempt(self, entry: Outgoing) -> Outcome | None:
        """Send once; None when it should be tried again."""
        if self._clock.now() >= entry.expires:
            return Outcome(entry, condition="expired", reason="nobody took it in time")
        link = Link(entry.link)
        transport = self._transports[link]
        is_held = link.is_lower and link not in self._released
        if not transport.is_up or (entry.kind != "transact" and is_held):
            return None
        try:
            return Outcome(entry, reply=await self._send(transport, entry))
        except RefusedError as error:
            if error.is_temporary:
                log.debug("not taken yet", destination=entry.destination, why=str(error))
                return None
            return Outcome(entry, condition=error.condition, reason=error.text or str(error))
        except TransportError as error:
            log.debug("not sent yet", destination=entry.destination, why=str(error))
            return None

    async def _send(self, transport: Transport, entry: Outgoing) -> bytes:
        if entry.kind == "transact":
            return await self._ask(transport, entry)
        service = self._services(Link(entry.link))
        if service is None:
            raise TransportError("the pubsub service is not known yet")
        node, item = entry.destination, entry.item_id
        if entry.kind == "retract":
            await transport.retract(service, node, item)
        else:
            access = Access.OPEN if node in self._open_nodes else Access.WHITELIST
            await transport.publish(service, node, item, entry.payload, access=access)
        return b""

    async def _ask(self, transport: Transport, entry: Outgoing) -> bytes:
        """Ask a peer as long as it lives; raises TransportError when it does not."""
        key, to = (entry.link, entry.destination), Jid.parse(entry.destination)
        request = transport.request(to, entry.payload, is_query=False, timeout=_TIMEOUT_S)
        asking = asyncio.create_task(request, name=f"asks {to}")
        self._asking[key] = asking
        try:
            return await asking
        except asyncio.CancelledError:
            if self._asking.get(key) is asking:
                raise
            raise TransportError(f"{to} went away") from None
        finally:
            if self._asking.get(key) is asking:
                del self._asking[key]

    async def _pause(self, failures: int, wake: asyncio.Event) -> None:
        """Wait with full jitter, or until something has come back since the attempt began."""
        longest = min(_SHORTEST_S * 2 ** min(failures, 10), _LONGEST_S)
        pause = timedelta(seconds=random.uniform(0.1, longest))  # noqa: S311 no secret
        asleep = self._clock.sleep_until(self._clock.now() + pause)
        sleep = asyncio.create_task(asleep, name="outbox asleep")
        woken = asyncio.create_task(wake.wait(), name="outbox woken")
        try:
            await asyncio.wait({sleep, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            woken.cancel()
            await asyncio.gather(sleep, woken, return_exceptions=True)
