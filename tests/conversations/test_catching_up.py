"""A VEN that has missed much is current as soon as it is back."""

import itertools
from datetime import timedelta

import pytest

from tests.conversations.test_dispatch import ready
from tests.conversations.test_nodes import meddled
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.life.life import BY_RULE
from xmpp_cem.core.records import Commitment, Dispatch, Part
from xmpp_cem.messages.envelope import Result
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.node import Affiliation, NodeSpec, events_node
from xmpp_cem.runtime.journal import read_record
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(180)]

EVENTS, CHANGES = 20, 25
MISSED = EVENTS * CHANGES
CURRENT_WITHIN_S = 5
EVICTED = 20
"""So many events live whose items the node no longer keeps."""

RESYNCED_WITHIN_S = 15


async def versions(world, party, kind):
    """Return the version of each event that a party's store holds, and how often it was changed."""
    kept = await world.new_store(party).load()
    records = [read_record(row) for row in kept.records if row.kind in {"commitment", "dispatch"}]
    events = [record.event for record in records if isinstance(record, kind)]
    return {event.id: (event.order, event.signal, event.active) for event in events}


async def test_a_ven_that_missed_five_hundred_items_is_current_within_five_seconds(world):
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    start = world.clock.now() + timedelta(hours=1)
    events = [await operator.dispatch(n, -1000, start_in=3600) for n in range(700, 700 + EVENTS)]

    async def is_current():
        below = await versions(world, "site-1", Commitment)
        return below == await versions(world, "grid", Dispatch)

    await world.until(is_current, 40)
    before = await versions(world, "grid", Dispatch)
    await world.stop("site-1")
    for power_w, event in itertools.product(range(-1000 - CHANGES, -1000), events):
        assert await operator.change(event, power_w, start, 20) is not Result.FAILED
    after = await versions(world, "grid", Dispatch)
    missed = sum(after[e][0].modification - before[e][0].modification for e in events)
    assert missed >= MISSED
    await world.restart("site-1")
    (link,) = world.parties["site-1"].engine._transports.items()
    assert link[0] is Link.UPPER
    await world.until(lambda: link[1].is_up, 40)
    await world.until(is_current, CURRENT_WITHIN_S)
    await operator.stop()


async def test_events_whose_items_the_server_has_evicted_are_learnt_all_the_same(world):
    world.vtn("grid", "site-1", "site-2")
    for number in (1, 2):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await operator.dispatch(700, -1000, start_in=3600)

    async def is_current():
        below = await versions(world, "site-1", Commitment)
        return len(below) > 0 and below == await versions(world, "grid", Dispatch)

    await world.until(is_current, 40)
    await world.stop("site-1")
    readers = {world.account(f"site-{number}"): Affiliation.MEMBER for number in (1, 2)}
    await meddled(world, NodeSpec(events_node("grid"), "", "", max_items=1, affiliations=readers))
    for number in range(701, 701 + EVICTED):
        await operator.dispatch(number, -1000, start_in=3600)
    await world.restart("site-1")
    (link,) = world.parties["site-1"].engine._transports.values()
    await world.until(lambda: link.is_up, 40)
    await world.until(is_current, RESYNCED_WITHIN_S)
    assert len(await versions(world, "site-1", Commitment)) == 1 + EVICTED
    await operator.stop()


async def test_a_vtn_learns_that_what_it_put_off_was_over_for_a_ven_that_was_away(world):
    world.vtn("grid", "site-1", "site-2")
    for number in (1, 2):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await world.until(await ready(operator, 2), 40)
    event = await operator.dispatch(700, -2000, start_in=4, seconds=2, answer_in=3)

    async def answers():
        rows = (await world.new_store("grid").load()).records
        parts = [part for row in rows if isinstance(part := read_record(row), Part)]
        return {part.party: part.answer for part in parts if part.event == event and part.answer}

    async def are_yes():
        told = await answers()
        return len(told) == 2 and all(answer.opt is Opt.IN for answer in told.values())

    await world.until(are_yes, 20)
    await world.stop("site-1")
    over = world.clock.now() + timedelta(seconds=6)
    await operator.change(event, -2000, world.clock.now() + timedelta(hours=1), 600)
    await world.until(lambda: world.clock.now() > over, 20)
    await world.restart("site-1")

    async def is_told():
        said = (await answers())["site-1"]
        newest = (await versions(world, "grid", Dispatch))[event][0]
        return said.opt is Opt.OUT and said.code == BY_RULE and said.order == newest

    await world.until(is_told, RESYNCED_WITHIN_S + 10)
    await operator.stop()
