from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Query
from xmpp_cem.core.inputs import Link, QueryAnswered, QueryFailed
from xmpp_cem.core.letters import Letters
from xmpp_cem.errors import RefusedError, RequestTimeoutError, StreamLostError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import Jid
from xmpp_cem.runtime.queries import ask
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.testing.builders import HOST, NOW, request
from xmpp_cem.wire.codec import encode

ASKED = request(Verb.GET, Noun.READINGS, "vtn")
QUERY = Query(Link.LOWER, Jid(f"a@{HOST}", "ven"), ASKED, timedelta(seconds=10))
REPLY = Letters("a").reply(ASKED, NOW, MeterReadings(readings=()))


async def test_an_answer_comes_back_with_the_question(wire):
    wire.answer = encode(REPLY)
    assert await ask(wire, QUERY, Speech()) == QueryAnswered(Link.LOWER, ASKED, REPLY)
    assert wire.done == [("request", f"a@{HOST}/ven", encode(ASKED))]


@pytest.mark.parametrize(
    ("error", "condition"),
    [
        (RefusedError("service-unavailable"), "service-unavailable"),
        (RequestTimeoutError("no answer"), "remote-server-timeout"),
        (StreamLostError("gone"), "undefined-condition"),
    ],
)
async def test_a_question_that_is_not_answered_fails_with_its_condition(wire, error, condition):
    wire.outcomes = [error]
    failed = await ask(wire, QUERY, Speech())
    assert isinstance(failed, QueryFailed)
    assert (failed.condition, failed.reason) == (condition, str(error))


@pytest.mark.parametrize("answer", [b"", b"<nonsense/>", encode(ASKED)])
async def test_what_is_no_reply_fails_and_stops_nobody(wire, answer):
    wire.answer = answer
    failed = await ask(wire, QUERY, Speech())
    assert isinstance(failed, QueryFailed)
    assert failed.request == ASKED
