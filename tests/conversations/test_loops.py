"""A hierarchy that was wired in a circle: nothing goes round in it (3.1.1)."""

import pytest
import structlog.testing

from xmpp_cem.model.answer import Opt
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]

ALARM = "an event goes in a circle"


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


def gateways(world):
    return [world.parties[name].engine._role for name in ("agg-1", "agg-2")]
