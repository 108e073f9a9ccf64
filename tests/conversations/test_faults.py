"""What happens when a party is restarted, away, a stranger or a liar."""

import asyncio

import pytest

from xmpp_cem.core.inputs import Link
from xmpp_cem.errors import RefusedError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid, derived_id, lower_event_id
from xmpp_cem.model.node import events_node, operations_node, reports_node
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.codec import Flow, decode, encode

pytestmark = [pytest.mark.timeout(120)]


async def gathered(world, operator, count):
    async def are_here():
        members = (await operator.members()).members
        here = [m for m in members if m.availability is Availability.AVAILABLE and m.decrease_w]
        return len(here) == count

    await world.until(are_here, 40)


async def pair(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 2)
    return operator


async def test_a_ven_restarted_in_an_event_takes_its_share_again(world):
    operator = await pair(world)
    event = await operator.dispatch(11, -4500, seconds=60)
    await world.until(lambda: world.meters["site-1"].power_w == 3500)
    world.meters["site-1"].set_points.clear()
    await world.restart("site-1")

    async def shared_again():
        record = await operator.record(event)
        promised = {s.party: s.promised_w for s in record.shares}
        return promised == {"site-1": -1500, "site-2": -3000}

    await world.until(shared_again, 30)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)
    assert None not in world.meters["site-1"].set_points
    await operator.stop()


async def test_a_vtn_restarted_in_an_event_keeps_it_and_disturbs_nobody(world):
    operator = await pair(world)
    event = await operator.dispatch(12, -4500, seconds=60)
    await world.until(lambda: world.meters["site-1"].power_w == 3500)
    for meter in world.meters.values():
        meter.set_points.clear()
    await world.restart("grid")

    async def knows_them_again():
        try:
            record = await operator.record(event)
        except RefusedError:
            return False
        return {s.availability for s in record.shares} == {Availability.AVAILABLE}

    await world.until(knows_them_again, 40)
    record = await operator.record(event)
    assert record.redivisions == 0
    assert record.promised_w == -4500
    await world.until(lambda: all(m.set_points for m in world.meters.values()))
    assert [m.set_points for m in world.meters.values()] == [[3500], [5000]]
    await operator.stop()


async def test_a_gateway_restarted_before_the_answers_gives_one_answer(world):
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "site-1")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    world.start()
    grid = await world.operator("grid")
    await gathered(world, grid, 1)
    event = await grid.dispatch(13, -2000, start_in=25, answer_in=20, seconds=20)
    await world.restart("agg-1")

    async def is_answered():
        (share,) = (await grid.record(event)).shares
        return share.opt is Opt.IN and share.promised_w == -2000

    await world.until(is_answered, 30)
    below = await world.operator("agg-1-sites")
    lower = await below.record(lower_event_id(event, "agg-1-sites"))
    assert lower.promised_w == -2000
    await grid.stop()
    await below.stop()


async def test_an_event_and_a_cancel_published_while_a_ven_was_away_reach_it(world):
    operator = await pair(world)
    await world.stop("site-1")
    kept = await operator.dispatch(14, -3000, start_in=12, answer_in=10, seconds=60)
    await world.restart("site-1")
    await world.until(lambda: world.meters["site-1"].set_point is not None, 40)
    await world.stop("site-1")
    await operator.cancel(kept)
    await world.restart("site-1")
    await world.until(lambda: world.meters["site-1"].set_point is None, 30)
    await operator.stop()


async def stranger(world, name, connection="ven"):
    address = Jid(world.account(name), connection)
    stream = world.carrier.stream(address, lambda _: None, lambda _: False, set())
    task = asyncio.get_running_loop().create_task(stream.run())
    await world.until(lambda: stream.is_up)
    return stream, task


async def outcome(world, work):
    asking = asyncio.get_running_loop().create_task(work)
    await world.until(asking.done)
    if asking.exception() is not None:
        raise asking.exception()
    return asking.result()


def registration(source):
    header = Header(
        verb=Verb.GET,
        noun=Noun.CONFIG,
        message_id=derived_id(source),
        timestamp="2026-01-15T12:00:00Z",
        source=source,
    )
    return encode(RequestMessage(header=header))


async def test_an_outsider_gets_nothing(world):
    operator = await pair(world)
    stream, task = await stranger(world, "outsider")
    vtn = world.parties["grid"].connections[0][1]
    with pytest.raises(RefusedError, match="service-unavailable"):
        await outcome(
            world, stream.request(vtn, registration("outsider"), is_query=True, timeout=10)
        )
    for node in (events_node("grid"), reports_node("grid"), operations_node("grid")):
        with pytest.raises(RefusedError):
            await outcome(world, stream.subscribe(world.carrier.service("grid"), node))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await operator.stop()


async def test_a_member_cannot_read_what_others_send_nor_speak_for_them(world):
    operator = await pair(world)
    await world.stop("site-1")
    stream, task = await stranger(world, "site-1")
    for node in (reports_node("grid"), operations_node("grid")):
        with pytest.raises(RefusedError):
            await outcome(world, stream.subscribe(world.carrier.service("grid"), node))
    vtn = next(jid for link, jid in world.parties["grid"].connections if link is Link.LOWER)
    answer = await outcome(
        world, stream.request(vtn, registration("site-2"), is_query=True, timeout=10)
    )
    assert decode(answer, Flow.REPLY).errors[0].code == "2.14"
    own = await outcome(
        world, stream.request(vtn, registration("site-1"), is_query=True, timeout=10)
    )
    body = decode(own, Flow.REPLY).body
    assert isinstance(body, EndDeviceConfig)
    assert body.admission.domain == "grid"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await operator.stop()
