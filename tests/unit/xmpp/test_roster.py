# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.roster import Roster, is_push

OWN = Jid("vtn@a.b", "vtn")
VEN = Jid("ven@a.b")


def push(subscription, sender="", ask=""):
    origin = f"from='{sender}'" if sender else ""
    return ET.fromstring(
        f"<iq xmlns='jabber:client' type='set' {origin} id='1'><query xmlns='jabber:iq:roster'>"
        f"<item jid='ven@a.b' subscription='{subscription}' {ask}/></query></iq>"
    )


@pytest.mark.parametrize("subscription", ["to", "both"])
def test_a_subscribed_account_is_not_asked_again(subscription):
    roster = Roster(OWN, lambda: 0.0)
    roster.read(push(subscription))
    assert not roster.must_ask(VEN)


@pytest.mark.parametrize("subscription", ["none", "from", "remove"])
def test_a_lost_subscription_is_asked_for(subscription):
    roster = Roster(OWN, lambda: 0.0)
    roster.read(push("both"))
    roster.read(push(subscription))
    assert roster.must_ask(VEN)


def test_a_request_of_an_earlier_session_may_be_lost():
    roster = Roster(OWN, lambda: 0.0)
    roster.read(push("none", ask="ask='subscribe'"))
    assert roster.must_ask(VEN)
    roster.asked(VEN)
    assert not roster.must_ask(VEN)


def test_a_request_that_was_not_granted_is_repeated_after_five_minutes():
    moments = iter([0.0, 299.0, 300.0])
    roster = Roster(OWN, lambda: next(moments))
    roster.asked(VEN)
    assert not roster.must_ask(VEN)
    assert roster.must_ask(VEN)


@pytest.mark.parametrize("sender", ["", "vtn@a.b", "vtn@a.b/vtn"])
def test_a_push_of_our_server_is_authentic(sender):
    assert Roster(OWN, lambda: 0.0).is_authentic(push("both", sender))


@pytest.mark.parametrize("sender", ["ven@a.b", "a.b", "vtn@a.c", "vtn@a.b/other", "@"])
def test_a_push_of_anyone_else_is_not(sender):
    assert not Roster(OWN, lambda: 0.0).is_authentic(push("both", sender))


def test_a_push_is_told_from_other_stanzas():
    assert is_push(push("both"))
    assert not is_push(ET.fromstring("<iq xmlns='jabber:client' type='set'><q xmlns='u'/></iq>"))
