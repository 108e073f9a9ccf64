"""A cascade at every moment: policies, early changes and cancels, expiry, shortfalls."""

from datetime import timedelta

import pytest

from xmpp_cem.core.cascade.settings import Policy
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import lower_event_id
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


class Weak(Meter):
    """A site that promises everything and does a part of it."""

    part = 1.0

    @property
    def power_w(self):
        change_w = super().power_w - self.free_w
        return self.free_w + int(change_w * self.part)


async def led(world, policy=Policy.FIRM, beside=()):
    """Return the operators above and below a gateway with two sites."""
    world.vtn("grid", "agg-1", *beside)
    for name in beside:
        world.site(name, "grid", Meter("m3", 6000, 3000))
    world.junction("agg-1", ("grid",), {"agg-1-sites": ("site-1", "site-2")}, policy)
    world.site("site-1", "agg-1-sites", Weak("m1", 5000, 3000))
    world.site("site-2", "agg-1-sites", Weak("m2", 8000, 6000))
    world.start()
    above, below = await world.operator("grid"), await world.operator("agg-1-sites")

    async def is_ready():
        able = {each.party: each.decrease_w for each in (await above.members()).members}
        return able == {"agg-1": 9000} | dict.fromkeys(beside, 3000)

    await world.until(is_ready, 60)
    return above, below


async def until_answered(world, operator, event, opt, power_w, seconds=20):
    async def is_answered():
        (share,) = (await operator.record(event)).shares
        return (share.opt, share.promised_w) == (opt, power_w)

    await world.until(is_answered, seconds)
    (share,) = (await operator.record(event)).shares
    return share


async def until_asked(world, *sites):
    await world.until(lambda: all(world.meters[site].asked for site in sites), 20)


async def stop(*operators):
    for operator in operators:
        await operator.stop()


async def test_firm_says_nothing_before_the_silent_have_missed_their_deadline(world):
    above, below = await led(world)
    world.meters["site-2"].hesitates = True
    event = await above.dispatch(61, -4500, start_in=30, answer_in=12, seconds=30)
    await until_asked(world, "site-1")
    asked = world.clock.now()
    (share,) = (await above.record(event)).shares
    assert share.opt is None
    share = await until_answered(world, above, event, Opt.IN, -3000)
    assert share.reason.startswith("1 of 2 members")
    assert "1.5 kW of 4.5 kW cannot be covered" in share.reason
    assert world.clock.now() - asked > timedelta(seconds=5)
    assert (await above.record(event)).event == event
    await stop(above, below)


@pytest.mark.parametrize(
    ("policy", "power_w", "reason"),
    [
        (Policy.EXPECTED, -3000, "1 silent: 1.5 kW by what they kept so far"),
        (Policy.IMMEDIATE, -4500, "2 silent: 4.5 kW by what they can do"),
    ],
)
async def test_other_policies_count_on_the_silent_at_once_and_say_so(
    world, policy, power_w, reason
):
    above, below = await led(world, policy)
    world.meters["site-2"].hesitates = True
    event = await above.dispatch(62, -4500, start_in=60, answer_in=40, seconds=30)
    share = await until_answered(world, above, event, Opt.IN, power_w)
    assert reason in share.reason
    await above.cancel(event)
    await stop(above, below)


async def test_a_change_while_the_first_plan_is_being_answered_is_answered_for_itself(world):
    above, below = await led(world)
    world.meters["site-2"].hesitates = True
    event = await above.dispatch(63, -4500, start_in=20, answer_in=15, seconds=30)
    await until_asked(world, "site-1")
    start = (await above.record(event)).active.start
    world.meters["site-2"].hesitates = False
    assert await above.change(event, -1800, start, 30) is Result.OK
    await until_answered(world, above, event, Opt.IN, -1800)
    powers = {"site-1": 4400, "site-2": 6800}
    await world.until(lambda: {s: world.meters[s].power_w for s in powers} == powers, 40)
    await above.cancel(event)
    await stop(above, below)


async def test_a_cancel_while_the_first_plan_is_being_answered_releases_everybody(world):
    above, below = await led(world)
    world.meters["site-2"].hesitates = True
    event = await above.dispatch(64, -4500, start_in=20, answer_in=15, seconds=30)
    await until_asked(world, "site-1")
    lower = lower_event_id(event, "agg-1-sites")
    await above.cancel(event)

    async def is_over():
        return (await below.record(lower)).status is EventStatus.CANCELLED

    await world.until(is_over, 20)
    world.meters["site-2"].hesitates = False
    await world.until(passed(world, 22), 40)
    (share,) = (await above.record(event)).shares
    assert share.opt is None
    assert not any(w for site in ("site-1", "site-2") for w in world.meters[site].set_points)
    await stop(above, below)


async def test_an_event_that_is_over_before_the_gateway_hears_of_it_asks_nobody(world):
    above, below = await led(world, beside=("site-3",))
    await world.stop("agg-1")
    event = await above.dispatch(65, -2000, start_in=3, answer_in=2, seconds=4)
    await world.until(passed(world, 9), 20)
    await world.restart("agg-1")

    async def is_back():
        (member, _) = (await above.members()).members
        return member.decrease_w == 9000 and member.availability is Availability.AVAILABLE

    await world.until(is_back, 60)
    await world.until(passed(world, 3), 20)
    reply = await below.ask(Verb.GET, Noun.DISPATCH, ids=(lower_event_id(event, "agg-1-sites"),))
    assert reply.result is Result.FAILED
    record = await above.record(event)
    assert record.status is EventStatus.COMPLETED
    assert [s.party for s in record.shares if s.opt is Opt.IN] == ["site-3"]
    assert not any(world.meters[site].asked for site in ("site-1", "site-2"))
    await stop(above, below)


async def test_who_delivers_too_little_is_made_up_for_and_what_nobody_covers_is_told_above(world):
    above, below = await led(world)
    world.meters["site-1"].part = 0.5
    event = await above.dispatch(66, -4500, start_in=8, answer_in=6, seconds=100)
    await until_answered(world, above, event, Opt.IN, -4500)
    await world.until(lambda: world.meters["site-2"].power_w == 8000 - 3750, 50)
    lower = await below.record(lower_event_id(event, "agg-1-sites"))
    assert lower.redivisions == 1
    assert "site-1" in lower.why
    await until_answered(world, above, event, Opt.IN, -4500)
    world.meters["site-2"].part = 0.5

    async def is_told():
        (share,) = (await above.record(event)).shares
        return share.promised_w > -4000 and "cannot be covered" in share.model_dump_json()

    await world.until(is_told, 60)
    await above.cancel(event)
    await stop(above, below)


def passed(world, seconds):
    """Return whether so many seconds have passed, from now on."""
    end = world.clock.now() + timedelta(seconds=seconds)
    return lambda: world.clock.now() >= end
