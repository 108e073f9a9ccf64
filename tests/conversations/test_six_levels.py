"""Six levels: what is asked above is done at the bottom, and every sum on the way up is right."""

import pytest

from xmpp_cem.messages.envelope import MAX_HOPS
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(180)]

GATEWAYS = ("agg-1", "level-2", "level-3", "level-4")
SITES = ("site-1", "site-2")


@pytest.fixture
async def operator(world):
    """A VTN, four gateways below each other, and two sites at the bottom: levels 0 to 5."""
    world.vtn("grid", GATEWAYS[0])
    upper = "grid"
    for name, below in zip(GATEWAYS, [*((g,) for g in GATEWAYS[1:]), SITES], strict=True):
        world.gateway(name, upper, *below)
        upper = f"{name}-sites"
    world.site("site-1", upper, Meter("m1", 5000, 3000))
    world.site("site-2", upper, Meter("m2", 8000, 6000))
    world.start()
    client = await world.operator("grid")

    async def shown():
        (member,) = (await client.members()).members
        return (member.availability, member.decrease_w) == (Availability.AVAILABLE, 9000)

    await world.until(shown, 90)
    yield client
    await client.stop()


async def test_an_event_goes_down_six_levels_and_everything_comes_up_again(world, operator):
    assert len(GATEWAYS) + 2 == 6 <= MAX_HOPS

    async def promised(power_w):
        (share,) = (await operator.record(event)).shares
        return (share.opt, share.promised_w) == (Opt.IN, power_w)

    event = await operator.dispatch(95, -4500, start_in=16, answer_in=14, seconds=60)
    await world.until(lambda: promised(-4500), 20)
    await world.until(lambda: powers(world) == [3500, 5000], 30)

    async def delivered():
        return (await operator.record(event)).delivered_w == -4500

    await world.until(delivered, 40)
    world.meters["site-1"].is_overridden = True
    await world.until(lambda: powers(world) == [5000, 3500], 40)
    await world.until(lambda: promised(-4500), 20)
    await world.until(delivered, 40)
    await operator.cancel(event)
    await world.until(lambda: powers(world) == [5000, 8000], 30)
    assert all(meter.set_points[-1] is None for meter in world.meters.values())


def powers(world):
    return [world.meters[name].power_w for name in SITES]
