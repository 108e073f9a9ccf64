# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.credentials import Credentials
from xmpp_cem.xmpp.session import Border, Session


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
