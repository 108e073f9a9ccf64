import asyncio
import re
from contextlib import aclosing
from datetime import timedelta

import pytest

from xmpp_cem.agents.connecting import Outcome
from xmpp_cem.agents.operator import _response, fresh_id
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.errors import (
    AuthenticationError,
    ConfigError,
    RefusedError,
    RemoteProtocolError,
    RequestTimeoutError,
)
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import FaultMessage, Noun, ReplyError, Result, Verb
from xmpp_cem.messages.operations import DomainMembers, DomainNodes
from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.link import LinkDown, LinkUp
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codec import encode


def event(now, power_w=-1000):
    start = now + timedelta(minutes=5)
    return Event(
        id=fresh_id(),
        order=Order(epoch=0, modification=0),
        active=Interval(start=start, end=start + timedelta(minutes=5)),
        signal=Delta(power_w=power_w),
        created=now,
        answer_by=now + timedelta(minutes=1),
    )


async def taken(sights, wanted):
    """Read sights until one is as wanted; returns all that were read."""
    read = []
    async for sight in sights:
        read.append(sight)
        if wanted(sight):
            return read
    raise AssertionError(read)


def carries(kind):
    return lambda sight: sight.message is not None and isinstance(sight.message.body, kind)


async def turns():
    """Let everything happen that needs no time."""
    for _ in range(500):
        await asyncio.sleep(0)


async def test_a_query_is_answered_by_the_vtn(place):
    async with place.operator() as operator:
        reply = await operator.request("grid", Verb.GET, Noun.MEMBERS)
    assert isinstance(reply.body, DomainMembers)
    assert [member.party for member in reply.body.members] == ["site-1"]


async def test_the_first_domain_is_the_default(place):
    async with place.operator() as operator:
        reply = await operator.request(None, Verb.GET, Noun.NODES)
        assert isinstance(reply.body, DomainNodes)
        with pytest.raises(ConfigError, match="there is no domain nix; choose one of grid"):
            await operator.request("nix", Verb.GET, Noun.NODES)


async def test_a_refusal_is_an_answer(place):
    async with place.operator() as operator:
        body = EndDeviceControls(events=(event(operator.now()),))
        reply = await operator.request("grid", Verb.CREATE, Noun.CONTROLS, body=body)
    assert reply.result is Result.FAILED
    assert [error.reason for error in reply.errors] == ["no member is reachable and ready"]


async def test_an_unknown_account_finds_nobody(place):
    async with place.operator("eve@xmpp.example") as operator:
        with pytest.raises(RefusedError, match="service-unavailable"):
            await operator.request("grid", Verb.GET, Noun.MEMBERS)


async def test_each_connection_has_a_name_of_its_own(place):
    names = []
    for _ in range(2):
        operator = place.operator()
        async with operator:
            names.append(operator._stream._login.address.connection)
    assert names[0] != names[1]
    assert all(re.fullmatch(r"op-[0-9a-f]{8}", name) for name in names)


async def test_a_watch_shows_stored_items_leader_and_members(place):
    place.show(2000)
    async with place.operator() as operator, aclosing(operator.watch(("grid",))) as sights:
        seen = []
        while len({type(s.value) for s in seen} & {Leadership, Offer}) < 2:
            seen += await taken(sights, lambda sight: sight.value is not None)
    assert any(carries(EventIndex)(sight) for sight in seen)
    offer = next(sight for sight in seen if isinstance(sight.value, Offer))
    assert (offer.domain, offer.source) == ("grid", "site-1@xmpp.example/ven")
    assert offer.note == "1 of 1 resources, can decrease 2.0 kW"


async def test_a_watch_shows_what_is_published_from_now_on(place):
    place.show(2000)
    async with place.operator() as operator, aclosing(operator.watch()) as sights:
        await taken(sights, lambda sight: isinstance(sight.value, Offer))
        await place.register(2000)
        asked = event(operator.now())
        index = carries(EventIndex)
        await operator.request(
            "grid", Verb.CREATE, Noun.CONTROLS, body=EndDeviceControls(events=(asked,))
        )
        seen = await taken(sights, lambda s: index(s) and s.message.body.entries)
    controls = [s for s in seen if carries(EndDeviceControls)(s)]
    assert [s.message.body.events[0].id for s in controls] == [asked.id]
    assert controls[0].source == "cem/grid/events"


async def test_a_watch_shows_a_member_that_is_gone(place):
    place.show(2000)
    async with place.operator() as operator, aclosing(operator.watch()) as sights:
        await taken(sights, lambda sight: isinstance(sight.value, Offer))
        place.bus.cut("site-1@xmpp.example")
        seen = await taken(sights, lambda sight: not sight.is_available)
    assert seen[-1].source == "site-1@xmpp.example/ven"


async def test_a_watch_survives_a_lost_connection(place):
    async with place.operator() as operator, aclosing(operator.watch()) as sights:
        await taken(sights, carries(EventIndex))
        place.bus.cut("op@xmpp.example")
        lost = await taken(sights, lambda sight: sight.note.startswith("connection lost"))
        assert (lost[-1].kind, lost[-1].domain) == ("link", "")
        place.bus.mend("op@xmpp.example")
        back = await taken(sights, carries(EventIndex))
        assert any(sight.note.startswith("connected as op@") for sight in back)


async def test_a_watch_that_is_refused_says_why_once(place):
    outsider = place.operator("eve@xmpp.example")
    async with outsider as operator, aclosing(operator.watch()) as sights:
        (sight,) = await taken(sights, lambda _: True)
    assert (sight.kind, sight.domain) == ("link", "grid")
    assert sight.note


async def test_nothing_is_left_running(place):
    before = asyncio.all_tasks()
    async with place.operator() as operator, aclosing(operator.watch()) as sights:
        await taken(sights, carries(EventIndex))
    assert asyncio.all_tasks() <= before


async def test_a_refused_login_is_told_with_the_servers_reason(place):
    outcome = Outcome()
    outcome.take(LinkDown("not-authorized"))
    outcome.take(LinkUp(place.site._login.address))
    account = AccountConfig(jid="op@xmpp.example", password_file=place.secret)
    with pytest.raises(AuthenticationError, match="not-authorized"):
        await outcome.judged(account)


def test_ids_are_new_each_time():
    assert fresh_id() != fresh_id()


def test_an_answer_that_cannot_be_read_is_an_error():
    with pytest.raises(RemoteProtocolError):
        _response(b"<x/>")


def test_a_fault_is_a_refusal():
    fault = FaultMessage(errors=(ReplyError(code="1.8", reason="no time"),))
    with pytest.raises(RefusedError, match=r"the VTN cannot read this: 1\.8 no time"):
        _response(encode(fault))


async def test_an_answer_that_comes_later_is_waited_for(place):
    place.show(3000)
    await place.register(3000)
    async with place.operator() as operator:
        called = event(operator.now())
        body = EndDeviceControls(events=(called,))
        asking = asyncio.create_task(
            operator.request("grid", Verb.CREATE, Noun.CONTROLS, body=body, late_s=5)
        )
        await turns()
        assert not asking.done()
        await operator.request("grid", Verb.CANCEL, Noun.CONTROLS, ids=(called.id,))
        reply = await asking
    assert (reply.result, [error.code for error in reply.errors]) == (Result.FAILED, ["6.5"])
    assert reply.header.correlation_id


async def test_an_answer_that_does_not_come_is_given_up(place):
    place.show(3000)
    await place.register(3000)
    async with place.operator() as operator:
        body = EndDeviceControls(events=(event(operator.now()),))
        with pytest.raises(RequestTimeoutError, match="has acknowledged"):
            await operator.request("grid", Verb.CREATE, Noun.CONTROLS, body=body, late_s=0.05)
