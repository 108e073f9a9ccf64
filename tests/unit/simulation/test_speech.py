import pytest

from xmpp_cem.core.inputs import Link
from xmpp_cem.core.records import VtnRecord
from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.availability import Leadership
from xmpp_cem.runtime.journal import read_record, write_record
from xmpp_cem.simulation.speech import LateRow, SharedSpeech
from xmpp_cem.testing.builders import request
from xmpp_cem.wire.codec import Flow

LEADS = Leadership(is_active=True, epoch=7)


def test_a_row_that_is_written_late_says_the_same():
    record = VtnRecord(epoch=3, sequence=9)
    late, row = LateRow(record), write_record(record)
    assert (late.kind, late.key, late.value) == (row.kind, row.key, row.value)
    assert read_record(late) == record


def test_what_was_written_here_is_remembered():
    speech, message = SharedSpeech(), request(Verb.GET, Noun.EVENTS, "a", None)
    data = speech.write(Link.UPPER, "", message)
    assert speech.read(Link.LOWER, "", data, Flow.QUERY) is message
    assert speech.read_presence(speech.write_presence(LEADS)) is LEADS


def test_in_a_checked_seed_it_is_read():
    speech, message = SharedSpeech(is_checked=True), request(Verb.GET, Noun.EVENTS, "a", None)
    data = speech.write(Link.UPPER, "", message)
    read = speech.read(Link.LOWER, "", data, Flow.QUERY)
    assert read == message
    assert read is not message
    shown = speech.read_presence(speech.write_presence(LEADS))
    assert shown == LEADS
    assert shown is not LEADS


def test_what_others_wrote_is_read():
    with pytest.raises(RemoteProtocolError):
        SharedSpeech().read_presence(b"<vtn")
