"""One hierarchy: a VTN, a gateway that is a process of its own, and three sites."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from xmpp_cem.agents.application import Decision
from xmpp_cem.errors import TransportError
from xmpp_cem.kills.books import Books
from xmpp_cem.kills.gateway import Nest
from xmpp_cem.kills.names import SITES, Names
from xmpp_cem.kills.warden import Warden
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.meter import Meter
from xmpp_cem.testing.operating import OperatorClient
from xmpp_cem.testing.site import Endpoint
from xmpp_cem.testing.world import World

_PATIENCE_S = 60.0
_ANSWER_S = 15.0
_LOOK_S = 0.4


class Customer(Meter):
    """A site that remembers which versions of which events it was asked about."""

    def __init__(self, power_w: int, decrease_w: int) -> None:
        super().__init__("meter", power_w, decrease_w)
        self.versions: list[tuple[str, Order]] = []

    async def answer(self, event: Event, power_w: int) -> Decision:
        """Answer as a meter does."""
        self.versions.append((event.id, event.order))
        return await super().answer(event, power_w)


@dataclass(frozen=True)
class Mark:
    """A new event, and what was so before it: keys of records, and what each site had been told."""

    event: str
    keys: frozenset[str]
    told: Mapping[str, int]
    asked: Mapping[str, int]


_NOBODY = "no member is reachable and ready"


class NotBegunError(Exception):
    """The gateway was away when an event was to begin: killed at what the one before had left."""


class Tree:
    """A hierarchy; every wait raises AssertionError when it is in vain.

    Args:
        number: from 1.
        world: the parties that are not killed.
        endpoint: the server.
        folder: where the gateway keeps its files.
        pace: by how much longer events last, and members have to answer, than they need to.
    """

    def __init__(
        self, number: int, world: World, endpoint: Endpoint, folder: Path, pace: float
    ) -> None:
        self.names = names = Names(number)
        self._pace = pace
        self._world = world
        self.sites = {name: Customer(*watts) for name, watts in SITES.items()}
        nest = Nest(endpoint, names.gateway, names.top, names.sites, folder)
        self.warden = Warden(nest)
        self._books = Books(names, world, nest.store)
        world.vtn(names.top, names.gateway)
        for name, meter in zip(names.sites, self.sites.values(), strict=True):
            world.site(name, names.lower, meter)
        self._operator: OperatorClient | None = None
        self._events = 0

    async def start(self) -> None:
        """Start everybody, and wait until they have found each other."""
        self.warden.start()
        self._world.start(self.names.top, *self.names.sites)
        self._operator = await self._world.operator(self.names.top)

    async def stop(self) -> None:
        """End the gateway and the operator."""
        self.warden.stop()
        if self._operator:
            await self._operator.stop()

    def calm(self) -> None:
        """Let every site do again what it is asked."""
        for site in self.sites.values():
            site.is_overridden = site.refuses = False

    async def recover(self) -> None:
        """Come to rest after a play that was broken off."""
        await self.warden.disarm()
        self.calm()
        await self._until("the operator is answered", self._is_answered)
        for event in await self._books.going_on():
            await self.cancel(event)
        await self.until_ready()

    async def _is_answered(self) -> bool:
        try:
            await self._asking.members()
        except TransportError:
            return False
        return True

    async def mark(self) -> Mark:
        """Name a new event, and note what is there before it."""
        self._events += 1
        return Mark(
            event=str(UUID(int=self.names.number * 10**6 + self._events)),
            keys=await self._books.keys(),
            told={name: len(site.set_points) for name, site in self.sites.items()},
            asked={name: len(site.versions) for name, site in self.sites.items()},
        )

    async def ending(self, mark: Mark) -> dict[str, Any]:
        """Return how an event ended, in words that are the same for each tree and event."""
        told = {name: site.set_points[mark.told[name] :] for name, site in self.sites.items()}
        asked = {name: site.versions[mark.asked[name] :] for name, site in self.sites.items()}
        twice = {name: len(each) - len(set(each)) for name, each in asked.items()}
        kept = await self._books.since(mark.event, mark.keys)
        return kept | {"devices were told": told, "asked twice of one version": twice}

    async def until_ready(self) -> None:
        """Wait until all are known with all that they can do, and nothing waits to be sent."""
        await self._until("all are back", self._books.are_ready)

    async def until_promised(self, event: str, power_w: int) -> None:
        """Wait until the gateway has promised the VTN a change of power, W."""
        await self._until(f"{power_w} W promised", lambda: self._books.is_promised(event, power_w))

    async def until_powers(self, *powers_w: int) -> None:
        """Wait until the sites have these powers, W."""

        async def are_so() -> bool:
            return tuple(site.power_w for site in self.sites.values()) == powers_w

        await self._until(f"powers of {powers_w} W", are_so)

    async def until_over(self, event: str) -> None:
        """Wait until an event has ended for the VTN, and no device is told anything."""

        async def are_free() -> bool:
            return all(site.set_point is None for site in self.sites.values())

        await self._until("it has ended", lambda: self._books.is_over(event))
        await self._until("all are free", are_free)

    def soon(self, start_in: float, seconds: float) -> Interval:
        """Return a time that begins in so many seconds, longer with the pace."""
        start = self._world.clock.now() + timedelta(seconds=self._pace * start_in)
        return Interval(start=start, end=start + timedelta(seconds=self._pace * seconds))

    async def ask(self, verb: Verb, event: str, power_w: int, active: Interval) -> None:
        """Create or change an event: a change of power, W.

        Raises:
            NotBegunError: nobody is there for a new event.
            AssertionError: the VTN does not take it for another reason.
        """
        now = self._world.clock.now()
        wanted = Event(
            id=event,
            order=Order(epoch=0, modification=0),
            active=active,
            signal=Delta(power_w=power_w),
            created=now,
            answer_by=min(now + timedelta(seconds=self._pace * _ANSWER_S), active.end),
        )
        reply = await self._asking.ask(verb, Noun.CONTROLS, EndDeviceControls(events=(wanted,)))
        if verb is Verb.CREATE and _NOBODY in [error.reason for error in reply.errors]:
            raise NotBegunError
        if reply.result == "FAILED":
            raise AssertionError(f"the VTN did not take it: {reply.errors}")

    async def cancel(self, event: str) -> None:
        """Cancel an event."""
        await self._asking.cancel(event)

    async def _until(self, what: str, is_true: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is true; looking costs the processor that everybody shares."""
        seconds = self._pace * _PATIENCE_S
        end = time.monotonic() + seconds
        while not await is_true():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds:.0f} s: {what}")
            await asyncio.sleep(_LOOK_S)

    @property
    def _asking(self) -> OperatorClient:
        if self._operator is None:
            raise RuntimeError("the tree was never started")
        return self._operator
