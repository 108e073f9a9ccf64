# ruff: noqa: S314 (the XML is our own)
import asyncio
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import RefusedError, RequestTimeoutError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.requests import MAX_IN_FLIGHT, Requests

OWN = Jid("vtn@a.b", "vtn")
VEN = Jid("ven@a.b", "ven")


@pytest.fixture
def sent():
    return []


@pytest.fixture
def requests(sent):
    return Requests(sent.append, OWN)


def answer(number, sender="ven@a.b/ven", kind="result", inner=""):
    origin = f"from='{sender}'" if sender else ""
    return ET.fromstring(
        f"<iq xmlns='jabber:client' type='{kind}' {origin} id='{number}'>{inner}</iq>"
    )


async def asking(requests, to=VEN, seconds=5.0):
    task = asyncio.create_task(requests.ask(to, "get", ET.Element("q"), seconds))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_the_answer_reaches_whoever_asked(requests, sent):
    task = await asking(requests)
    found = answer(sent[0].get("id"))
    assert requests.expects(found)
    requests.resolve(found)
    assert await task is found
    assert not requests.expects(found)


@pytest.mark.parametrize(
    "sender", ["mallory@a.b/ven", "ven@a.b", "ven@a.b/other", "a.b", "", "vtn@a.b/vtn", "@"]
)
async def test_an_answer_from_somebody_else_is_not_expected(requests, sent, sender):
    task = await asking(requests)
    assert not requests.expects(answer(sent[0].get("id"), sender))
    task.cancel()


async def test_our_own_server_may_answer_without_sender(requests, sent):
    task = await asking(requests, Jid(OWN.bare))
    assert requests.expects(answer(sent[0].get("id"), ""))
    assert requests.expects(answer(sent[0].get("id"), OWN.bare))
    task.cancel()


@pytest.mark.parametrize("kind", ["get", "set"])
async def test_a_request_with_the_same_id_is_no_answer(requests, sent, kind):
    task = await asking(requests)
    assert not requests.expects(answer(sent[0].get("id"), kind=kind))
    task.cancel()


async def test_an_error_is_a_refusal(requests, sent):
    task = await asking(requests)
    error = "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    requests.resolve(answer(sent[0].get("id"), kind="error", inner=error))
    with pytest.raises(RefusedError) as refusal:
        await task
    assert refusal.value.condition == "forbidden"


async def test_silence_is_a_timeout_and_forgotten(requests, sent):
    with pytest.raises(RequestTimeoutError):
        await requests.ask(VEN, "get", ET.Element("q"), 0.01)
    assert not requests.expects(answer(sent[0].get("id")))


async def test_all_fail_when_the_session_is_lost(requests, sent):
    tasks = [await asking(requests) for _ in range(MAX_IN_FLIGHT + 5)]
    requests.fail_all("gone")
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, StreamLostError) for error in found)
    assert len(sent) == MAX_IN_FLIGHT
    with pytest.raises(StreamLostError):
        await requests.ask(VEN, "get", ET.Element("q"), 5)


async def test_a_hundred_are_in_flight_and_the_keepalive_passes_them(requests, sent):
    tasks = [await asking(requests) for _ in range(MAX_IN_FLIGHT + 1)]
    assert len(sent) == MAX_IN_FLIGHT
    ping = asyncio.create_task(requests.ask_now(Jid("a.b"), "get", ET.Element("p"), 5))
    await asyncio.sleep(0)
    assert len(sent) == MAX_IN_FLIGHT + 1
    requests.resolve(answer(sent[0].get("id")))
    await tasks[0]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(sent) == MAX_IN_FLIGHT + 2
    requests.fail_all("end")
    await asyncio.gather(*tasks[1:], ping, return_exceptions=True)
