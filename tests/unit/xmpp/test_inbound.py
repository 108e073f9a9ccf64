# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import LocalProtocolError, RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import RequestReceived
from xmpp_cem.xmpp.inbound import MAX_OPEN, Inbound, is_request


def iq(inner="<RequestMessage xmlns='urn:m'/>", kind="set", sender="vtn@a.b/vtn", number="7"):
    return ET.fromstring(
        f"<iq xmlns='jabber:client' type='{kind}' from='{sender}' id='{number}'>{inner}</iq>"
    )


@pytest.fixture
def sent():
    return []


@pytest.fixture
def inbound(sent):
    return Inbound(sent.append, "3")


@pytest.mark.parametrize(
    "name", ["RequestMessage", "ResponseMessage", "EventMessage", "FaultMessage", "Message"]
)
@pytest.mark.parametrize("kind", ["get", "set"])
def test_an_envelope_in_any_namespace_is_a_request(name, kind):
    assert is_request(iq(f"<{name} xmlns='urn:any'/>", kind))


@pytest.mark.parametrize("inner", ["", "<query xmlns='jabber:iq:roster'/>", "<Message/><x/>"])
def test_anything_else_is_none(inner):
    assert not is_request(iq(inner))


@pytest.mark.parametrize("kind", ["result", "error"])
def test_an_answer_is_no_request(kind):
    assert not is_request(iq(kind=kind))


def test_a_request_is_answered_once(inbound, sent):
    request = inbound.accept(iq(kind="get"))
    assert request == RequestReceived(
        Jid("vtn@a.b", "vtn"),
        request.token,
        True,
        b'<RequestMessage xmlns="urn:m"></RequestMessage>',
    )
    inbound.respond(request.token, b"<a/>")
    inbound.respond(request.token, b"<a/>")
    inbound.refuse(request.token, RefusedError("bad-request"))
    (answer,) = sent
    assert answer.attrib == {"type": "result", "id": "7", "to": "vtn@a.b/vtn"}
    assert answer[0].tag == "a"


def test_tokens_differ_within_and_between_sessions(inbound, sent):
    other = Inbound(sent.append, "4")
    tokens = [box.accept(iq()).token for box in (inbound, inbound, other, other)]
    assert len(set(tokens)) == 4


def test_an_answer_that_is_no_xml_leaves_the_request_open(inbound, sent):
    request = inbound.accept(iq())
    with pytest.raises(LocalProtocolError):
        inbound.respond(request.token, b"<")
    with pytest.raises(LocalProtocolError):
        inbound.refuse(request.token, RefusedError("bad-request", payload=b"<"))
    inbound.respond(request.token, b"")
    assert len(sent) == 1


def test_a_payload_without_canonical_form_is_refused(inbound, sent):
    assert inbound.accept(iq("<Message xmlns='u' xmlns:p='p' p:a='1'/>")) is None
    assert sent[0].get("type") == "error"


def test_unanswered_requests_are_bounded(inbound, sent):
    for _ in range(MAX_OPEN):
        assert inbound.accept(iq()) is not None
    assert inbound.accept(iq()) is None
    assert sent[0].get("type") == "error"
    assert sent[0][0].get("type") == "wait"
