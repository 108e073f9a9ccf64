import re

import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.wire.events import OPTS, append_events, read_events
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.xml import canonical, parse, root

ID = "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a0"
BODY = EndDeviceEvents.model_validate(
    {
        "answers": [
            {
                "id": ID + "1",
                "event": ID + "2",
                "order": {"epoch": 3, "modification": 1},
                "opt": "opted-in",
                "power_w": -12500,
                "revision": 7,
                "sequence": 1,
                "at": "2026-01-31T12:00:00Z",
            }
        ],
        "statuses": [{"id": ID + "3", "type": "5.8.43.85", "at": "2026-01-31T12:00:00Z"}],
    }
)


def payload():
    element = root(MESSAGE, "Payload")
    append_events(element, BODY)
    return canonical(element).decode()


def test_answers_and_statuses_have_types_of_their_own():
    assert not set(OPTS.values()) & {status.value for status in StatusType}


def test_answers_and_statuses_return_as_they_were():
    assert read_events(parse(payload().encode())) == BODY


def test_a_status_without_event_and_power_has_no_details():
    assert payload().count("<EndDeviceEventDetails>") == 6


def test_a_detail_that_we_do_not_know_is_ignored():
    detail = "<EndDeviceEventDetails><name>mood</name><value>good</value></EndDeviceEventDetails>"
    text = payload().replace("<EndDeviceEventType", detail + "<EndDeviceEventType")
    assert read_events(parse(text.encode())) == BODY


@pytest.mark.parametrize(
    ("pattern", "new", "code", "reason"),
    [
        (r"16\.15\.43\.80", "16.15.43.82", "2.29", "16.15.43.82"),
        (r'<EndDeviceEventType ref="16.*?></EndDeviceEventType>', "", "1.7", "EndDeviceEventType"),
        (r"<createdDateTime>.*?</createdDateTime>", "", "1.7", "createdDateTime"),
        (r"<name>power_w</name>", "<name>power</name>", "1.7", "power_w"),
        (r"<name>epoch</name>", "<name>power_w</name>", "1.8", "power_w"),
        (r"-12500", "-12.5e3", "1.8", "power_w"),
    ],
)
def test_a_broken_event_is_refused(pattern, new, code, reason):
    changed = re.sub(pattern, new, payload(), count=1)
    with pytest.raises(RemoteProtocolError) as caught:
        read_events(parse(changed.encode()))
    assert caught.value.code == code
    assert reason in caught.value.reason


def test_no_noun_is_no_body():
    assert read_events(parse(f"<Payload xmlns='{MESSAGE}'/>".encode())) is None
