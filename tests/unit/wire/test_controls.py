import re

import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.model.event import Event
from xmpp_cem.wire.controls import append_controls, event_element, read_controls, read_index
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.xml import canonical, parse, root

EVENT = {
    "id": "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a02",
    "order": {"epoch": 3, "modification": 0},
    "active": {"start": "2026-01-31T13:00:00Z", "end": "2026-01-31T14:00:00Z"},
    "signal": {"kind": "delta", "power_w": -60000},
    "created": "2026-01-31T12:00:00Z",
    "answer_by": "2026-01-31T12:15:00Z",
}


def payload(**changes):
    element = root(MESSAGE, "Payload")
    append_controls(
        element, EndDeviceControls(events=(Event.model_validate({**EVENT, **changes}),))
    )
    return canonical(element).decode()


@pytest.mark.parametrize(
    ("modification", "status", "ref"),
    [
        (0, "far", "16.15.43.82"),
        (1, "active", "16.15.43.13"),
        (0, "cancelled", "16.15.43.8"),
        (4, "cancelled", "16.15.43.8"),
    ],
)
def test_the_control_type_says_create_change_or_cancel(modification, status, ref):
    text = payload(order={"epoch": 3, "modification": modification}, status=status)
    assert f'<EndDeviceControlType ref="{ref}">' in text


def test_a_duration_is_told_in_whole_minutes_or_not_at_all():
    assert "<duration>60</duration>" in payload()
    odd = {"start": "2026-01-31T13:00:00Z", "end": "2026-01-31T13:01:30Z"}
    assert "<duration>" not in payload(active=odd)


def test_the_command_is_for_people():
    assert "<command>change power by -60000 W</command>" in payload()
    assert "<command>cancel</command>" in payload(status="cancelled")
    share = {
        "kind": "multiplier",
        "direction": "decrease",
        "multiplier": "0.5",
        "basis": "2026-01-31T12:00:00Z",
    }
    assert "<command>decrease power by 0.500000000 of capability<" in payload(signal=share)


def test_the_event_element_alone_says_all_that_is_digested():
    assert canonical(event_element(Event.model_validate(EVENT))).decode() in payload()


@pytest.mark.parametrize(
    ("pattern", "new", "code"),
    [
        (r"(<EndDeviceControl><mRID>)6", r"\g<1>7", "1.8"),
        (r"(<start>2026-01-31T1)3", r"\g<1>2", "1.8"),
        (r"<scheduledInterval>.*</scheduledInterval>", "", "1.7"),
        (r"<EndDeviceControl>.*</EndDeviceControl>", "", "1.8"),
        (r"(<event .*</event>)", r"\1\1", "1.8"),
        (r"<event .*</event>", "", "1.8"),
        (r' epoch="3"', "", "1.7"),
        (r'status="far"', 'status="soon"', "1.8"),
    ],
)
def test_a_control_and_an_event_that_differ_are_refused(pattern, new, code):
    changed, count = re.subn(pattern, new, payload())
    assert count == 1
    with pytest.raises(RemoteProtocolError) as caught:
        read_controls(parse(changed.encode()))
    assert caught.value.code == code


def test_controls_match_their_events_in_any_order():
    events = [EVENT, {**EVENT, "id": EVENT["id"][:-1] + "3"}]
    body = EndDeviceControls.model_validate({"events": events})
    element = root(MESSAGE, "Payload")
    append_controls(element, body)
    payload = parse(canonical(element))
    noun = payload[0]
    noun.append(noun[0])
    assert read_controls(payload) == body


def test_no_noun_is_no_body():
    empty = parse(f"<Payload xmlns='{MESSAGE}'/>".encode())
    assert read_controls(empty) is None
    assert read_index(empty) is None
