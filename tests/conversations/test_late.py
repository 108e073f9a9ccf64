"""Transactions that a VTN starts: reminders to the silent (figure 13), answers that come later."""

import asyncio

import pytest

from xmpp_cem.messages.envelope import Result, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Affiliation
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]


async def gathered(world, operator, count):
    async def are_here():
        members = (await operator.members()).members
        here = [m for m in members if m.availability is Availability.AVAILABLE and m.decrease_w]
        return len(here) == count

    await world.until(are_here, 40)


async def deafened(world, site):
    """Take a site's right to read the events, as a faulty server would; it keeps its presence."""
    address = Jid(f"vtn-grid@{world.carrier.host}", "admin")
    stream = world.carrier.stream(address, lambda _: None, lambda _: False, set())
    running = asyncio.get_running_loop().create_task(stream.run())
    try:
        await world.until(lambda: stream.is_up)
        service = world.carrier.service("grid")
        rights = {world.account(site): Affiliation.NONE}
        taking = asyncio.ensure_future(stream.affiliate(service, "cem/grid/events", rights))
        await world.until(taking.done)
        taking.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_site_that_hears_no_publish_is_asked_by_transaction(world):
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 2)
    await deafened(world, "site-2")
    event = await operator.dispatch(61, -4500, start_in=12, answer_in=8, seconds=8)

    async def both_are_in():
        record = await operator.record(event)
        return [share.opt for share in record.shares] == [Opt.IN, Opt.IN]

    await world.until(both_are_in, 20)
    record = await operator.record(event)
    assert record.redivisions == 0
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)
    await operator.stop()


async def test_the_answer_follows_the_members_even_after_a_restart_of_the_vtn(world):
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 1)
    await deafened(world, "site-1")
    event = await operator.dispatch(62, -1000, start_in=30, answer_in=24, later=True)
    assert operator.late == []
    await world.restart("grid")
    await world.until(lambda: bool(operator.late), 40)
    answer = operator.late[0]
    assert answer.header.verb is Verb.REPLY
    assert answer.result is Result.OK
    assert (await operator.record(event)).promised_w == -1000
    assert len({late.header.message_id for late in operator.late}) == 1
    await operator.stop()
