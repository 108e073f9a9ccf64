"""A hierarchy that was wired in a circle: nothing goes round in it (3.1.1)."""

from datetime import timedelta

import pytest
import structlog.testing

from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(60)]

ALARM = "the domain above is below us too"


@pytest.fixture(scope="module", params=["memory"])
def server(request):
    """In memory alone: a minute of rest is a minute on a server."""
    return request.param


@pytest.fixture
async def circle(world):
    """Each of two gateways is a member of the other; one has a site besides."""
    world.gateway("agg-1", "agg-2-sites", "agg-2", "site-1")
    world.gateway("agg-2", "agg-1-sites", "agg-1")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    with structlog.testing.capture_logs() as told:
        world.start()
        await world.carrier.pass_time(timedelta(seconds=15))
    operator = await world.operator("agg-1-sites")
    yield operator, told
    await operator.stop()


async def test_a_circle_is_seen_before_any_event_with_an_alarm(world, circle):
    _, told = circle
    assert any(line["event"] == ALARM and line["log_level"] == "error" for line in told)
    assert any(gateway._cascading.circles.links for gateway in gateways(world))


async def test_once_it_is_seen_no_number_goes_round_and_one_gateway_lets_go(world, circle):
    operator, _ = circle
    await world.carrier.pass_time(timedelta(minutes=11))
    revisions = [gateway.ven.state.record.revision for gateway in gateways(world)]
    assert [bool(g._cascading.circles.links) for g in gateways(world)].count(True) == 1
    assert [bool(g.concerns(world.clock.now())) for g in gateways(world)].count(True) == 1
    await world.carrier.pass_time(timedelta(minutes=11))
    after = [gateway.ven.state.record.revision for gateway in gateways(world)]
    assert all(now - then <= 3 for now, then in zip(after, revisions, strict=True))
    shown = {m.party: m.decrease_w for m in (await operator.members()).members}
    assert shown == {"agg-2": 0, "site-1": 3000}
    one = gateways(world)[0]
    assert all(each.power_w <= 5000 for each in one.vtn.metering.summing.sums.values())


async def test_an_event_reaches_what_is_really_there_and_ends_where_the_circle_is_open(
    world, circle
):
    operator, _ = circle
    event = await operator.dispatch(97, -2000, start_in=10, answer_in=8, seconds=30)
    await world.until(lambda: world.meters["site-1"].set_point is not None, 30)
    held = [each for g in gateways(world) for each in g.ven.book.commitments.values()]
    assert len(held) <= 2
    assert [c.answer.opt for c in held if c.hop == 2 and c.answer] in ([], [Opt.OUT])
    await operator.cancel(event)
    await world.until(lambda: world.meters["site-1"].power_w == 5000, 30)
    assert all(
        not each.is_live for g in gateways(world) for each in g.ven.book.commitments.values()
    )


@pytest.mark.usefixtures("circle")
async def test_where_the_circle_is_taken_apart_the_gateway_comes_back(world):
    await world.carrier.pass_time(timedelta(minutes=11))
    lets_go = next(g for g in gateways(world) if g._cascading.circles.links)
    other = next(g for g in gateways(world) if g is not lets_go)
    await world.stop(next(n for n in ("agg-1", "agg-2") if role(world, n) is other))
    await world.carrier.pass_time(timedelta(minutes=11))
    assert not lets_go._cascading.circles.links


def gateways(world):
    return [role(world, name) for name in ("agg-1", "agg-2")]


def role(world, name):
    return world.parties[name].engine._role
