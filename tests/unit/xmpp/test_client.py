# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import AuthenticationError, ConnectError, StreamLostError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.bounds import MAX_STANZA
from xmpp_cem.xmpp.client import Client
from xmpp_cem.xmpp.credentials import Credentials


class Wire:
    """A transport to nowhere."""

    def __init__(self, *, is_encrypted):
        self.tls = object() if is_encrypted else None
        self.written = b""
        self.is_closed = False

    def get_extra_info(self, name, default=None):
        return self.tls if name == "ssl_object" else default

    def write(self, data):
        self.written += data

    def is_closing(self):
        return self.is_closed

    def close(self):
        self.is_closed = True

    abort = close


@pytest.fixture
async def client():
    credentials = Credentials(Jid("ven@a.b", "ven"), "pass-word", host="127.0.0.1", port=1)
    made = Client(credentials, credentials.tls_context())
    made.init_parser()
    return made


async def test_nothing_but_the_way_to_tls_is_written_in_clear(client):
    client.transport = Wire(is_encrypted=False)
    client.send_raw(client.stream_header)
    client.send_raw("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    client.send_raw("<auth>pass-word</auth>")
    assert b"pass-word" not in client.transport.written
    assert isinstance(client.ended.result(), AuthenticationError)


async def test_no_stanza_is_believed_in_clear(client):
    client.transport = Wire(is_encrypted=False)
    client.recv_stanza(client.Message(xml=ET.fromstring("<message xmlns='jabber:client'/>")))
    assert isinstance(client.ended.result(), AuthenticationError)


async def test_a_document_type_ends_the_stream_even_in_pieces(client):
    client.transport = Wire(is_encrypted=True)
    for piece in (b"<?xml version='1.0'?><", b"!DOC", b"TYPE a [<!ENTITY b 'c'>]>"):
        client.data_received(piece)
    assert isinstance(client.ended.result(), ConnectError)


HEAD = b"<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'>"


async def test_depth_is_bounded(client):
    client.transport = Wire(is_encrypted=True)
    client.data_received(HEAD + b"<a>" * 70)
    assert isinstance(client.ended.result(), StreamLostError)


@pytest.mark.slow
async def test_size_is_bounded_for_one_stanza_not_for_the_stream(client):
    client.transport = Wire(is_encrypted=True)
    client.data_received(HEAD)
    whole = b"<message>" + b"x" * 100_000 + b"</message>"
    for _ in range(MAX_STANZA // len(whole) + 2):
        client.data_received(whole)
    assert not client.ended.done()
    client.data_received(b"<message>")
    for _ in range(MAX_STANZA // 1_000_000 + 1):
        client.data_received(b"x" * 1_000_000)
    assert isinstance(client.ended.result(), StreamLostError)


async def test_line_ends_in_attributes_are_written_so_that_they_survive(client):
    stanza = ET.fromstring("<iq xmlns='jabber:client' id='1'><a xmlns='u' b='1&#10;2'/></iq>")
    client.transport = Wire(is_encrypted=True)
    assert client._write_canonically(client.Iq(xml=stanza)) is None
    assert b'<a xmlns="u" b="1&#xA;2"></a>' in client.transport.written


async def test_only_pinned_mechanisms_are_usable(client):
    plugin = client.plugin["feature_mechanisms"]
    assert plugin.use_mechs == {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}
    assert client.plugin["xep_0198"].allow_resume is False
    assert not client.enable_direct_tls


async def test_only_the_first_reason_counts(client):
    first, second = StreamLostError("1"), StreamLostError("2")
    client.fail(first)
    client.fail(second)
    assert client.ended.result() is first
