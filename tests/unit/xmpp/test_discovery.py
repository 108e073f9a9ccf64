# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import RefusedError, RequestTimeoutError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.discovery import Discovery, answer_query, is_query_to_us
from xmpp_cem.xmpp.identity import Identity


def iq(inner, kind="get"):
    return ET.fromstring(f"<iq xmlns='jabber:client' type='{kind}' id='1'>{inner}</iq>")


def test_a_ping_is_answered_empty():
    ping = iq("<ping xmlns='urn:xmpp:ping'/>")
    assert is_query_to_us(ping)
    assert answer_query(ping, Identity("ven")) is None


def test_we_say_what_we_are_for_the_node_that_was_asked():
    query = iq("<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>")
    answer = answer_query(query, Identity("ven"))
    assert answer.get("node") == "n"
    assert answer[0].get("category") == "client"


@pytest.mark.parametrize("kind", ["set", "result", "error"])
def test_only_a_get_is_a_query(kind):
    assert not is_query_to_us(iq("<ping xmlns='urn:xmpp:ping'/>", kind))


@pytest.mark.parametrize(
    ("outcome", "is_there"),
    [
        (None, True),
        (RefusedError("feature-not-implemented"), True),
        (RefusedError("service-unavailable"), False),
        (RefusedError("item-not-found"), False),
        (RequestTimeoutError("x"), False),
    ],
)
async def test_a_ping_tells_who_is_there(outcome, is_there):
    async def ask(*_):
        if outcome is not None:
            raise outcome
        return ET.Element("iq")

    assert await Discovery(ask).ping(Jid("a@b", "c"), 1) is is_there


async def test_a_lost_link_tells_nothing_about_the_other():
    async def ask(*_):
        raise StreamLostError("gone")

    with pytest.raises(StreamLostError):
        await Discovery(ask).ping(Jid("a@b", "c"), 1)
