"""Divisions that ask each member for its own share, through the levels of a hierarchy."""

import pytest

from xmpp_cem.allocations.in_order import MERIT_ORDER
from xmpp_cem.core.vtn.vtnstate import Terms
from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


async def asked(operator, event):
    return {share.party: share.asked_w for share in (await operator.record(event)).shares}


@pytest.fixture
async def operator(world):
    """A grid that asks the cheapest first: site-3, then the gateway agg-1 with its two sites."""
    world.allocations["grid"] = MERIT_ORDER
    world.terms |= {"agg-1": Terms(price=2), "site-3": Terms(price=1)}
    world.vtn("grid", "agg-1", "site-3")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "agg-1-sites", Meter("m2", 8000, 6000))
    world.site("site-3", "grid", Meter("m3", 4000, 2000))
    world.start()
    client = await world.operator("grid")

    async def is_ready():
        return {m.party: m.decrease_w for m in (await client.members()).members} == {
            "agg-1": 9000,
            "site-3": 2000,
        }

    await world.until(is_ready, 60)
    yield client
    await client.stop()


def powers(world):
    return [world.meters[name].power_w for name in ("site-1", "site-2", "site-3")]


async def test_each_member_is_asked_for_its_own_and_an_override_moves_it_to_the_others(
    world, operator
):
    event = await operator.dispatch(91, -5000, start_in=12, answer_in=8, seconds=60)
    assert await asked(operator, event) == {"agg-1": -3000, "site-3": -2000}

    async def are_in():
        shares = (await operator.record(event)).shares
        return [share.opt for share in shares] == [Opt.IN, Opt.IN]

    await world.until(are_in, 20)
    await world.until(lambda: powers(world) == [4000, 6000, 2000], 40)
    world.meters["site-3"].is_overridden = True

    async def is_carried():
        return (await asked(operator, event))["agg-1"] == -5000

    await world.until(is_carried, 20)
    await world.until(lambda: powers(world)[2] == 4000 and sum(powers(world)[:2]) == 8000, 30)
    await operator.cancel(event)
    await world.until(lambda: powers(world) == [5000, 8000, 4000], 30)


async def test_shares_survive_a_restart_of_vtn_and_gateway(world, operator):
    event = await operator.dispatch(92, -5000, start_in=20, answer_in=8, seconds=60)

    async def are_in():
        shares = (await operator.record(event)).shares
        return [share.opt for share in shares] == [Opt.IN, Opt.IN]

    await world.until(are_in, 20)
    await world.restart("grid")
    await world.restart("agg-1")
    await world.until(lambda: powers(world) == [4000, 6000, 2000], 60)
    await operator.cancel(event)
    await world.until(lambda: powers(world) == [5000, 8000, 4000], 30)
