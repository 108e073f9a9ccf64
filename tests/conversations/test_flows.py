"""Each of the six flows, and presence, as it reached whom it was for (figures 13 to 18)."""

import asyncio

import pytest

from xmpp_cem.core.inputs import (
    CaughtUp,
    ItemReceived,
    PresenceChanged,
    QueryAnswered,
    ReplyArrived,
    RequestArrived,
)
from xmpp_cem.errors import StoreError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery
from xmpp_cem.runtime import journal
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.codec import Flow, decode

pytestmark = [pytest.mark.timeout(120)]


async def inputs(world, party, kind):
    """Return what a party was told, from its own store."""
    engine = world.parties[party].engine
    try:
        rows = [*await engine.store.journal(20_000), *engine.keeper._uneventful]
    except StoreError:
        return []  # it is only just starting
    return [what for what in map(journal.read, rows) if isinstance(what, kind)]


def said(inputs):
    """Return verb and noun of each message."""
    return {(what.message.header.verb, what.message.header.noun) for what in inputs}


async def settled(world, operator, event):
    async def is_in():
        return [share.opt for share in (await operator.record(event)).shares] == [Opt.IN]

    await world.until(is_in, 30)


@pytest.fixture
async def domain(world):
    """A domain of one site, and an operator."""
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")

    async def is_here():
        (member,) = (await operator.members()).members
        return member.availability is Availability.AVAILABLE and member.revision > 0

    await world.until(is_here, 40)
    yield operator
    await operator.stop()


async def test_events_of_the_vtn_reach_the_ven_by_the_node(world, domain):
    event = await domain.dispatch(71, -1000, start_in=20, answer_in=10)
    await settled(world, domain, event)
    await domain.cancel(event)

    async def is_known():
        told = said(await inputs(world, "site-1", ItemReceived))
        return {(Verb.CREATED, Noun.CONTROLS), (Verb.CANCELED, Noun.CONTROLS)} <= told

    await world.until(is_known)
    assert (Verb.CHANGED, Noun.INDEX) in said(await inputs(world, "site-1", ItemReceived))
    (first, *_) = await inputs(world, "site-1", CaughtUp)
    assert first.node == "cem/grid/events"


async def test_events_of_the_ven_reach_vtn_and_watchers(world, domain):
    """By the write-only node where the service has one, else by transaction (design: uplink)."""
    address = Jid(world.account("operator"), "watch")
    seen = []
    service = world.carrier.service("grid")
    stream = world.carrier.stream(address, seen.append, lambda _: False, {service.bare})
    running = asyncio.get_running_loop().create_task(stream.run())
    try:
        await world.until(lambda: stream.is_up)
        subscribing = asyncio.ensure_future(stream.subscribe(service, "cem/grid/reports"))
        await world.until(subscribing.done)
        subscribing.result()

        def watched():
            items = [d for d in seen if isinstance(d, Delivery) and d.node == "cem/grid/reports"]
            return [decode(item.payload, Flow.EVENT).header for item in items]

        def reads(headers):
            return [h for h in headers if (h.verb, h.noun) == (Verb.CREATED, Noun.READINGS)]

        await world.until(lambda: bool(reads(watched())), 20)
        assert {header.source for header in reads(watched())} == {"site-1"}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    published = said(await inputs(world, "grid", ItemReceived))
    sent = said(await inputs(world, "grid", RequestArrived))
    by_node = (Verb.CREATED, Noun.READINGS) in published
    by_transaction = (Verb.CREATE, Noun.READINGS) in sent
    assert by_node is not by_transaction


async def test_transactions_of_the_ven_are_answered_after_commit(world, domain):
    event = await domain.dispatch(72, -1000, start_in=20, answer_in=10)
    await settled(world, domain, event)
    arrived = said(await inputs(world, "grid", RequestArrived))
    assert {(Verb.CREATE, Noun.CONFIG), (Verb.CREATE, Noun.EVENTS)} <= arrived
    replies = await inputs(world, "site-1", ReplyArrived)
    answered = {what.request.header.noun: what.reply.result for what in replies}
    assert (answered[Noun.CONFIG], answered[Noun.EVENTS]) == ("OK", "OK")
    asked = {what.request.header.message_id for what in replies}
    assert {what.reply.header.correlation_id for what in replies} == asked


async def test_transactions_of_the_vtn_are_answered_by_the_ven(world, domain):
    """The site's own program is slow to decide, so that its VTN asks again."""
    world.meters["site-1"].hesitates = True
    event = await domain.dispatch(73, -1000, start_in=20, answer_in=6)

    async def is_asked():
        arrived = said(await inputs(world, "site-1", RequestArrived))
        return (Verb.CREATE, Noun.CONTROLS) in arrived

    await world.until(is_asked, 20)

    async def is_answered():
        replies = await inputs(world, "grid", ReplyArrived)
        nouns = [what.request.header.noun for what in replies if what.reply.result == "OK"]
        return Noun.CONTROLS in nouns

    await world.until(is_answered, 20)
    assert (await domain.record(event)).shares[0].opt is None


async def test_queries_of_the_ven_are_answered_by_the_vtn(world, domain):
    await domain.dispatch(74, -1000, start_in=20, answer_in=10)
    await world.restart("site-1")

    async def is_told():
        answers = await inputs(world, "site-1", QueryAnswered)
        return any(what.reply.header.noun is Noun.CONTROLS for what in answers)

    await world.until(is_told, 30)
    assert (Verb.GET, Noun.CONTROLS) in said(await inputs(world, "grid", RequestArrived))


async def test_queries_of_the_vtn_are_answered_by_the_ven(world, domain):
    await world.restart("grid")

    async def is_told():
        answers = await inputs(world, "grid", QueryAnswered)
        return any(what.reply.header.noun is Noun.READINGS for what in answers)

    await world.until(is_told, 40)
    assert (Verb.GET, Noun.READINGS) in said(await inputs(world, "site-1", RequestArrived))


async def test_presence_shows_what_the_ven_can_do_and_that_the_vtn_leads(world, domain):
    offers = [what.offer for what in await inputs(world, "grid", PresenceChanged) if what.offer]
    assert offers[-1].availability is Availability.AVAILABLE
    assert offers[-1].capability.decrease_w == 3000

    async def is_led():
        seen = await inputs(world, "site-1", PresenceChanged)
        return any(what.leadership and what.leadership.is_active for what in seen)

    await world.until(is_led)
    world.meters["site-1"].is_overridden = True

    async def is_out():
        seen = await inputs(world, "grid", PresenceChanged)
        return any(w.offer and w.offer.availability is Availability.OPTED_OUT for w in seen)

    await world.until(is_out, 20)
