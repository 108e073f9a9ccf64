# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import PresenceSeen
from xmpp_cem.xmpp.canonical import to_bytes
from xmpp_cem.xmpp.presence import directed, read_presence, write_presence

EXTENSION = b'<availability xmlns="urn:a"><r>x</r></availability>'


def stanza(attributes, inner=""):
    return ET.fromstring(f"<presence xmlns='jabber:client' {attributes}>{inner}</presence>")


@pytest.mark.parametrize("show", ["", "chat", "away", "dnd", "xa"])
def test_what_is_written_is_read(show):
    written = write_presence(show, "3 of 4", (EXTENSION,), -1)
    written.set("from", "ven@test.lab/ven")
    expected = PresenceSeen(Jid("ven@test.lab", "ven"), True, show, "3 of 4", (EXTENSION,))
    assert read_presence(written) == expected


def test_the_priority_is_written():
    assert b"<priority>-1</priority>" in to_bytes(write_presence("", "", (), -1))


def test_unavailable_is_read_with_its_extensions():
    seen = read_presence(stanza("type='unavailable' from='a@b/c'", EXTENSION.decode()))
    assert (seen.is_available, seen.extensions) == (False, (EXTENSION,))


@pytest.mark.parametrize("kind", ["subscribe", "subscribed", "unsubscribed", "probe", "error"])
def test_other_types_are_no_presence(kind):
    assert read_presence(stanza(f"type='{kind}' from='a@b/c'")) is None


@pytest.mark.parametrize("attributes", ["", "from=''", "from='@'"])
def test_a_presence_without_address_is_none(attributes):
    assert read_presence(stanza(attributes)) is None


def test_an_unknown_show_reads_as_available():
    assert read_presence(stanza("from='a@b/c'", "<show>bogus</show>")).show == ""


def test_an_extension_without_canonical_form_is_left_out():
    inner = "<x xmlns='urn:x' xmlns:p='urn:p' p:a='1'/>" + EXTENSION.decode()
    assert read_presence(stanza("from='a@b/c'", inner)).extensions == (EXTENSION,)


def test_an_unknown_show_is_not_sent():
    with pytest.raises(ValueError, match="bogus"):
        write_presence("bogus", "", (), 0)


def test_an_answer_is_addressed():
    assert directed("subscribed", "a@b").attrib == {"type": "subscribed", "to": "a@b"}
