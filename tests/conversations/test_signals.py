"""Limits, prices, levels and set points go down, and are kept (clause 4.3, figures 2 and 5)."""

from decimal import Decimal

import pytest

from xmpp_cem.core.timeline.response import By, CurveStep, ResponseCurve, Watts
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.signal import Delta, Direction, Level, Limit, Price, TargetPower
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


def registered(operator, count):
    async def all_there():
        members = (await operator.members()).members
        ready = [
            m for m in members if m.availability is Availability.AVAILABLE and m.decrease_w > 0
        ]
        return len(ready) == count

    return all_there


def answered(operator, event, *opts):
    async def all_said():
        return [s.opt for s in (await operator.record(event)).shares] == list(opts)

    return all_said


def limit(limit_w, **changes):
    return Limit(limit_w=limit_w, direction=Direction.IMPORT, **changes)


def saver(resource):
    """Respond to a price from 0.30 EUR and to level 2 with 1000 W."""
    price = CurveStep(at_least=Decimal("0.30"), do=Watts(power_w=1000))
    level = CurveStep(at_least=Decimal(2), do=Watts(power_w=1000))
    return {
        resource: (
            ResponseCurve(by=By.PRICE, unit="EUR", steps=(price,)),
            ResponseCurve(by=By.LEVEL, steps=(level,)),
        )
    }


async def test_a_group_s_limit_is_kept_by_its_members_and_divided_anew_without_one(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 5000))
    world.site("site-2", "grid", Meter("m2", 5000, 5000))
    world.start()
    operator = await world.operator("grid")
    await world.until(registered(operator, 2))
    event = await operator.give(1, limit(6000), seconds=60)
    await world.until(answered(operator, event, Opt.IN, Opt.IN))
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3000, 3000])
    await world.stop("site-1")
    await world.until(lambda: world.meters["site-2"].power_w == 1000)
    record = await operator.record(event)
    assert record.asked == limit(6000)
    assert {s.party: s.counted_w for s in record.shares} == {"site-1": 5000, "site-2": None}
    await operator.cancel(event)
    await world.until(lambda: world.meters["site-2"].power_w == 5000)
    await operator.stop()


async def test_a_mandatory_limit_admits_no_opt_out_and_an_override_is_an_alarm(world):
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 5000))
    world.meters["site-1"].refuses = True
    world.start()
    operator = await world.operator("grid")
    await world.until(registered(operator, 1))
    event = await operator.give(2, limit(2000, is_mandatory=True), seconds=60)
    await world.until(lambda: world.meters["site-1"].power_w == 2000)
    world.meters["site-1"].is_overridden = True

    async def alarmed():
        return "local override" in (await operator.record(event)).shares[0].alarm

    await world.until(alarmed, 40)
    await operator.stop()


async def test_a_price_and_a_level_are_followed_by_who_has_a_curve(world):
    world.responses["site-1"] = saver("m1")
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 5000))
    world.site("site-2", "grid", Meter("m2", 5000, 5000))
    world.start()
    operator = await world.operator("grid")
    await world.until(registered(operator, 2))
    price = Price(per_kwh=Decimal("0.35"), currency="EUR")
    event = await operator.give(3, price, seconds=12)
    await world.until(answered(operator, event, Opt.IN, Opt.OUT))
    record = await operator.record(event)
    assert (record.asked, record.promised_w) == (price, -4000)
    assert "responds to prices in EUR" in record.shares[1].reason
    await world.until(lambda: world.meters["site-1"].power_w == 1000)
    await world.until(lambda: world.meters["site-1"].set_point is None, 30)
    await operator.give(4, Level(level=2), seconds=12)
    await world.until(lambda: world.meters["site-1"].power_w == 1000)
    assert world.meters["site-2"].power_w == 5000
    await operator.stop()


async def test_limits_and_prices_cascade_and_the_answer_waits_for_the_sites(world):
    world.responses["site-2"] = saver("m2")
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 5000))
    world.site("site-2", "agg-1-sites", Meter("m2", 5000, 5000))
    world.start()
    grid = await world.operator("grid")
    sites = await world.operator("agg-1-sites")
    await world.until(registered(sites, 2), 40)
    await world.until(registered(grid, 1), 40)

    async def all_known():
        return [m.decrease_w for m in (await grid.members()).members] == [10_000]

    await world.until(all_known, 40)
    bound = await grid.give(5, limit(4000), seconds=60, start_in=6, answer_in=5)
    await world.until(answered(grid, bound, Opt.IN))
    assert (await grid.record(bound)).shares[0].reason == "2 of 2 members"
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [2000, 2000])
    dear = await grid.give(
        6, Price(per_kwh=Decimal("0.35"), currency="EUR"), seconds=30, start_in=6, answer_in=5
    )
    await world.until(answered(grid, dear, Opt.IN))
    assert (await grid.record(dear)).shares[0].reason == "1 of 2 members"
    await world.until(lambda: world.meters["site-2"].power_w == 1000)
    assert world.meters["site-1"].power_w == 2000
    await grid.stop()
    await sites.stop()


async def test_a_set_point_is_for_those_that_are_meant_and_refused_where_none_is(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 5000))
    world.site("site-2", "grid", Meter("m2", 5000, 5000))
    world.start()
    operator = await world.operator("grid")
    await world.until(registered(operator, 2))
    with pytest.raises(AssertionError, match="no member has the resources m3"):
        await operator.give(7, TargetPower(power_w=2000), seconds=20, resources=("m3",))
    event = await operator.give(8, TargetPower(power_w=2000), seconds=20, resources=("m2",))
    await world.until(lambda: world.meters["site-2"].power_w == 2000)
    assert world.meters["site-1"].power_w == 5000
    assert [s.party for s in (await operator.record(event)).shares] == ["site-2"]
    await operator.stop()


async def test_what_is_asked_may_change_within_the_event(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 5000))
    world.site("site-2", "grid", Meter("m2", 5000, 5000))
    world.start()
    operator = await world.operator("grid")
    await world.until(registered(operator, 2))
    await operator.give(9, Delta(power_w=-2000), seconds=30, then=(10, Delta(power_w=-4000)))
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [4000, 4000])
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3000, 3000], 30)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [5000, 5000], 40)
    assert world.meters["site-1"].set_points == [None, 4000, 3000, None]
    await operator.stop()


async def test_a_set_point_for_several_is_reached_by_all_together(world):
    """Whoever says no stays as it is, and the others do the rest."""
    world.vtn("grid", "site-1", "site-2", "site-3")
    for number in (1, 2, 3):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 5000))
    world.start()
    operator = await world.operator("grid")
    await world.until(registered(operator, 3))
    event = await operator.give(10, TargetPower(power_w=9000), seconds=60)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3000, 3000, 3000])
    record = await operator.record(event)
    assert (record.asked, record.promised_w) == (TargetPower(power_w=9000), -6000)
    world.meters["site-1"].is_overridden = True
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [5000, 2000, 2000], 40)
    await operator.cancel(event)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [5000, 5000, 5000])
    await operator.stop()


async def test_a_set_point_goes_through_a_gateway_and_its_members_sum_to_it(world):
    world.vtn("grid", "agg-1", "site-3")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    for number in (1, 2):
        world.site(f"site-{number}", "agg-1-sites", Meter(f"m{number}", 5000, 5000))
    world.site("site-3", "grid", Meter("m3", 5000, 5000))
    world.start()
    grid = await world.operator("grid")

    async def all_known():
        members = (await grid.members()).members
        return [m.decrease_w for m in members] == [10_000, 5000]

    await world.until(all_known, 40)
    event = await grid.give(11, TargetPower(power_w=6000), seconds=60, start_in=6, answer_in=5)
    await world.until(answered(grid, event, Opt.IN, Opt.IN))
    record = await grid.record(event)
    assert [(s.promised_w, s.asked.power_w) for s in record.shares] == [
        (-6000, 4000),
        (-3000, 2000),
    ]
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [2000, 2000, 2000], 40)
    await grid.stop()
