from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.agents.operator import fresh_id
from xmpp_cem.agents.recalling import recall
from xmpp_cem.errors import RefusedError, RemoteProtocolError
from xmpp_cem.messages.envelope import (
    Header,
    Level,
    Noun,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.readings import GetMeterReadings, MeterReadings
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.wire.codec import encode

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
VTN = Jid("grid@xmpp.example", "vtn")


def reading(number):
    start = START + number * timedelta(seconds=10)
    window = Interval(start=start, end=start + timedelta(seconds=10))
    return Reading(resource="r", window=window, power_w=number, import_wh=number, export_wh=0)


async def test_an_operator_gets_what_a_member_reported_as_far_as_it_is_held(place):
    async with place.operator() as operator:
        for number in range(33):
            header = Header(
                verb=Verb.CREATE,
                noun=Noun.READINGS,
                message_id=fresh_id(),
                timestamp=SystemClock().now(),
                source="site-1",
            )
            body = MeterReadings(readings=(reading(number),))
            request = encode(RequestMessage(header=header, body=body))
            await place.site.request(VTN, request, is_query=False, timeout=5)
        found = await recall(operator, "grid", GetMeterReadings())
        assert [r.power_w for r in found.readings] == list(range(3, 33))
        assert found.lost == ""
        early = Interval(start=START, end=START + timedelta(seconds=50))
        some = await recall(operator, "grid", GetMeterReadings(interval=early))
        assert [r.power_w for r in some.readings] == [3, 4]
        assert "not all of it" in some.lost


class Answers:
    """An operator whose VTN answers with these replies."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.options = []

    async def request(self, _domain, verb, noun, *, options, query):
        assert (verb, noun, query) == (Verb.GET, Noun.READINGS, GetMeterReadings())
        self.options.append(dict(options))
        return self.replies.pop(0)


def reply(sequence, code, *numbers, result=Result.PARTIAL, **changes):
    header = Header(
        verb=Verb.REPLY,
        noun=Noun.READINGS,
        message_id=fresh_id(),
        timestamp=START,
        source="grid",
        epoch=2,
        sequence=sequence,
    )
    body = MeterReadings(readings=tuple(map(reading, numbers)))
    errors = (ReplyError(code=code, level=Level.INFORM, reason=code),)
    made = ResponseMessage(header=header, result=result, errors=errors, body=body)
    return made.model_copy(update=changes)


async def test_pages_are_asked_for_until_the_last():
    vtn = Answers(reply(7, "0.1", 1, 2), reply(9, "0.1", 3), reply(9, "0.0", result=Result.OK))
    found = await recall(vtn, "grid", GetMeterReadings())
    assert [r.power_w for r in found.readings] == [1, 2, 3]
    assert vtn.options == [{}, {"after": "2.7"}, {"after": "2.9"}]


async def test_a_vtn_that_does_not_go_on_is_not_asked_for_ever():
    vtn = Answers(reply(7, "0.1", 1), reply(7, "0.1", 1))
    with pytest.raises(RemoteProtocolError, match="the same page again"):
        await recall(vtn, "grid", GetMeterReadings())


async def test_a_refusal_and_what_is_no_page_are_errors():
    with pytest.raises(RefusedError, match=r"7\.5"):
        await recall(Answers(reply(1, "7.5", result=Result.FAILED)), "grid", GetMeterReadings())
    with pytest.raises(RemoteProtocolError, match="no page"):
        await recall(Answers(reply(1, "0.0", body=None)), "grid", GetMeterReadings())
