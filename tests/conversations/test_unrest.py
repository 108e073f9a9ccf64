"""Members that come and go, and gateways in a circle: what goes up stays calm and true (3.1.1)."""

import itertools
from datetime import timedelta

import pytest
import structlog.testing

from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import lower_event_id
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]

SITES = ("site-1", "site-2", "site-3")
ALARM = "the domain above is below us too"
SHOW_EVERY = timedelta(seconds=4)


async def led(world):
    """Return the operator above a gateway with three sites, once it shows what they can do."""
    world.show_every = SHOW_EVERY
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", *SITES)
    for number, site in enumerate(SITES):
        world.site(site, "agg-1-sites", Meter(f"m{number}", 5000, 3000))
    world.start()
    above = await world.operator("grid")

    async def is_ready():
        (member,) = (await above.members()).members
        return (member.decrease_w, member.availability) == (9000, Availability.AVAILABLE)

    await world.until(is_ready, 60)
    return above


def role(world, party):
    return world.parties[party].engine._role


async def test_what_flaps_below_is_shown_above_at_most_once_per_interval_and_a_loss_at_once(world):
    above = await led(world)
    gateway, shown = role(world, "agg-1"), []
    begin = world.clock.now()

    def flaps():
        now = world.clock.now()
        world.meters["site-1"].is_overridden = (now - begin).seconds % 2 == 0
        seen = role(world, "grid").member("agg-1").availability
        if not shown or shown[-1][1] is not seen:
            shown.append((now, seen))
        below.add((now, gateway.vtn.member("site-1").availability))
        return now - begin > 3 * SHOW_EVERY and shown[-1][0] == now

    below = set()
    await world.until(flaps, 30)
    changes = [one for one, _ in shown[1:]]
    states = [state for _, state in sorted(below, key=lambda each: each[0])]
    flips = sum(a is not b for a, b in itertools.pairwise(states))
    assert len(changes) <= (changes[-1] - begin) / SHOW_EVERY + 1
    assert flips > len(changes) + 1
    await world.stop(*SITES)
    gone = world.clock.now()
    await world.until(
        lambda: role(world, "grid").member("agg-1").availability is Availability.OUT_OF_SERVICE
    )
    assert world.clock.now() - gone < SHOW_EVERY - timedelta(seconds=0.5)
    await above.stop()


async def behind(above):
    """Return how many parties stand behind the gateway, and how many of them report."""
    (member,) = (await above.ask(Verb.GET, Noun.MEMBERS, ids=("agg-1",))).body.members
    (resource,) = member.resources
    return resource.expected, resource.reporting


def do(world, *powers):
    return lambda: tuple(world.meters[site].power_w for site in SITES) == powers


async def promised(above, event):
    (share,) = (await above.record(event)).shares
    return share.promised_w


async def test_who_is_lost_and_comes_back_is_divided_in_again_and_what_is_missing_is_told(world):
    above = await led(world)
    event = await above.dispatch(71, -6000, start_in=5, answer_in=4, seconds=90)
    below = await world.operator("agg-1-sites")
    lower = lower_event_id(event, "agg-1-sites")
    await world.until(do(world, 3000, 3000, 3000), 30)
    assert await behind(above) == (3, 3)
    await world.stop("site-1")
    await world.until(do(world, 3000, 2000, 2000), 30)
    record = await below.record(lower)
    assert (record.redivisions, "site-1" in record.why) == (1, True)
    assert (await promised(above, event), await behind(above)) == (-6000, (3, 2))

    await world.restart("site-1")
    await world.until(do(world, 3000, 3000, 3000), 30)
    calm = (await below.record(lower)).redivisions
    assert calm <= 3
    end = world.clock.now() + timedelta(seconds=4)
    await world.until(lambda: world.clock.now() > end)
    assert (await below.record(lower)).redivisions == calm
    assert await promised(above, event) == -6000

    world.meters["site-2"].is_overridden = True
    await world.stop("site-1")
    await until_short(world, above, event)
    await above.cancel(event)
    await above.stop()
    await below.stop()


async def until_short(world, above, event):
    """Wait until the gateway says what is missing, which it does at once."""
    start = world.clock.now()

    async def is_told():
        return await promised(above, event) == -3000

    await world.until(is_told, 30)
    assert world.clock.now() - start < timedelta(seconds=8)
    (share,) = (await above.record(event)).shares
    assert "3.0 kW of 6.0 kW cannot be covered" in share.model_dump_json()


async def test_gateways_in_a_circle_refuse_it_as_they_run_and_the_event_goes_on_once(world):
    world.gateway("agg-1", "agg-2-sites", "agg-2", "site-1")
    world.gateway("agg-2", "agg-1-sites", "agg-1")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    gateways = [role(world, name) for name in ("agg-1", "agg-2")]
    with structlog.testing.capture_logs() as told:
        world.start()
        await world.until(lambda: any(line["event"] == ALARM for line in told), 40)
    assert any(gateway._cascading.circles.links for gateway in gateways)
    operator = await world.operator("agg-1-sites")

    async def is_there():
        members = {m.party: m.decrease_w for m in (await operator.members()).members}
        return members["site-1"] == 3000

    await world.until(is_there, 30)
    event = await operator.dispatch(72, -2000, start_in=6, answer_in=5, seconds=60)
    await world.until(lambda: world.meters["site-1"].power_w < 5000, 30)
    assert world.meters["site-1"].power_w >= 3000
    held = [c for gateway in gateways for c in gateway.ven.book.commitments.values()]
    assert all(c.answer is None or c.answer.opt is Opt.OUT for c in held if c.hop == 2)
    (record,) = [await operator.record(event)]
    assert {s.party: s.promised_w for s in record.shares}["site-1"] == -2000
    await operator.cancel(event)
    await operator.stop()
