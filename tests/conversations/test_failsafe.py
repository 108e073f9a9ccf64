"""What a site holds by itself when its VTN or its server is gone, and how it comes back."""

from datetime import timedelta

import pytest

from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


@pytest.fixture
async def meter(world):
    """A site of 5 kW that takes 2 kW when it has not heard its VTN for 10 s."""
    world.heartbeat = timedelta(seconds=2)
    world.failsafe = FailsafeSettings(
        import_w=2000, export_w=0, vtn_lost_s=10, server_lost_s=10, longest_delay_s=0
    )
    made = Meter("m1", 5000, 3000)
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", made)
    return made


async def test_a_site_that_finds_no_vtn_holds_its_limit_until_one_is_there(world, meter):
    world.start("site-1")
    await world.until(lambda: meter.power_w == 2000, 10)
    world.start("grid")
    await world.until(lambda: meter.power_w == 5000, 40)


async def test_a_site_falls_back_when_its_vtn_is_gone_and_takes_events_again(world, meter):
    world.start()
    operator = await world.operator("grid")

    async def is_free():
        (member,) = (await operator.members()).members
        return member.revision > 0 and meter.power_w == 5000

    await world.until(is_free, 40)
    await world.stop("grid")
    await world.until(lambda: meter.power_w == 2000, 30)
    await world.restart("grid")
    await world.until(lambda: meter.power_w == 5000, 40)

    async def is_ready():
        (member,) = (await operator.members()).members
        return member.availability == "available"

    await world.until(is_ready, 40)
    event = await operator.dispatch(95, -1000, start_in=8, answer_in=6, seconds=20)

    async def is_in():
        return [share.opt for share in (await operator.record(event)).shares] == [Opt.IN]

    await world.until(is_in, 20)
    await world.until(lambda: meter.power_w == 4000, 20)
    await operator.cancel(event)
    await operator.stop()
