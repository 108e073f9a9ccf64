import inspect
from datetime import timedelta

import pytest

from xmpp_cem.errors import LocalProtocolError, RefusedError, RequestTimeoutError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkDown, LinkUp, PresenceSeen, RequestReceived
from xmpp_cem.testing.bus import BusStream
from xmpp_cem.xmpp.stream import Stream

SERVICE = Jid("pubsub.xmpp.example")
ASK = b'<RequestMessage xmlns="urn:m"></RequestMessage>'
ANSWER = b'<ResponseMessage xmlns="urn:m">OK</ResponseMessage>'


def interface(kind):
    return {
        name: inspect.signature(member) if callable(member) else type(member)
        for name, member in vars(kind).items()
        if not name.startswith("_")
    }


def test_its_methods_are_those_of_the_real_connection():
    assert interface(BusStream) == interface(Stream)


async def test_a_request_is_answered_with_the_same_bytes_and_a_stamped_sender(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    question = vtn.stream.request(ven.address, ASK, is_query=True, timeout=5)
    async with world.asking(question) as asked:
        request = ven.request
        assert request == RequestReceived(vtn.address, request.token, True, ASK)
        ven.stream.respond(request.token, ANSWER)
        ven.stream.respond(request.token, b"")  # the second answer is dropped
        assert await asked == ANSWER


async def test_an_answer_may_be_empty(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    async with world.asking(vtn.stream.request(ven.address, ASK, is_query=False, timeout=5)) as a:
        assert not ven.request.is_query
        ven.stream.respond(ven.request.token, b"")
        assert await a == b""


async def test_a_refusal_carries_condition_type_text_and_payload(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    async with world.asking(vtn.stream.request(ven.address, ASK, is_query=False, timeout=5)) as a:
        ven.stream.refuse(ven.request.token, "bad-request", "modify", "no Verb", ANSWER)
        with pytest.raises(RefusedError) as refusal:
            await a
    found = refusal.value
    assert (found.condition, found.error_type) == ("bad-request", "modify")
    assert (found.text, found.payload) == ("no Verb", ANSWER)


async def test_silence_is_a_timeout_by_the_manual_clock(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    async with world.asking(vtn.stream.request(ven.address, ASK, is_query=False, timeout=60)) as a:
        await world.clock.advance(timedelta(seconds=59))
        assert not a.done()
        await world.clock.advance(timedelta(seconds=1))
        with pytest.raises(RequestTimeoutError):
            await a
    ven.stream.respond(ven.request.token, ANSWER)  # too late, and harmless


async def test_absence_and_strange_payloads_are_refusals(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    for to in (Jid(ven.address.bare, "gone"), Jid(ven.address.bare), SERVICE):
        with pytest.raises(RefusedError) as refusal:
            await vtn.stream.request(to, ASK, is_query=False, timeout=5)
        assert refusal.value.is_temporary
    with pytest.raises(RefusedError, match="feature-not-implemented"):
        await vtn.stream.request(ven.address, b'<x xmlns="urn:x"/>', is_query=True, timeout=5)
    assert ven.seen == [LinkUp(ven.address)]


async def test_what_is_no_xml_or_too_large_is_not_sent(world):
    vtn = await world.peer("vtn")
    for payload in (b"<a>", b"", b"<!DOCTYPE a><a/>", b"<a>" + b"x" * 70000 + b"</a>"):
        with pytest.raises(LocalProtocolError):
            await vtn.stream.request(vtn.address, payload, is_query=True, timeout=1)
        with pytest.raises(LocalProtocolError):
            await vtn.stream.publish(SERVICE, "n", "one", payload)
    for attempt in (
        lambda: vtn.stream.show_presence("bogus", ""),
        lambda: vtn.stream.show_presence("", "", (b"<a>",)),
        lambda: vtn.stream.respond("1-1", b"<a>"),
        lambda: vtn.stream.refuse("1-1", "bad-request", "modify", payload=b"<a>"),
    ):
        with pytest.raises(LocalProtocolError):
            attempt()


async def test_a_cancelled_run_says_good_bye_and_reports_no_loss(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await vtn.stream.watch_presence(ven.address)
    async with world.asking(ven.stream.request(vtn.address, ASK, is_query=True, timeout=60)) as a:
        await ven.stop()
        with pytest.raises(StreamLostError):
            await a
    await world.clock.settle()
    assert ven.of(LinkDown) == []
    assert vtn.presences[-1] == PresenceSeen(ven.address, is_available=False)


async def test_a_notification_of_a_service_that_is_not_ours_is_dropped(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven", services=set())
    await world.node(vtn, "n", "ven")
    await ven.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", ANSWER)
    await world.clock.settle()
    assert ven.deliveries == []
