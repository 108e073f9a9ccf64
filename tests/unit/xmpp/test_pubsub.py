# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import LocalProtocolError, RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import Access
from xmpp_cem.xmpp.canonical import to_bytes
from xmpp_cem.xmpp.pubsub import PUBSUB, Pubsub

SERVICE = Jid("pubsub.a.b")


class Service:
    """Answers every request alike and remembers it."""

    def __init__(self, answer=""):
        self.answer = answer
        self.asked = []

    async def __call__(self, _to, kind, content, seconds):
        self.asked.append((kind, to_bytes(content).decode(), seconds))
        if isinstance(self.answer, RefusedError):
            raise self.answer
        return ET.fromstring(
            f"<iq xmlns='jabber:client'><pubsub xmlns='{PUBSUB}'>{self.answer}</pubsub></iq>"
        )


def at(service):
    return Pubsub(service, Jid("ven@a.b", "ven"))


@pytest.mark.parametrize("access", Access)
async def test_every_publish_names_the_access_model(access):
    service = Service()
    await at(service).publish(SERVICE, "n", Item("1", b'<e xmlns="u"/>'), access, 7)
    ((kind, asked, seconds),) = service.asked
    assert (kind, seconds) == ("set", 7)
    assert '<item id="1"><e xmlns="u"></e></item>' in asked
    assert f'var="pubsub#access_model"><value>{access}</value>' in asked


@pytest.mark.parametrize("payload", [b"", b"<", b"<a>" + b"x" * 70_000 + b"</a>"])
async def test_a_payload_that_is_no_small_xml_is_not_sent(payload):
    service = Service()
    with pytest.raises(LocalProtocolError):
        await at(service).publish(SERVICE, "n", Item("1", payload), Access.OPEN, 1)
    assert service.asked == []


async def test_the_bare_address_is_subscribed():
    service = Service("<subscription subscription='subscribed'/>")
    await at(service).subscribe(SERVICE, "n")
    assert 'jid="ven@a.b"' in service.asked[0][1]


@pytest.mark.parametrize("state", ["pending", "unconfigured", "none"])
async def test_anything_but_subscribed_is_a_refusal(state):
    with pytest.raises(RefusedError, match=state):
        await at(Service(f"<subscription subscription='{state}'/>")).subscribe(SERVICE, "n")


async def test_only_named_items_are_asked_for():
    service = Service("<items node='n'><item id='2'><e/></item><item id='1'><f/></item></items>")
    found = await at(service).fetch(SERVICE, "n", ("1", "2"))
    assert {item.item_id for item in found} == {"1", "2"}
    assert '<item id="1"></item><item id="2"></item>' in service.asked[0][1]


async def test_what_is_gone_already_is_fine():
    service = Service(RefusedError("item-not-found"))
    await at(service).retract(SERVICE, "n", "1")
    await at(service).unsubscribe(SERVICE, "n")


async def test_other_refusals_are_told():
    service = Service(RefusedError("forbidden"))
    with pytest.raises(RefusedError):
        await at(service).retract(SERVICE, "n", "1")
    with pytest.raises(RefusedError):
        await at(service).unsubscribe(SERVICE, "n")
