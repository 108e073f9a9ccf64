"""The scripted day on both real servers, a quarter of an hour in less than a second."""

from datetime import timedelta

import pytest

from tests.day.judging import crossings, differences, spans_held
from tests.day.play import Day, Pace, begun
from tests.day.script import SITES
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import ServerCarrier
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing
from xmpp_cem.testing.world import World

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

HOST = "xmpp.localhost"
LOST = "site-15"
STEPS = 92
PACE = Pace(
    step=timedelta(seconds=0.9),
    control=timedelta(seconds=0.3),
    report=timedelta(seconds=3),
    heartbeat=timedelta(seconds=2),
    lost_s=10,
    lease=timedelta(seconds=25),
)
SLACK = timedelta(seconds=3)
"""How long a message may take on a machine that does other things too."""


@pytest.fixture(params=["prosody", "ejabberd"])
async def endpoint(request, tmp_path):
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    names = (*SITES, "operator", "vtn-grid")
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in names]
    domains = [DomainSpec("grid", "vtn-grid")]
    server = await PrivateServer.start(request.param, tmp_path, accounts, domains)
    yield server.endpoint
    await server.stop()


async def test_a_day_on_a_real_server_is_as_reckoned_and_crosses_no_limit(endpoint):
    stores = {}
    async with Relay(endpoint.port).serving() as relay:

        def cut(_account):
            relay.drop()
            relay.cut()

        carrier = ServerCarrier(endpoint, {f"{LOST}@{HOST}": relay.port})
        world = World(carrier, lambda party: stores.setdefault(party, MemoryStore()))
        day = Day(world, PACE, STEPS, cut, lambda _account: relay.mend())
        operator = await begun(day)
        day.begins = world.clock.now() + timedelta(seconds=4)
        await day.play(operator)
        await operator.stop()
        await world.stop()
    assert differences(day, slack=SLACK // PACE.control, is_exact=False) == []
    assert crossings(day, grace=SLACK, every=timedelta(seconds=0.1)) == []
    assert spans_held(day, LOST)
