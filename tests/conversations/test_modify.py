"""Events that are changed before and while they act, through the levels of a hierarchy."""

import pytest

from xmpp_cem.messages.envelope import Result
from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


@pytest.fixture
async def operator(world):
    """A gateway with two sites below it, and an operator above."""
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "agg-1-sites", Meter("m2", 8000, 6000))
    world.start()
    client = await world.operator("grid")

    async def is_ready():
        (member,) = (await client.members()).members
        return member.decrease_w == 9000

    await world.until(is_ready, 60)
    yield client
    await client.stop()


def powers(world):
    return [world.meters[name].power_w for name in ("site-1", "site-2")]


async def promised(world, operator, event, power_w):
    async def is_promised():
        record = await operator.record(event)
        (share,) = record.shares
        return (share.opt, share.promised_w) == (Opt.IN, power_w)

    await world.until(is_promised, 30)


async def test_a_change_before_and_during_an_event_reaches_every_level(world, operator):
    event = await operator.dispatch(81, -4500, start_in=30, answer_in=8, seconds=60)
    await promised(world, operator, event, -4500)
    start = world.clock.now()
    assert await operator.change(event, -3000, start, 60) is Result.OK
    await promised(world, operator, event, -3000)
    await world.until(lambda: powers(world) == [4000, 6000], 30)
    assert await operator.change(event, -9000, start, 90) is Result.OK
    await promised(world, operator, event, -9000)
    await world.until(lambda: powers(world) == [2000, 2000], 30)
    assert (await operator.record(event)).active.duration.total_seconds() == 90
    assert await operator.change(event, -9000, start, 1) is Result.FAILED
    await operator.cancel(event)
    await world.until(lambda: powers(world) == [5000, 8000], 30)
    assert all(meter.set_points[-1] is None for meter in world.meters.values())


async def test_a_change_while_the_gateway_is_away_is_found_afterwards(world, operator):
    event = await operator.dispatch(82, -4500, start_in=20, answer_in=8, seconds=60)
    await promised(world, operator, event, -4500)
    await world.stop("agg-1")
    start = world.clock.now()
    await operator.change(event, -1800, start, 80)
    await world.restart("agg-1")
    await promised(world, operator, event, -1800)
    await world.until(lambda: powers(world) == [4400, 6800], 30)
    await operator.cancel(event)
    await world.until(lambda: powers(world) == [5000, 8000], 30)
