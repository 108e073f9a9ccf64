"""Who belongs to a domain changes while it runs: admitted, expelled in an event, replaced."""

import asyncio

import pytest

from xmpp_cem.errors import RefusedError
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Result, Verb
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.node import events_node
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.codec import Flow, decode, encode

pytestmark = [pytest.mark.timeout(120)]


async def command(world, operator, verb, party, account=None):
    if verb is Verb.DELETE:
        return await operator.ask(verb, Noun.MEMBERS, ids=(party,))
    entry = MemberEntry(party=party, account=world.account(account or party))
    return await operator.ask(verb, Noun.MEMBERS, DomainMembers(domain="grid", members=(entry,)))


async def here(world, operator, *parties):
    async def are():
        try:
            members = (await operator.members()).members
        except RefusedError:
            return False  # its VTN starts anew
        ready = {m.party for m in members if m.availability is Availability.AVAILABLE}
        return ready == set(parties) and all(m.revision for m in members)

    await world.until(are, 40)


async def started(world, *members):
    world.vtn("grid", *members)
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    return await world.operator("grid")


async def may_read(world, party):
    """Whether a party's account may fetch what is on the events node."""
    stream = world.carrier.stream(
        Jid(world.account(party), "look"), lambda _: None, lambda _: False, set()
    )
    running = asyncio.ensure_future(stream.run())
    try:
        await world.until(lambda: stream.is_up)
        service = world.carrier.service("grid")
        asking = asyncio.ensure_future(stream.fetch(service, events_node("grid")))
        await world.until(asking.done)
        return not isinstance(asking.exception(), RefusedError)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_an_unknown_account_waits_until_the_operator_admits_it_and_then_takes_part(world):
    operator = await started(world, "site-1")
    await here(world, operator, "site-1")

    async def waits():
        waiting = (await operator.members()).waiting
        return [each.account for each in waiting] == [world.account("site-2")]

    await world.until(waits, 30)
    assert not await may_read(world, "site-2")
    reply = await command(world, operator, Verb.CREATE, "site-2")
    assert reply.result is Result.OK
    assert await may_read(world, "site-2")
    await here(world, operator, "site-1", "site-2")
    assert (await operator.members()).waiting == ()
    await operator.dispatch(71, -4500, seconds=60)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)

    await world.restart("grid")
    await here(world, operator, "site-1", "site-2")
    await operator.stop()


async def test_a_member_is_expelled_in_an_event_and_the_others_take_its_part_over(world):
    operator = await started(world, "site-1", "site-2")
    await here(world, operator, "site-1", "site-2")
    event = await operator.dispatch(72, -4500, seconds=90)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)

    reply = await command(world, operator, Verb.DELETE, "site-1")
    assert reply.result is Result.OK
    await world.until(lambda: world.meters["site-1"].power_w == 5000, 10)
    await world.until(lambda: world.meters["site-2"].power_w == 3500, 20)
    record = await operator.record(event)
    assert record.promised_w == -4500
    assert not await may_read(world, "site-1")
    assert [m.party for m in (await operator.members()).members] == ["site-2"]

    await world.restart("grid")

    async def settled():
        try:
            members = (await operator.members()).members
        except RefusedError:
            return False
        return [(m.party, m.availability) for m in members] == [("site-2", Availability.AVAILABLE)]

    await world.until(settled, 40)
    assert not await may_read(world, "site-1")
    assert world.meters["site-1"].power_w == 5000
    told = await operator.ask(Verb.GET, Noun.MEMBERS, ids=("site-1",))
    assert "expelled" in told.body.members[0].findings[0]
    await operator.stop()


async def test_a_replaced_box_takes_over_the_party_and_the_old_account_is_out(world):
    operator = await started(world, "site-1")
    await here(world, operator, "site-1")
    reply = await command(world, operator, Verb.CHANGE, "site-1", "site-3")
    assert reply.result is Result.OK
    assert not await may_read(world, "site-1")
    assert await may_read(world, "site-3")
    await world.stop("site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000), box="site-3")
    world.start("site-1")
    await here(world, operator, "site-1")
    event = await operator.dispatch(73, -2000, seconds=60)

    async def takes_part():
        (share,) = (await operator.record(event)).shares
        return (share.party, share.opt) == ("site-1", Opt.IN)

    await world.until(takes_part, 30)
    await operator.stop()


async def test_an_account_that_looks_like_a_members_is_not_admitted_by_mistake(world):
    operator = await started(world, "site-1")
    reply = await command(world, operator, Verb.CREATE, "site-9", "site-l")
    assert reply.result is Result.FAILED
    assert "looks like site-1@" in reply.errors[0].reason
    await operator.stop()


async def test_a_site_that_ends_its_registration_is_divided_over_no_more_and_may_come_back(world):
    operator = await started(world, "site-1", "site-2")
    await here(world, operator, "site-1", "site-2")
    event = await operator.dispatch(74, -4500, seconds=90)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)
    await world.stop("site-1")
    stream = world.carrier.stream(
        Jid(world.account("site-1"), "leave"), lambda _: None, lambda _: False, set()
    )
    running = asyncio.ensure_future(stream.run())
    await world.until(lambda: stream.is_up)
    header = Header(
        verb=Verb.DELETE,
        noun=Noun.CONFIG,
        message_id=derived_id("leave", world.clock.now()),
        timestamp=world.clock.now(),
        source="site-1",
    )
    vtn = world.parties["grid"].connections[0][1]
    leaving = stream.request(vtn, encode(RequestMessage(header=header)), is_query=False, timeout=10)
    asking = asyncio.ensure_future(leaving)
    await world.until(asking.done)
    assert decode(asking.result(), Flow.REPLY).result is Result.OK
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    await world.until(lambda: world.meters["site-2"].power_w == 3500, 20)
    assert (await operator.record(event)).promised_w == -4500
    told = {m.party: m.standing for m in (await operator.members()).members}
    assert told == {"site-1": Standing.LEFT, "site-2": None}
    await world.restart("site-1")
    await here(world, operator, "site-1", "site-2")
    await operator.stop()
