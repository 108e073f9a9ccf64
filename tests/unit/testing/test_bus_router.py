import asyncio
from datetime import timedelta

import pytest

from xmpp_cem.errors import RefusedError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, LinkDown, LinkUp

HOST = "xmpp.example"
SERVICE = Jid("pubsub.xmpp.example")
ASK = b'<RequestMessage xmlns="urn:m"></RequestMessage>'
ANSWER = b'<ResponseMessage xmlns="urn:m">OK</ResponseMessage>'


async def test_a_cut_is_one_loss_and_fails_what_waits(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    async with world.asking(vtn.stream.request(ven.address, ASK, is_query=False, timeout=60)) as a:
        world.bus.cut(vtn.address.bare)
        assert not vtn.stream.is_up
        with pytest.raises(StreamLostError):
            await a
    for attempt in (
        vtn.stream.request(ven.address, ASK, is_query=False, timeout=60),
        vtn.stream.fetch(SERVICE, "n"),
        vtn.stream.watch_presence(ven.address),
        vtn.stream.ping(ven.address, 5),
    ):
        with pytest.raises(StreamLostError):
            await attempt
    await world.clock.settle()
    assert [type(v) for v in vtn.seen] == [LinkUp, LinkDown]
    world.bus.mend(vtn.address.bare)
    await world.clock.settle()
    assert [type(v) for v in vtn.seen] == [LinkUp, LinkDown, LinkUp]
    assert vtn.stream.is_up
    assert ven.stream.is_up


async def test_what_was_sent_just_before_a_cut_is_lost(world):
    vtn, second = await world.peer("vtn"), await world.peer("vtn", "2")
    await world.node(vtn, "n")
    publishing = asyncio.create_task(vtn.stream.publish(SERVICE, "n", "one", ANSWER))
    await asyncio.sleep(0)
    world.bus.cut(vtn.address.bare)
    world.bus.mend(vtn.address.bare)
    with pytest.raises(StreamLostError):
        await publishing
    assert await second.stream.fetch(SERVICE, "n") == ()


async def test_an_answer_on_its_way_is_lost_with_the_link(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    async with world.asking(vtn.stream.request(ven.address, ASK, is_query=False, timeout=60)) as a:
        ven.stream.respond(ven.request.token, ANSWER)
        world.bus.cut(vtn.address.bare)
        with pytest.raises(StreamLostError):
            await a


async def test_a_dead_server_loses_every_session_and_comes_back_with_what_it_stored(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven")
    await ven.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", ANSWER)
    await vtn.stream.watch_presence(ven.address)
    await world.clock.settle()
    vtn.seen.clear()
    world.bus.down()
    await world.clock.settle()
    assert not vtn.presences
    assert [type(v) for v in vtn.seen] == [LinkDown]
    late = await world.peer("late")
    assert late.seen == []
    world.bus.up()
    await world.clock.settle()
    assert late.stream.is_up
    assert [v.sender for v in vtn.presences if v.is_available] == [ven.address]
    assert [i.item_id for i in await ven.stream.fetch(SERVICE, "n")] == ["one"]
    await vtn.stream.publish(SERVICE, "n", "two", ANSWER)
    await world.clock.settle()
    assert ven.deliveries == ["one", "two"]


async def test_a_publish_may_be_taken_though_its_answer_is_lost(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven")

    def cut(value):
        if isinstance(value, Delivery):
            world.bus.cut(vtn.address.bare)

    traitor = world.bus.stream(
        Jid(ven.address.bare, "2"), cut, admits=lambda _: True, services={str(SERVICE)}
    )
    running = asyncio.create_task(traitor.run())
    await ven.stream.subscribe(SERVICE, "n")
    with pytest.raises(StreamLostError):
        await vtn.stream.publish(SERVICE, "n", "one", ANSWER)
    assert [i.item_id for i in await ven.stream.fetch(SERVICE, "n")] == ["one"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_pings_tell_who_is_there(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    for to in (ven.address, Jid(HOST), SERVICE):
        assert await vtn.stream.ping(to, 5)
    for to in (Jid(ven.address.bare, "gone"), Jid("elsewhere.example")):
        assert not await vtn.stream.ping(to, 5)


async def test_services_are_found_below_their_host(world):
    ven = await world.peer("ven")
    assert await ven.stream.services_of(HOST) == (SERVICE,)
    assert await ven.stream.services_of("elsewhere.example") == ()
    with pytest.raises(RefusedError, match="remote-server-not-found"):
        await ven.stream.subscribe(Jid("pubsub.elsewhere.example"), "n")


async def test_a_second_connection_of_an_address_throws_out_the_first_for_a_minute(world):
    first = await world.peer("vtn")
    second = await world.peer("vtn")
    assert "conflict" in first.of(LinkDown)[0].reason
    await world.clock.advance(timedelta(seconds=59))
    assert second.stream.is_up
    await second.stop()
    await world.clock.advance(timedelta(seconds=1))
    assert first.stream.is_up
