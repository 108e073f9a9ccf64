import pytest
from structlog.testing import capture_logs

from xmpp_cem.core.inputs import Link
from xmpp_cem.core.letters import Letters
from xmpp_cem.errors import LocalProtocolError, RemoteProtocolError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.ids import derived_id
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.testing.builders import NOW, make_event, request
from xmpp_cem.wire.codec import Flow, decode
from xmpp_cem.wire.openadr.profile import OPENADR_20B
from xmpp_cem.wire.payloads import IEC61968_9

SPEECH = Speech({Link.LOWER: OPENADR_20B}, plain=frozenset({"op@x"}))
CALL = request(Verb.CREATE, Noun.CONTROLS, "vtn", EndDeviceControls(events=(make_event(),)))


def test_members_are_spoken_to_in_the_domains_profile_and_operators_in_the_default_one():
    assert SPEECH.of(Link.LOWER, "a@x") is OPENADR_20B
    assert SPEECH.of(Link.LOWER) is OPENADR_20B
    assert SPEECH.of(Link.LOWER, "op@x") is IEC61968_9
    assert SPEECH.of(Link.UPPER, "a@x") is IEC61968_9


def test_what_is_written_to_one_is_not_read_as_from_the_other():
    data = SPEECH.write(Link.LOWER, "a@x", CALL)
    assert b"oadrDistributeEvent" in data
    assert SPEECH.read(Link.LOWER, "a@x", data, Flow.TRANSACTION).header == CALL.header
    with pytest.raises(RemoteProtocolError, match="EiEvent"):
        decode(data, Flow.TRANSACTION)


def test_what_the_receiver_will_not_learn_is_logged():
    with capture_logs() as logs:
        SPEECH.write(Link.LOWER, "a@x", CALL)
    (told,) = [entry["why"] for entry in logs if entry["event"] == "not said"]
    assert "Event.answer_by" in told


def test_what_would_change_its_meaning_is_refused():
    status = Status(id=derived_id("s"), type=StatusType.STARTED, at=NOW)
    body = EndDeviceEvents(statuses=(status,))
    with pytest.raises(LocalProtocolError, match=r"Status\.type"):
        SPEECH.write(Link.LOWER, "a@x", request(Verb.CREATE, Noun.EVENTS, "a", body))


def test_a_plain_answer_is_the_same_to_both():
    reply = Letters("vtn").reply(CALL, NOW)
    for account in ("a@x", "op@x"):
        data = SPEECH.write(Link.LOWER, account, reply)
        assert SPEECH.read(Link.LOWER, account, data, Flow.REPLY).result is reply.result
