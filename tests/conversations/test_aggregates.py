"""What a gateway adds up says what it rests upon, at every level above (3.1.1)."""

import pytest

from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.reading import Quality
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(180)]

MEASURED = (2, 2, 0, Quality.VALID)


@pytest.fixture
async def operator(world):
    """A VTN over a gateway over a gateway over two sites."""
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "level-2")
    world.gateway("level-2", "agg-1-sites", "site-1", "site-2")
    world.site("site-1", "level-2-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "level-2-sites", Meter("m2", 8000, 6000))
    world.start()
    client = await world.operator("grid")

    async def is_known():
        (member,) = (await client.members()).members
        told = member.power_w, member.decrease_w, member.availability
        return told == (13_000, 9000, Availability.AVAILABLE)

    await world.until(is_known, 60)
    yield client
    await client.stop()


async def capability(operator):
    """Return who stands behind the gateway's capability, how much is estimated, how good it is."""
    (member,) = (await operator.ask(Verb.GET, Noun.MEMBERS, ids=("agg-1",))).body.members
    (resource,) = member.resources
    rests = resource.estimated_share_permille, resource.quality
    return resource.power_w, (resource.expected, resource.reporting, *rests)


async def sums(operator, count=1):
    """Return the newest sums of readings, and the same of each."""
    found = (await operator.ask(Verb.GET, Noun.READINGS)).body.readings
    last = sorted(found, key=lambda each: each.window.end)[-count:]
    return [
        (each.power_w, (each.expected, each.reporting, each.estimated_share_permille, each.quality))
        for each in last
    ]


async def test_what_a_level_below_estimates_is_seen_as_such_until_all_is_measured_again(
    world, operator
):
    async def is_whole():
        told = [await capability(operator), *await sums(operator)]
        return told == [(13_000, MEASURED)] * 2

    await world.until(is_whole, 40)
    await world.stop("site-1")
    guessed = (2, 1, 385, Quality.ESTIMATED)

    async def is_guessed():
        told = [await capability(operator), *await sums(operator)]
        return told == [(13_000, guessed)] * 2

    await world.until(is_guessed, 60)
    await world.restart("site-1")
    await world.until(is_whole, 60)


async def test_the_baseline_of_all_who_stand_behind_a_gateway_is_stated_before_an_event(
    world, operator
):
    async def are_whole():
        return await sums(operator, 4) == [(13_000, MEASURED)] * 4

    await world.until(are_whole, 40)
    event = await operator.dispatch(81, -4500, start_in=16, answer_in=14, seconds=60)

    async def is_stated():
        (share,) = (await operator.record(event)).shares
        return share.opt is Opt.IN and share.stated is not None and share.stated.is_whole

    await world.until(is_stated, 30)
    record = await operator.record(event)
    (share,) = record.shares
    stated = share.stated
    assert stated.power_w == 13_000
    assert stated.made <= record.active.start
    rests = stated.estimated_share_permille, stated.quality
    assert (stated.expected, stated.reporting, *rests) == MEASURED
    assert stated.oldest < stated.made
    await operator.cancel(event)
