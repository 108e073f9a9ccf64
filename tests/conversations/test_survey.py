"""A VTN asks its VENs for what they did not tell, and for its operators (figure 15)."""

import asyncio

import pytest

from xmpp_cem.core.letters import Letters
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Offer
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import RequestReceived
from xmpp_cem.testing.builders import at, capability
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.codec import Flow, decode, encode, encode_presence

pytestmark = [pytest.mark.timeout(120)]


async def member_of(operator, party):
    return next(m for m in (await operator.members()).members if m.party == party)


@pytest.fixture
async def operator(world):
    """Of a domain with a site, and with a member that is a box of another make."""
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    client = await world.operator("grid")

    async def is_here():
        member = await member_of(client, "site-1")
        return member.availability is Availability.AVAILABLE and member.revision > 0

    await world.until(is_here, 40)
    yield client
    await client.stop()


async def test_an_operator_has_a_member_asked_what_it_can_do(operator):
    reply = await operator.ask(Verb.GET, Noun.CONFIG, ids=("site-1",))
    assert reply.result is Result.OK
    assert [(r.id, r.decrease_w) for r in reply.body.capability.resources] == [("m1", 3000)]


async def test_an_operator_has_a_member_asked_how_an_event_stands(world, operator):
    event = await operator.dispatch(81, -1000, start_in=20, answer_in=10)

    async def is_answered():
        (share,) = (await operator.record(event)).shares
        return share.opt is Opt.IN

    await world.until(is_answered, 30)
    reply = await operator.ask(Verb.GET, Noun.EVENTS, ids=("site-1", event))
    assert [(a.event, a.opt, a.power_w) for a in reply.body.answers] == [(event, Opt.IN, -1000)]
    assert [s.type for s in reply.body.statuses] == [StatusType.SCHEDULED]
    unknown = await operator.ask(
        Verb.GET, Noun.EVENTS, ids=("site-1", "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01")
    )
    assert (unknown.result, unknown.errors[0].code) == (Result.FAILED, "2.15")
    absent = await operator.ask(Verb.GET, Noun.CONFIG, ids=("site-2",))
    assert (absent.result, absent.errors[0].code) == (Result.FAILED, "5.3")


async def test_a_member_that_is_there_and_did_not_register_is_asked(world, operator):
    """The box shows itself alone; asked, it tells what it can do, and then registers."""
    asked = []
    box = world.carrier.stream(
        Jid(world.account("site-2"), "ven"), asked.append, lambda _: True, set()
    )
    offer = Offer(availability=Availability.AVAILABLE, capability=capability(), valid_until=at(600))
    box.show_presence("", "a box", (encode_presence(offer),))
    running = asyncio.get_running_loop().create_task(box.run())
    letters = Letters("site-2", "grid")

    def queries():
        return [
            (each, message)
            for each in asked
            if isinstance(each, RequestReceived) and each.is_query
            for message in [decode(each.payload, Flow.QUERY)]
            if message.header.noun is Noun.CONFIG
        ]

    try:
        await world.until(lambda: bool(queries()), 60)
        ((seen, query),) = queries()
        assert query.names == ("site-2",)
        assert seen.sender.bare == world.carrier.account("vtn-grid")
        now, body = world.clock.now(), EndDeviceConfig(party="site-2", capability=capability())
        box.respond(seen.token, encode(letters.reply(query, now, body)))
        header = letters.header(Verb.CREATE, Noun.CONFIG, now, 1)
        registration = query.model_copy(
            update={"header": header, "ids": (), "options": (), "body": body}
        )
        telling = asyncio.ensure_future(
            box.request(seen.sender, encode(registration), is_query=False, timeout=10)
        )
        await world.until(telling.done)
        assert decode(telling.result(), Flow.REPLY).result is Result.OK
        assert (await member_of(operator, "site-2")).revision == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
