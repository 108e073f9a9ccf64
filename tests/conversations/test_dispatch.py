"""An event goes down, answers come up, power moves, readings show it (clause 5.5)."""

from datetime import timedelta

import pytest

from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


async def ready(operator, count):
    """All members have registered and are usable."""

    async def registered():
        members = (await operator.members()).members
        return (
            sum(m.availability is Availability.AVAILABLE and m.decrease_w > 0 for m in members)
            == count
        )

    return registered


async def test_a_vtn_divides_an_event_over_its_sites_and_they_deliver_it(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await world.until(await ready(operator, 2))
    event = await operator.dispatch(1, -4500, seconds=12)

    async def answered():
        record = await operator.record(event)
        return [s.opt for s in record.shares] == [Opt.IN, Opt.IN]

    await world.until(answered)
    record = await operator.record(event)
    assert {s.party: s.promised_w for s in record.shares} == {"site-1": -1500, "site-2": -3000}
    await world.until(lambda: world.meters["site-2"].power_w == 5000)
    await world.until(lambda: world.meters["site-1"].power_w == 3500)

    async def completed():
        return (await operator.record(event)).status is EventStatus.COMPLETED

    await world.until(completed, 30)
    await world.until(lambda: world.meters["site-1"].set_point is None)

    async def measured():
        return (await operator.record(event)).delivered_w == -4500

    await world.until(measured)
    assert world.meters["site-1"].set_points == [None, 3500, None]
    await operator.stop()


async def test_an_override_opts_out_and_the_rest_is_divided_anew(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await world.until(await ready(operator, 2))
    event = await operator.dispatch(2, -4500, seconds=30)
    await world.until(lambda: world.meters["site-1"].power_w == 3500)
    world.meters["site-1"].is_overridden = True

    async def divided():
        record = await operator.record(event)
        return {s.party: s.promised_w for s in record.shares} == {"site-1": 0, "site-2": -4500}

    await world.until(divided)
    record = await operator.record(event)
    by_party = {s.party: s for s in record.shares}
    assert by_party["site-1"].opt is Opt.OUT
    assert by_party["site-1"].reason == "local override"
    assert by_party["site-1"].availability is Availability.OPTED_OUT
    assert record.redivisions == 1
    await world.until(lambda: world.meters["site-2"].power_w == 3500)
    assert world.meters["site-1"].power_w == 5000
    await operator.stop()


async def test_a_lost_site_is_seen_and_the_rest_is_divided_anew(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await world.until(await ready(operator, 2))
    event = await operator.dispatch(3, -4500, seconds=30)
    await world.until(lambda: world.meters["site-2"].power_w == 5000)
    await world.stop("site-1")
    await world.until(lambda: world.meters["site-2"].power_w == 3500)
    record = await operator.record(event)
    by_party = {s.party: s for s in record.shares}
    assert by_party["site-1"].availability is Availability.UNREACHABLE
    assert record.promised_w == -4500
    await operator.stop()


async def test_a_cancel_releases_every_site(world):
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await world.until(await ready(operator, 1))
    event = await operator.dispatch(4, -2000, seconds=60)
    await world.until(lambda: world.meters["site-1"].power_w == 3000)
    await operator.cancel(event)
    await world.until(lambda: world.meters["site-1"].set_point is None)
    assert (await operator.record(event)).status is EventStatus.CANCELLED
    await operator.stop()


async def test_an_event_cascades_and_the_answers_roll_up_to_one(world):
    world.vtn("grid", "agg-1", "agg-2")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.gateway("agg-2", "grid", "site-3", "site-4")
    for number in (1, 2, 3, 4):
        meter = Meter(f"m{number}", 5000, 3000)
        world.site(f"site-{number}", f"agg-{(number + 1) // 2}-sites", meter)
    world.start()
    grid = await world.operator("grid")
    sites = await world.operator("agg-1-sites")
    await world.until(await ready(sites, 2), 40)
    await world.until(await ready(grid, 2), 40)

    async def all_known():
        return [m.decrease_w for m in (await grid.members()).members] == [6000, 6000]

    await world.until(all_known, 40)
    event = await grid.dispatch(5, -6000, start_in=6, answer_in=5, seconds=40)

    async def answered():
        return [s.opt for s in (await grid.record(event)).shares] == [Opt.IN, Opt.IN]

    await world.until(answered)
    record = await grid.record(event)
    assert [s.promised_w for s in record.shares] == [-3000, -3000]
    assert {s.reason for s in record.shares} == {"2 of 2 members"}
    await world.until(lambda: all(m.power_w == 3500 for m in world.meters.values()))
    await world.stop("site-1")
    await world.until(lambda: world.meters["site-2"].power_w == 2000, 30)
    world.meters["site-2"].is_overridden = True

    async def carried_by_the_other():
        record = await grid.record(event)
        return [s.promised_w for s in record.shares] == [0, -6000]

    await world.until(carried_by_the_other, 30)
    await world.until(lambda: world.meters["site-3"].power_w == 2000, 30)
    await grid.stop()
    await sites.stop()


async def test_who_is_overridden_now_is_asked_for_later_and_counts_by_its_yes(world):
    """An override with an end refuses what begins before it, and nothing later."""
    world.vtn("grid", "site-1", "site-2")
    for number in (1, 2):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await world.until(await ready(operator, 2))
    meter = world.meters["site-1"]
    meter.is_overridden, meter.overridden_until = True, world.clock.now() + timedelta(hours=1)

    async def kept():
        members = (await operator.members()).members
        return Availability.OPTED_OUT in {m.availability for m in members}

    await world.until(kept, 30)

    def shared(event, expected):
        async def is_shared():
            shares = (await operator.record(event)).shares
            found = {s.party: s.promised_w for s in shares if s.opt is Opt.IN}
            return found == expected

        return is_shared

    soon = await operator.dispatch(61, -2000, start_in=600, seconds=60)
    await world.until(shared(soon, {"site-2": -2000}))
    later = await operator.dispatch(62, -4000, start_in=7200, seconds=60)
    await world.until(shared(later, {"site-1": -2000, "site-2": -2000}))
    await operator.stop()
