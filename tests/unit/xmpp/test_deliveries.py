# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, Retraction
from xmpp_cem.xmpp.deliveries import read_item, read_notification

SERVICE = "pubsub.test.lab"
ITEM = "<item id='{0}'><e xmlns='urn:m'>{0}</e></item>"


def message(inner, sender=SERVICE, attributes="", node="n"):
    return ET.fromstring(
        f"<message xmlns='jabber:client' from='{sender}' to='ven@test.lab' {attributes}>"
        f"<event xmlns='http://jabber.org/protocol/pubsub#event'>"
        f"<items node='{node}'>{inner}</items></event></message>"
    )


def read(stanza):
    return read_notification(stanza, {SERVICE})


@pytest.mark.parametrize("attributes", ["", "xml:lang='en'", "type='headline' xml:lang='de'"])
@pytest.mark.parametrize("count", [1, 3, 100])
def test_every_item_is_delivered_once_in_order(count, attributes):
    items = "".join(ITEM.format(number) for number in range(count))
    found = read(message(items, attributes=attributes))
    assert found == tuple(
        Delivery(Jid(SERVICE), "n", str(number), f'<e xmlns="urn:m">{number}</e>'.encode())
        for number in range(count)
    )


def test_the_publisher_is_read():
    (found,) = read(message("<item id='1' publisher='ven@test.lab/ven'><e xmlns='u'/></item>"))
    assert found.publisher == Jid("ven@test.lab", "ven")


def test_a_retraction_is_read_beside_items():
    found = read(message(ITEM.format(1) + "<retract id='2'/>"))
    assert found[1] == Retraction(Jid(SERVICE), "n", "2")


def test_an_item_without_payload_is_empty():
    (found,) = read(message("<item id='1'/>"))
    assert found.payload == b""


def test_an_item_without_canonical_form_is_left_out_alone():
    bad = "<item id='1'><e xmlns:p='urn:p' p:x='1'/></item>"
    assert [d.item_id for d in read(message(bad + ITEM.format(2)))] == ["2"]


def test_a_publisher_that_is_no_address_drops_the_item():
    assert read_item(ET.fromstring("<item id='1' publisher='@'><e/></item>")) is None


@pytest.mark.parametrize(
    "sender",
    [
        "mallory@test.lab",
        "mallory@test.lab/r",
        "vtn@test.lab",
        "vtn@test.lab/vtn",
        "ven@test.lab",
        "test.lab",
        "",
        "pubsub.test.lab/x",
        "x@pubsub.test.lab",
        "pubsub.test.lab.evil",
        "pubsub.t\u0435st.lab",
    ],
)
def test_a_forged_sender_delivers_nothing(sender):
    assert read(message(ITEM.format(1), sender=sender)) == ()


def test_a_missing_sender_delivers_nothing():
    stanza = message(ITEM.format(1))
    del stanza.attrib["from"]
    assert read(stanza) == ()


def test_an_error_delivers_nothing():
    assert read(message(ITEM.format(1), attributes="type='error'")) == ()


@pytest.mark.parametrize(
    "wrapper",
    [
        "<received xmlns='urn:xmpp:carbons:2'>{}</received>",
        "<sent xmlns='urn:xmpp:carbons:2'>{}</sent>",
        "<result xmlns='urn:xmpp:mam:2'>{}</result>",
        "{}",
    ],
)
def test_a_wrapped_copy_delivers_nothing(wrapper):
    original = ET.tostring(message(ITEM.format(1)), encoding="unicode")
    inner = f"<forwarded xmlns='urn:xmpp:forward:0'>{original}</forwarded>"
    stanza = ET.fromstring(
        f"<message xmlns='jabber:client' from='{SERVICE}'>{wrapper.format(inner)}</message>"
    )
    assert read(stanza) == ()


@pytest.mark.parametrize("kind", ["purge", "delete", "configuration", "subscription"])
def test_other_events_deliver_nothing(kind):
    stanza = message("")
    event = stanza[0]
    event.clear()
    ET.SubElement(event, f"{{http://jabber.org/protocol/pubsub#event}}{kind}", {"node": "n"})
    assert read(stanza) == ()
