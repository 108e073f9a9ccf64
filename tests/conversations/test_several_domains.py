"""A gateway in several domains above and below (4.3, figures 7 and 8)."""

import pytest

from xmpp_cem.allocations.in_order import ROTATION
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.signal import Direction, Limit, TargetPower
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]

BELOW = {"agg-1-sites": ("site-1", "site-2"), "west-sites": ("site-3", "site-4")}


@pytest.fixture
async def between(world):
    """`grid` and `dso-b` above one gateway, which leads two domains of two sites."""
    world.accounts["agg-1", "dso-b"] = world.account("agg-1-b")
    for above in ("grid", "dso-b"):
        world.vtn(above, "agg-1")
    world.junction("agg-1", ("grid", "dso-b"), BELOW)
    for domain, sites in BELOW.items():
        for site in sites:
            world.site(site, domain, Meter(f"m-{site}", 5000, 2000))
    world.start()
    return world


async def operator_of(world, domain, decrease_w=8000):
    """Return a domain's operator, once the gateway shows there what its sites can do."""
    operator = await world.operator(domain)

    async def shown():
        (member,) = (await operator.members()).members
        return member.decrease_w == decrease_w and member.availability is Availability.AVAILABLE

    await world.until(shown, 40)
    return operator


async def answered(world, operator, event, opt):
    """Return the gateway's share of an event, once it answered so."""

    async def is_answered():
        return [s.opt for s in (await operator.record(event)).shares] == [opt]

    await world.until(is_answered)
    (share,) = (await operator.record(event)).shares
    return share


async def test_one_event_above_is_divided_over_two_domains_below(between):
    operator = await operator_of(between, "grid")
    event = await operator.dispatch(1, -6000, seconds=12)
    share = await answered(between, operator, event, Opt.IN)
    assert (share.promised_w, share.reason) == (-6000, "4 of 4 members")
    sites = [site for sites in BELOW.values() for site in sites]
    await between.until(lambda: all(between.meters[s].power_w == 3500 for s in sites))
    await operator.cancel(event)
    await between.until(lambda: all(between.meters[s].power_w == 5000 for s in sites))
    await operator.stop()


async def test_a_domain_that_falls_short_is_made_up_for_by_the_other(between):
    operator = await operator_of(between, "grid")
    event = await operator.dispatch(2, -4000, seconds=30)
    await between.until(lambda: between.meters["site-1"].power_w == 4000)
    await between.stop("site-3", "site-4")
    await between.until(lambda: between.meters["site-1"].power_w == 3000, 40)
    record = await operator.record(event)
    assert (record.shares[0].promised_w, record.redivisions) == (-4000, 0)
    await operator.stop()


async def test_two_domains_above_do_not_get_the_same_kilowatts(between):
    grid, other = await operator_of(between, "grid"), await operator_of(between, "dso-b")
    first = await grid.dispatch(3, -4000, start_in=600)
    await answered(between, grid, first, Opt.IN)
    second = await other.dispatch(4, -4000, start_in=600)
    share = await answered(between, other, second, Opt.OUT)
    assert "are committed to an event that goes first" in share.reason
    await grid.cancel(first)
    share = await answered(between, other, second, Opt.IN)
    assert share.promised_w == -4000
    await grid.stop()
    await other.stop()


async def test_who_comes_second_gets_what_the_first_has_left(between):
    """The allocation calls few members with all they have, so that others are left whole."""
    for domain in BELOW:
        between.allocations[domain] = ROTATION
    await between.restart("agg-1")
    grid, other = await operator_of(between, "grid"), await operator_of(between, "dso-b")
    first = await grid.dispatch(7, -3000, start_in=600)
    share = await answered(between, grid, first, Opt.IN)
    assert share.promised_w == -3000
    second = await other.dispatch(8, -8000, start_in=600)
    share = await answered(between, other, second, Opt.IN)
    assert share.promised_w == -4000
    assert "2 are committed to an event that goes first" in share.reason
    urgent = await other.dispatch(9, -8000, start_in=600, priority=1)
    share = await answered(between, other, urgent, Opt.IN)
    assert share.promised_w == -8000

    async def yields():
        return [s.promised_w for s in (await grid.record(first)).shares] == [0]

    await between.until(yields, 30)
    await grid.stop()
    await other.stop()


async def test_one_site_that_two_vtns_want_is_promised_to_one_and_the_other_is_told_why(world):
    world.accounts["agg-1", "dso-b"] = world.account("agg-1-b")
    for above in ("grid", "dso-b"):
        world.vtn(above, "agg-1")
    world.junction("agg-1", ("grid", "dso-b"), {"agg-1-sites": ("site-1",)})
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 2000))
    world.start()
    grid, other = await operator_of(world, "grid", 2000), await operator_of(world, "dso-b", 2000)
    first = await grid.dispatch(21, -1500, start_in=600)
    assert (await answered(world, grid, first, Opt.IN)).promised_w == -1500
    second = await other.dispatch(22, -2000, start_in=600)
    share = await answered(world, other, second, Opt.OUT)
    assert share.promised_w == 0
    assert "1 are committed to an event that goes first" in share.reason
    urgent = await other.dispatch(23, -2000, start_in=600, priority=1)
    assert (await answered(world, other, urgent, Opt.IN)).promised_w == -2000
    share = await answered(world, grid, first, Opt.OUT)
    assert "1 are committed to an event that goes first" in share.reason
    await grid.stop()
    await other.stop()


async def test_what_is_committed_to_one_domain_is_not_offered_to_another(between):
    grid, other = await operator_of(between, "grid"), await operator_of(between, "dso-b")
    first = await grid.dispatch(6, -4000, seconds=20)
    await answered(between, grid, first, Opt.IN)

    async def taken():
        (member,) = (await other.members()).members
        return member.decrease_w == 0 and member.availability is Availability.LIMITED

    await between.until(taken)
    await grid.cancel(first)
    await (await operator_of(between, "dso-b")).stop()
    await grid.stop()
    await other.stop()


async def test_both_domains_above_see_the_same_readings(between):
    grid, other = await operator_of(between, "grid"), await operator_of(between, "dso-b")

    async def read(operator):
        return [m.power_w for m in (await operator.members()).members] == [20000]

    await between.until(lambda: read(grid))
    await between.until(lambda: read(other))
    await grid.stop()
    await other.stop()


async def test_a_gateway_in_several_domains_goes_on_after_a_restart(between):
    operator = await operator_of(between, "grid")
    event = await operator.dispatch(5, -6000, seconds=30)
    await answered(between, operator, event, Opt.IN)
    await between.restart("agg-1")
    await between.until(lambda: between.meters["site-4"].power_w == 3500)

    async def stands():
        record = await operator.record(event)
        return record.promised_w == -6000 and record.redivisions == 0

    await between.until(stands, 40)
    await operator.stop()


async def test_a_limit_is_divided_over_two_domains_below_and_kept_by_all(between):
    operator = await operator_of(between, "grid")
    limit = Limit(limit_w=14_000, direction=Direction.IMPORT)
    event = await operator.give(20, limit, seconds=60, start_in=6, answer_in=5)
    share = await answered(between, operator, event, Opt.IN)
    assert share.reason == "4 of 4 members"
    sites = [site for sites in BELOW.values() for site in sites]
    await between.until(lambda: [between.meters[s].power_w for s in sites] == [3500] * 4, 40)
    await operator.cancel(event)
    await between.until(lambda: [between.meters[s].power_w for s in sites] == [5000] * 4)
    await operator.stop()


async def test_a_set_point_is_reached_by_two_domains_together(between):
    """A site that is taken back in one domain is made up for by the other."""
    operator = await operator_of(between, "grid")
    event = await operator.give(
        21, TargetPower(power_w=18_000), seconds=240, start_in=6, answer_in=5
    )
    await answered(between, operator, event, Opt.IN)
    sites = [site for sites in BELOW.values() for site in sites]
    await between.until(lambda: [between.meters[s].power_w for s in sites] == [4500] * 4, 40)

    async def reported():
        return (await operator.record(event)).delivered_w == -2000

    await between.until(reported, 60)
    for site in BELOW["west-sites"]:
        between.meters[site].is_overridden = True
    powers = [4000, 4000, 5000, 5000]
    await between.until(lambda: [between.meters[s].power_w for s in sites] == powers, 60)
    await operator.stop()
