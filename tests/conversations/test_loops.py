"""A hierarchy that was wired in a circle: nothing goes round in it (3.1.1)."""

from datetime import timedelta

import pytest
import structlog.testing

from xmpp_cem.core.capability import MOST_AT_ONCE
from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(25)]

ALARM = "an event goes in a circle"


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
    world.start()
    operator = await world.operator("agg-1-sites")

    async def shown():
        members = {m.party: m for m in (await operator.members()).members}
        return all(members[name].decrease_w for name in ("agg-2", "site-1"))

    await world.until(shown, 60)
    yield operator
    await operator.stop()


async def test_an_event_in_a_circle_stops_where_it_comes_by_again_with_an_alarm(world, circle):
    with structlog.testing.capture_logs() as told:
        event = await circle.dispatch(97, -2000, start_in=10, answer_in=8, seconds=30)
        await world.until(lambda: any(line["event"] == ALARM for line in told), 30)
        await world.until(lambda: world.meters["site-1"].set_point is not None, 30)
    (alarm,) = [line for line in told if line["event"] == ALARM]
    assert (alarm["log_level"], alarm["domain"], alarm["hop"]) == ("error", "agg-1-sites", "2")
    held = [each for gateway in gateways(world) for each in gateway.ven.book.commitments.values()]
    assert sorted(commitment.hop for commitment in held) == [0, 1, 2]
    (last,) = [commitment for commitment in held if commitment.hop == 2]
    assert last.answer.opt is Opt.OUT
    await circle.cancel(event)
    await world.until(lambda: world.meters["site-1"].power_w == 5000, 30)
    assert all(
        not each.is_live for g in gateways(world) for each in g.ven.book.commitments.values()
    )


async def test_before_any_event_it_goes_round_at_the_pace_of_changes_not_of_the_wire(world, circle):
    await world.carrier.pass_time(timedelta(seconds=60))
    after = [gateway.ven.state.record.revision for gateway in gateways(world)]
    assert max(after) <= MOST_AT_ONCE + 60 // 10 + 5


async def test_a_circle_comes_to_rest_after_the_first_event_that_comes_back(world, circle):
    event = await circle.dispatch(98, -2000, start_in=10, answer_in=8, seconds=30)

    async def shown():
        return [(m.party, m.decrease_w) for m in (await circle.members()).members]

    async def is_broken():
        return await shown() == [("agg-2", 0), ("site-1", 3000)]

    await world.until(is_broken, 60)
    await circle.cancel(event)
    one, other = gateways(world)
    revisions = [gateway.ven.state.record.revision for gateway in (one, other)]
    await world.carrier.pass_time(timedelta(seconds=60))
    assert await is_broken()
    after = [gateway.ven.state.record.revision for gateway in (one, other)]
    assert after[1] == revisions[1]
    assert after[0] - revisions[0] <= 2
    assert all(len(sums.parts) == 1 for sums in list(one.vtn.metering.summing.sums.values())[-5:])
    assert other.concerns(world.clock.now())


def gateways(world):
    return [world.parties[name].engine._role for name in ("agg-1", "agg-2")]
