import pytest

from xmpp_cem.errors import LocalProtocolError, RemoteProtocolError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, FaultMessage, RequestMessage, ResponseMessage
from xmpp_cem.model.availability import Offer
from xmpp_cem.model.event import Event
from xmpp_cem.wire.codec import (
    LARGEST_OUTPUT,
    Flow,
    decode,
    decode_presence,
    encode,
    encode_presence,
)
from xmpp_cem.wire.digests import digest

ID = "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01"
EVENT = Event.model_validate(
    {
        "id": ID,
        "order": {"epoch": 3, "modification": 0},
        "active": {"start": "2026-01-31T13:00:00Z", "end": "2026-01-31T14:00:00Z"},
        "signal": {"kind": "delta", "power_w": -60000},
        "created": "2026-01-31T12:00:00Z",
        "answer_by": "2026-01-31T12:15:00Z",
    }
)


def header(verb, noun="EndDeviceControls", **more):
    return {
        "verb": verb,
        "noun": noun,
        "message_id": ID,
        "timestamp": "2026-01-31T12:00:00Z",
        "source": "dso",
        **more,
    }


def event_message(*events, **more):
    body = EndDeviceControls(events=events)
    return EventMessage.model_validate({"header": header("created", **more), "body": body})


def request(verb, noun="EndDeviceControls", **more):
    return RequestMessage.model_validate({"header": header(verb, noun), **more})


def operation(verb, noun="EndDeviceControls", **more):
    one = {"id": 1, "verb": verb, "noun": noun, **more}
    return request("execute", "OperationSet", operations={"operations": [one]})


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (operation("get"), "no verb of flow transaction"),
        (operation("created"), "no verb of flow transaction"),
        (operation("delete", "MeterReadings"), "not possible"),
        (operation("create"), "needs a payload"),
        (operation("execute", "OperationSet"), "within an OperationSet"),
        (
            operation("create", "MeterReadings", body=EndDeviceControls(events=(EVENT,))),
            "the payload of MeterReadings",
        ),
        (request("created"), "no verb of flow transaction"),
        (request("create"), "needs a payload"),
        (request("delete", "MeterReadings"), "not possible"),
        (event_message(EVENT, noun="DomainCard"), "the payload of DomainCard"),
        (event_message(EVENT, revision="cem-2.0"), "Revision"),
        (event_message(EVENT.model_copy(update={"reason": "\x00"})), "XML cannot carry"),
        (event_message(EVENT.model_copy(update={"reason": "\ud800"})), "XML cannot carry"),
        (
            ResponseMessage.model_validate({"header": header("get"), "result": "OK"}),
            "no verb of flow reply",
        ),
    ],
)
def test_what_the_profile_forbids_is_not_sent(message, reason):
    with pytest.raises(LocalProtocolError, match=reason):
        encode(message)


def test_a_message_too_large_for_servers_is_not_sent():
    reason = "x" * 256
    events = [EVENT.model_copy(update={"reason": reason})] * 60
    with pytest.raises(LocalProtocolError, match=f"at most {LARGEST_OUTPUT}"):
        encode(event_message(*events))
    assert len(encode(event_message(*events[:40]))) < LARGEST_OUTPUT


def test_a_refusal_names_the_message_that_it_refuses():
    data = encode(event_message(EVENT)).replace(b"-60000", b"-6e4", 1)
    data = data.replace(b'W="-60000"', b'W="-6e4"')
    with pytest.raises(RemoteProtocolError) as caught:
        decode(data, Flow.EVENT)
    assert (caught.value.code, caught.value.message_id) == ("1.8", ID)
    assert caught.value.reason.startswith("W: ")


def test_a_message_in_the_wrong_flow_is_refused():
    data = encode(event_message(EVENT))
    for flow in set(Flow) - {Flow.EVENT}:
        with pytest.raises(RemoteProtocolError, match=r"^2\.9"):
            decode(data, flow)


def test_a_fault_answers_without_a_header():
    fault = FaultMessage.model_validate({"errors": [{"code": "1.8", "reason": "no XML"}]})
    data = encode(fault)
    assert b"Header" not in data
    assert decode(data, Flow.REPLY) == fault


def test_a_signature_beside_the_payload_changes_no_message():
    message = event_message(EVENT)
    mark = b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/></EventMessage>"
    data = encode(message).replace(b"</EventMessage>", mark)
    assert decode(data, Flow.EVENT) == message


def test_a_digest_never_changes_with_the_code():
    assert digest(EVENT) == "1cf7df9703e3e2ea0b0c30ecaa81e01ab09ce9e8aa75637239375d7b83270035"
    assert digest(EVENT.model_copy(update={"reason": "x"})) != digest(EVENT)


def test_an_equal_event_in_another_zone_has_the_same_digest():
    zoned = {**EVENT.model_dump(), "created": "2026-01-31T13:00:00+01:00"}
    assert digest(Event.model_validate(zoned)) == digest(EVENT)


def test_a_presence_with_text_that_xml_cannot_carry_is_not_sent():
    offer = Offer.model_validate(
        {
            "availability": "available",
            "capability": {
                "revision": 1,
                "at": "2026-01-31T12:00:00Z",
                "resources": [{"id": "a", "kind": "\x01"}],
            },
            "valid_until": "2026-01-31T12:00:00Z",
        }
    )
    with pytest.raises(LocalProtocolError, match="XML cannot carry"):
        encode_presence(offer)


def test_a_presence_that_is_no_xml_is_refused():
    with pytest.raises(RemoteProtocolError, match=r"^1\.8"):
        decode_presence(b"<vtn")


def test_a_removal_names_its_party_alone():
    body = EndDeviceConfig(party="ven-7")
    message = request("delete", "EndDeviceConfig", body=body)
    assert decode(encode(message), Flow.TRANSACTION) == message
