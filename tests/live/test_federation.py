"""A domain whose VTN is on one server and whose VENs are on another one, over s2s."""

import asyncio
import itertools
import os

import pytest
import trustme

from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import ServerCarrier
from xmpp_cem.testing.meter import Meter
from xmpp_cem.testing.names import name_server
from xmpp_cem.testing.server import Account, DomainSpec, Federation, PrivateServer, missing
from xmpp_cem.testing.world import World

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

EAST, WEST = "east.federation.example", "west.federation.example"
SITES = ("site-1", "site-2")
NETS = itertools.count(os.getpid())
"""Each pair of servers has addresses of its own: s2s needs the port that it is always on."""


def accounts(host, *names):
    return [Account(f"{name}@{host}", f"pw-{name}") for name in names]


class Pair:
    """Two servers that believe each other's authority, or do not."""

    def __init__(self, folder, dns):
        net = NETS.__next__() % 250 + 1
        self.addresses = {EAST: f"127.0.{net}.2", WEST: f"127.0.{net}.3"}
        self.folder, self.dns = folder, dns
        self.authorities = {EAST: trustme.CA(), WEST: trustme.CA()}
        self.servers = []

    @property
    def names(self):
        east = self.addresses[EAST]
        return {**self.addresses, f"pubsub-grid.{EAST}": east}

    async def start(self, kind, host, *names, believes=True):
        """Start a server; without `believes` the other one's authority is unknown to it."""
        other = self.authorities[WEST if host == EAST else EAST] if believes else trustme.CA()
        federation = Federation(self.addresses[host], self.dns, self.authorities[host], (other,))
        domains = [DomainSpec("grid", "vtn-grid")] if host == EAST else []
        server = await PrivateServer.start(
            kind, self.folder / host, accounts(host, *names), domains, federation=federation
        )
        self.servers.append(server)
        return server.endpoint


@pytest.fixture(params=[("prosody", "ejabberd"), ("ejabberd", "prosody")], ids="-".join)
def kinds(request):
    """The VTN's server and that of its VENs."""
    for kind in request.param:
        if reason := missing(kind):
            pytest.skip(reason)
    return request.param


@pytest.fixture
async def pair(tmp_path):
    names = {}
    async with name_server(names) as port:
        made = Pair(tmp_path, port)
        names.update(made.names)
        yield made
        await asyncio.gather(*(server.stop() for server in made.servers))


def world_of(east, west):
    carrier = ServerCarrier(east, elsewhere=dict.fromkeys(SITES, west))
    stores = {}
    world = World(carrier, lambda party: stores.setdefault(party, MemoryStore()))
    world.vtn("grid", *SITES)
    for number, site in enumerate(SITES, 1):
        world.site(site, "grid", Meter(f"m{number}", 5000, 3000))
    return world


async def test_a_vtn_dispatches_vens_on_a_federated_server(pair, kinds):
    east = await pair.start(kinds[0], EAST, "vtn-grid", "operator")
    west = await pair.start(kinds[1], WEST, *SITES)
    world = world_of(east, west)
    world.start()
    operator = await world.operator("grid")

    async def here():
        members = (await operator.members()).members
        return [m.availability for m in members if m.revision] == [Availability.AVAILABLE] * 2

    await world.until(here, 40)
    event = await operator.dispatch(91, -3000, seconds=10)

    async def promised():
        shares = (await operator.record(event)).shares
        return [(s.opt, s.promised_w) for s in shares] == [(Opt.IN, -1500)] * 2

    await world.until(promised)
    await world.until(lambda: all(m.power_w == 3500 for m in world.meters.values()))

    async def measured():
        record = await operator.record(event)
        return record.status is EventStatus.COMPLETED and record.delivered_w == -3000

    await world.until(measured, 40)
    await world.stop("site-1")

    async def lost():
        members = {m.party: m for m in (await operator.members()).members}
        return members["site-1"].availability is Availability.UNREACHABLE

    await world.until(lost, 40)
    await operator.stop()
    await world.stop()


async def test_a_server_whose_authority_is_unknown_gets_nothing_through(pair, kinds):
    ends = [
        (await pair.start(kinds[0], EAST, "vtn-grid", believes=False), "vtn-grid", "vtn"),
        (await pair.start(kinds[1], WEST, "site-1"), "site-1", "ven"),
    ]
    addresses = [Jid(f"{name}@{end.xmpp_host}", to) for end, name, to in ends]
    streams = [
        ServerCarrier(end).stream(address, lambda _: None, lambda _: True, set())
        for (end, _, _), address in zip(ends, addresses, strict=True)
    ]
    running = [asyncio.create_task(stream.run()) for stream in streams]
    async with asyncio.timeout(30):
        while not all(stream.is_up for stream in streams):  # noqa: ASYNC110 no event tells it
            await asyncio.sleep(0.05)
    assert not await streams[0].ping(addresses[1], 5)
    assert not await streams[1].ping(addresses[0], 5)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
