"""A real server under a clock that the script moves: time waits for all that is under way."""

import asyncio
import heapq
import inspect
import time
from collections import Counter

from xmpp_cem.model.link import Delivery, LinkDown, PresenceSeen
from xmpp_cem.testing.carriers import ServerCarrier
from xmpp_cem.testing.clock import ManualClock

QUIET_S = 0.01
"""So long nothing must have come or gone before all counts as arrived. Notifications are awaited
one by one: who is to be told of an item is known."""

LOST_S = 20.0
"""A notification that has not come by then is lost: servers may drop them."""


class Traffic:
    """What is under way between the parties of this process; times are of the real clock."""

    def __init__(self):
        self.open = 0
        self.stanzas = 0
        self.lost = set()
        self.cut = set()
        self.gone = set()
        self._quiet_from = 0.0
        self._subscribers = {}
        self._links = {}
        self._due = Counter()
        self._due_until = 0.0

    def is_busy(self):
        """Whether anything may still arrive before time goes on."""
        now = time.monotonic()
        if self._due and now > self._due_until:
            self.lost |= {account for account, _, _ in self._due}
            self._due.clear()
        if self.open or self._due or now < self._quiet_from:
            return True
        return any(link.is_wanted and not link.is_up for link in self._links.values())

    def touch(self):
        """Note that something has come or gone."""
        self.stanzas += 1
        self._quiet_from = time.monotonic() + QUIET_S

    def joins(self, account, link):
        """Note the connection of an account, in place of an earlier one."""
        self._links[account] = link

    def subscribes(self, account, node):
        """Note who is to be told of a node's items."""
        self._subscribers.setdefault(node, set()).add(account)

    def expects(self, node, item):
        """Note that all who are there are told of an item; return what takes that back."""
        told = [
            (account, node, item)
            for account in self._subscribers.get(node, ())
            if self._links[account].is_up
        ]
        self._due.update(told)
        self._due_until = time.monotonic() + LOST_S
        return lambda: [self._arrives(each) for each in told]

    def sees(self, account, what):
        """Note what a connection tells us."""
        self.touch()
        if isinstance(what, PresenceSeen) and not what.is_available:
            self.gone.add(what.sender.bare)
        elif isinstance(what, Delivery):
            self._arrives((account, what.node, what.item_id))
        elif isinstance(what, LinkDown):
            for each in [due for due in self._due if due[0] == account]:
                del self._due[each]

    def _arrives(self, due):
        if self._due[due] <= 1:
            del self._due[due]
        else:
            self._due[due] -= 1


class Watched:
    """A connection all of whose sendings are noted."""

    def __init__(self, account, stream, traffic):
        self._account, self._stream, self._traffic = account, stream, traffic
        self._runs = False
        traffic.joins(account, self)

    @property
    def is_wanted(self):
        """Whether it is about to connect, if it has not."""
        return self._runs and self._account not in self._traffic.cut

    def __getattr__(self, name):
        found = getattr(self._stream, name)
        if not inspect.ismethod(found):
            return found
        return self._awaited(found) if inspect.iscoroutinefunction(found) else self._said(found)

    def _said(self, call):
        def say(*arguments, **named):
            self._traffic.touch()
            return call(*arguments, **named)

        return say

    def _awaited(self, call):
        async def ask(*arguments, **named):
            self._traffic.open += 1
            try:
                return await call(*arguments, **named)
            finally:
                self._traffic.open -= 1
                self._traffic.touch()

        return ask

    async def run(self):
        self._runs = True
        try:
            await self._stream.run()
        finally:
            self._runs = False

    async def subscribe(self, service, node):
        await self._awaited(self._stream.subscribe)(service, node)
        self._traffic.subscribes(self._account, node)

    async def publish(self, service, node, item_id, payload, **named):
        take_back = self._traffic.expects(node, item_id)
        try:
            await self._awaited(self._stream.publish)(service, node, item_id, payload, **named)
        except BaseException:
            take_back()
            raise


class SteppedClock(ManualClock):
    """A manual clock that wakes all who wait for one instant together: real servers take time."""

    def __init__(self, start, traffic):
        super().__init__(start, is_busy=traffic.is_busy)
        self.instants = 0

    async def advance(self, delta):
        end = self._now + delta
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            if self._wake(self._sleepers[0][0]):
                self.instants += 1
                await self.settle()
        self._now = end

    def _wake(self, at):
        """Wake whoever still waits for an instant; return whether there was anybody."""
        waiting = []
        while self._sleepers and self._sleepers[0][0] == at:
            waiting.append(heapq.heappop(self._sleepers)[2])
        waiting = [each for each in waiting if not each.done()]
        if waiting:
            self._now = at
        for each in waiting:
            each.set_result(None)
        return bool(waiting)


class SteppedCarrier(ServerCarrier):
    """Carries over a private server under a clock of the script.

    Args:
        endpoint: the server.
        start: the first instant.
        relays: bare addresses to the relay by which they connect.
    """

    def __init__(self, endpoint, start, relays):
        super().__init__(endpoint, {bare: relay.port for bare, relay in relays.items()})
        self.traffic = Traffic()
        self.clock = SteppedClock(start, self.traffic)
        self._by_relay = relays

    def stream(self, address, deliver, admits, services):
        def take(what):
            self.traffic.sees(address.bare, what)
            deliver(what)

        return Watched(address.bare, super().stream(address, take, admits, services), self.traffic)

    async def pass_time(self, length):
        await self.clock.advance(length)

    async def lose(self, bare):
        """Break an account's connection, both ends told; none comes back before `find`."""
        self.traffic.cut.add(bare)
        self.traffic.gone.discard(bare)
        self._by_relay[bare].drop()
        self._by_relay[bare].cut()
        async with asyncio.timeout(10):
            while bare not in self.traffic.gone:  # noqa: ASYNC110 it is real time that passes
                await asyncio.sleep(0.01)

    async def find(self, bare):
        """Let an account connect again."""
        self._by_relay[bare].mend()
        self.traffic.cut.discard(bare)
