# ruff: noqa: S314 (the XML is our own)
import logging
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.credentials import Credentials
from xmpp_cem.xmpp.session import MAX_WAITING, Border, Session


@pytest.fixture
async def session():
    credentials = Credentials(Jid("ven@a.b", "ven"), "p")
    border = Border(lambda _: None, lambda _: False, ())
    return Session(1, credentials, credentials.tls_context(), border)


async def test_before_login_nothing_is_sent(session):
    assert not session.is_alive
    with pytest.raises(StreamLostError):
        session.send(ET.fromstring("<presence xmlns='jabber:client'/>"))


async def test_a_session_that_never_connected_closes_cleanly(session):
    await session.close("not wanted")
    with pytest.raises(StreamLostError, match="not wanted"):
        await session.requests.ask(Jid("a.b"), "get", ET.Element("q"), 1)


async def test_what_is_too_much_before_the_login_is_complete_is_dropped_and_counted(
    session, caplog
):
    caplog.set_level(logging.WARNING, logger="xmpp_cem.xmpp")
    stanza, taken = ET.fromstring("<message xmlns='jabber:client'/>"), []
    for _ in range(MAX_WAITING + 3):
        session._in_turn(taken.append, stanza)
    assert taken == []
    session.catch_up()
    session._in_turn(taken.append, stanza)
    assert len(taken) == MAX_WAITING + 1
    assert caplog.messages == ["3 stanzas came before the login was complete: dropped"]
