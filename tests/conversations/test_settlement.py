"""An event is settled from readings that were lost and repaired, alike on every server."""

from datetime import timedelta

import pytest

from xmpp_cem.agents.gathering import gather
from xmpp_cem.agents.sealing import verified
from xmpp_cem.errors import RefusedError, TransportError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.availability import Availability
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


async def evidence(operator, event):
    """Return all files of an event by resource; none as long as there are none."""

    async def ask(ids, options):
        return await operator.ask(Verb.GET, Noun.EVIDENCE, ids=ids, options=options)

    try:
        return {file.resource: file.data for file in await gather(ask, event)}
    except (RefusedError, TransportError):
        return {}


def told(data):
    return verified(data)["evidence"]


async def passed(world, seconds):
    end = world.clock.now() + timedelta(seconds=seconds)
    await world.until(lambda: world.clock.now() >= end, seconds + 10)


def is_settled(found, power_w):
    """Whether a file tells what the meter did: a baseline in time, no gap, less energy."""
    baseline, total = found["baseline"], found["total"]
    assert baseline["made"] < found["active"]["start"]
    assert {step["power_w"] for step in baseline["steps"]} == {power_w}
    assert (found["gaps"], total["is_complete"]) == ([], True)
    assert [answer["answer"]["opt"] for answer in found["answers"]] == ["opted-in"]
    return total["delivered_wh"] < 0


async def test_an_event_with_lost_and_repaired_readings_is_settled_twice_alike(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")

    async def are_here():
        members = (await operator.members()).members
        return all(m.availability is Availability.AVAILABLE and m.revision for m in members)

    await world.until(are_here, 40)
    await passed(world, 14)
    event = await operator.dispatch(7, -4500, start_in=6, seconds=14)
    await world.until(lambda: world.meters["site-1"].set_point is not None, 30)
    await world.stop("grid")
    await passed(world, 5)
    await world.restart("grid")

    async def is_whole():
        files = await evidence(operator, event)
        return len(files) == 2 and all(told(d)["total"]["is_complete"] for d in files.values())

    await world.until(is_whole, 60)
    await world.until(lambda: world.meters["site-1"].set_point is None, 30)
    first, second = await evidence(operator, event), await evidence(operator, event)
    assert first == second
    assert is_settled(told(first["m1"]), 5000)
    assert is_settled(told(first["m2"]), 8000)
    await world.restart("grid")

    async def is_back():
        return await evidence(operator, event) == first

    await world.until(is_back, 40)
    await operator.stop()
