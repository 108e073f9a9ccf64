import asyncio
import contextlib

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, PresenceSeen, RequestReceived
from xmpp_cem.model.node import Affiliation, NodeName, NodeSpec
from xmpp_cem.testing.bus import Bus
from xmpp_cem.testing.clock import ManualClock

HOST = "xmpp.example"
SERVICE = Jid("pubsub.xmpp.example")


class Peer:
    """A party on the bus that notes what reaches it."""

    def __init__(self, bus, name, resource, **options):
        self.address = Jid(f"{name}@{HOST}", resource)
        self.seen = []
        settings = {"admits": lambda _: True, "services": {str(SERVICE)}} | options
        self.stream = bus.stream(self.address, self.seen.append, **settings)
        self.running = None

    def start(self):
        self.running = asyncio.create_task(self.stream.run())

    async def stop(self):
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    def of(self, kind):
        return [value for value in self.seen if isinstance(value, kind)]

    @property
    def deliveries(self):
        return [value.item_id for value in self.of(Delivery)]

    @property
    def presences(self):
        return self.of(PresenceSeen)

    @property
    def request(self):
        (request,) = self.of(RequestReceived)
        return request


class World:
    """A bus under a manual clock, with the peers that run on it."""

    def __init__(self, kind):
        self.clock = ManualClock()
        self.bus = Bus(
            kind, admins={str(SERVICE): {f"vtn@{HOST}", f"vtn2@{HOST}"}}, clock=self.clock
        )
        self.kind = kind
        self.peers = []

    async def peer(self, name, resource="r", **options):
        peer = Peer(self.bus, name, resource, **options)
        self.peers.append(peer)
        peer.start()
        await self.clock.settle()
        return peer

    async def node(self, owner, name, *members, **more):
        affiliations = {f"{m}@{HOST}": Affiliation.MEMBER for m in members}
        affiliations |= more.pop("others", {})
        spec = NodeSpec(NodeName(name), "Title", "For", affiliations=affiliations, **more)
        return await owner.stream.ensure_node(SERVICE, spec, repair=False)

    @contextlib.asynccontextmanager
    async def asking(self, coroutine):
        task = asyncio.create_task(coroutine)
        await self.clock.settle()
        yield task
        assert task.done()


@pytest.fixture(params=["prosody", "ejabberd"])
async def world(request):
    world = World(request.param)
    yield world
    for peer in world.peers:
        await peer.stop()
    await world.clock.settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
