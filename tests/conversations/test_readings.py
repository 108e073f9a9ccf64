"""Readings that a VTN missed come in afterwards, whatever carries reports on this server."""

import itertools
from datetime import timedelta

import pytest

from xmpp_cem.errors import TransportError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.reading import Correction
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


async def gathered(world, operator, count):
    async def are_here():
        members = (await operator.members()).members
        here = [m for m in members if m.availability is Availability.AVAILABLE and m.decrease_w]
        return len(here) == count

    await world.until(are_here, 40)


async def windows(world, operator):
    """Return the windows that the VTN holds, by member; a VEN's first ones may be longer."""
    reply = await operator.ask(Verb.GET, Noun.READINGS)
    assert isinstance(reply.body, MeterReadings)
    found = {}
    usual = (r for r in reply.body.readings if r.window.duration == world.report_every)
    for reading in usual:
        found.setdefault(reading.resource, []).append(reading.window)
    return {party: sorted(held, key=lambda w: w.start) for party, held in found.items()}


def is_whole(held, since, until):
    """Whether windows without any hole between them reach from one instant to another."""
    joined = all(a.end == b.start for a, b in itertools.pairwise(held))
    return bool(held) and joined and held[0].start <= since and held[-1].end >= until


async def passed(world, seconds):
    end = world.clock.now() + timedelta(seconds=seconds)
    await world.until(lambda: world.clock.now() >= end, seconds + 10)


async def test_what_sites_measured_while_their_vtn_was_away_comes_in_afterwards(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 2)

    async def has_some():
        held = await windows(world, operator)
        return len(held) == 2 and all(len(of) > 1 for of in held.values())

    await world.until(has_some, 30)
    await world.stop("grid")
    before = world.clock.now()
    await passed(world, 18)
    after = world.clock.now()
    await world.restart("grid")

    async def has_all():
        try:
            held = await windows(world, operator)
        except TransportError:
            return False
        return len(held) == 2 and all(is_whole(of, before, after) for of in held.values())

    await world.until(has_all, 40)
    await operator.stop()


async def test_a_gateway_that_was_away_adds_up_afterwards_what_its_members_measured(world):
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "agg-1-sites", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 1)

    async def has_some():
        return len((await windows(world, operator)).get("agg-1", ())) > 2

    await world.until(has_some, 40)
    await world.stop("agg-1")
    before = world.clock.now()
    await passed(world, 14)
    after = world.clock.now()
    await world.restart("agg-1")

    async def has_all():
        return is_whole((await windows(world, operator))["agg-1"], before, after)

    await world.until(has_all, 40)
    sums = (await operator.ask(Verb.GET, Noun.READINGS)).body.readings
    missed = [r for r in sums if before < r.window.start and r.window.end < after]
    assert len(missed) > 3
    assert {(r.power_w, r.expected, r.reporting) for r in missed} == {(13_000, 2, 2)}
    await operator.stop()


async def test_reports_go_on_and_none_is_lost_when_both_sides_were_down(world):
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 1)
    begun = world.clock.now()
    await passed(world, 2)
    await world.stop("grid")
    await passed(world, 12)
    lost = world.clock.now()
    await world.stop("site-1")
    await world.restart("site-1")
    await world.restart("grid")
    back = world.clock.now()

    async def is_complete():
        try:
            held = (await windows(world, operator)).get("site-1", [])
        except TransportError:
            return False
        missed = [w for w in held if w.start >= begun and w.end <= lost]
        return (
            len(missed) > 3
            and is_whole(missed, missed[0].start, lost - 3 * world.report_every)
            and (held[-1].start > back)
        )

    await world.until(is_complete, 60)
    await operator.stop()


async def test_what_a_driver_corrects_corrects_the_sums_above_it(world):
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    meter = Meter("m1", 5000, 3000)
    world.site("site-1", "agg-1-sites", meter)
    world.site("site-2", "agg-1-sites", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 1)

    async def sums():
        reply = await operator.ask(Verb.GET, Noun.READINGS)
        return {r.window: r for r in reply.body.readings if r.window.duration == world.report_every}

    def is_of_both(reading):  # where a site told nothing there is nothing to correct
        return reading.power_w == 13_000 and reading.reporting == reading.expected

    async def has_some():
        return sum(map(is_of_both, (await sums()).values())) > 1

    await world.until(has_some, 40)
    told = await sums()
    window = max((w for w, r in told.items() if is_of_both(r)), key=lambda w: w.end)
    meter.corrections = (Correction(window=window, power_w=4000),)

    async def is_corrected():
        found = (await sums())[window]
        return found.power_w == 12_000 and found.revision > told[window].revision

    await world.until(is_corrected, 40)
    await operator.stop()
