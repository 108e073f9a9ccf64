"""A hundred members that fall silent at once are all noticed within 30 s, and all come back."""

import asyncio
import dataclasses
import time
from datetime import timedelta

import pytest

from xmpp_cem.model.availability import Availability
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import ServerCarrier
from xmpp_cem.testing.meter import Meter
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing
from xmpp_cem.testing.world import World

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]

HOST = "xmpp.localhost"
SITES = tuple(f"site-{number}" for number in range(100))


def world_of(endpoint):
    return World(
        ServerCarrier(endpoint),
        lambda _: MemoryStore(),
        heartbeat=timedelta(seconds=60),
        report_every=timedelta(seconds=60),
    )


@pytest.fixture(params=["prosody", "ejabberd"])
async def server(request, tmp_path):
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    names = ("vtn-grid", *SITES)
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in names]
    domains = [DomainSpec("grid", "vtn-grid")]
    started = await PrivateServer.start(request.param, tmp_path / "server", accounts, domains)
    yield started
    await started.stop()


async def until_reached(vtn, count, seconds):
    """Wait until so many members are there; return after how long."""
    began = time.monotonic()
    while True:
        there = [m for m in vtn.members.values() if m.availability is not Availability.UNREACHABLE]
        if len(there) == count:
            return round(time.monotonic() - began, 1)
        assert time.monotonic() - began < seconds, f"{len(there)} are there"
        await asyncio.sleep(0.2)


async def test_a_hundred_members_cut_off_at_once_are_lost_within_30_s(server):
    async with Relay(server.endpoint.port).serving() as relay:
        upper = world_of(server.endpoint)
        sites = world_of(dataclasses.replace(server.endpoint, port=relay.port))
        vtn = upper.vtn("grid", *SITES)._role
        for number, name in enumerate(SITES):
            sites.site(name, "grid", Meter(f"m{number}", 5000, 3000))
        upper.start()
        sites.start()
        try:
            began = await until_reached(vtn, len(SITES), 90)
            await asyncio.sleep(20)
            await until_reached(vtn, len(SITES), 10)
            relay.cut()
            lost = await until_reached(vtn, 0, 30)
            relay.drop()
            back = await until_reached(vtn, len(SITES), 60)
            print(  # noqa: T201 it measures
                f"{server.endpoint.kind}: all there {began} s, lost {lost} s, back {back} s"
            )
        finally:
            await sites.stop()
            await upper.stop()
