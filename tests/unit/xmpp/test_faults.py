# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import RefusedError
from xmpp_cem.xmpp.faults import read_refusal, write_refusal

PAYLOAD = b'<FaultMessage xmlns="urn:m">x</FaultMessage>'


def read(inner):
    return read_refusal(ET.fromstring(f"<iq xmlns='jabber:client' type='error'>{inner}</iq>"))


@pytest.mark.parametrize("payload", [b"", PAYLOAD])
@pytest.mark.parametrize("text", ["", "too late & <wrong>"])
def test_what_is_written_is_read(text, payload):
    stanza = ET.Element("{jabber:client}iq")
    stanza.append(write_refusal(RefusedError("not-acceptable", "modify", text, payload)))
    found = read_refusal(stanza)
    assert (found.condition, found.error_type) == ("not-acceptable", "modify")
    assert (found.text, found.payload) == (text, payload)


@pytest.mark.parametrize("inner", ["", "<error/>", "<error type='nonsense'/>", "<x xmlns='u'/>"])
def test_an_incomplete_error_is_undefined(inner):
    found = read(inner)
    assert (found.condition, found.error_type) == ("undefined-condition", "cancel")


def test_the_condition_is_found_wherever_it_stands():
    found = read(
        "<error type='cancel'><closed-node xmlns='http://jabber.org/protocol/pubsub#errors'/>"
        "<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
    assert found.condition == "not-allowed"
    assert b"closed-node" in found.payload


def test_a_payload_without_canonical_form_is_left_out():
    assert read("<error type='wait'><x xmlns='u' xmlns:p='p' p:a='1'/></error>").payload == b""


def test_a_payload_that_is_no_xml_is_not_written():
    with pytest.raises(ValueError, match="well-formed"):
        write_refusal(RefusedError("bad-request", payload=b"<"))
