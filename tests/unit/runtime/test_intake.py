from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from xmpp_cem.core.inputs import (
    ItemReceived,
    Knocked,
    Link,
    LinkChanged,
    PresenceChanged,
    RequestArrived,
)
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, FaultMessage, Header, Noun, Verb
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.link import (
    Delivery,
    LinkDown,
    LinkUp,
    PresenceAsked,
    PresenceSeen,
    RequestReceived,
    Retraction,
)
from xmpp_cem.runtime.intake import Intake
from xmpp_cem.testing.builders import HOST, NOW, at, capability, make_event, request
from xmpp_cem.wire.codec import Flow, decode, encode, encode_presence

KNOWN, STRANGER = Jid(f"a@{HOST}", "ven"), Jid(f"stranger@{HOST}", "x")
ASKED = request(Verb.GET, Noun.CONFIG, "a")
HEADER = Header(
    verb=Verb.CREATED,
    noun=Noun.CONTROLS,
    message_id=derived_id("m"),
    timestamp=NOW,
    source="vtn",
)
MESSAGE = EventMessage(header=HEADER, body=EndDeviceControls(events=(make_event(),)))
OFFER = Offer(availability=Availability.LIMITED, capability=capability(), valid_until=at(9))


class Door:
    """An intake that admits `KNOWN`; its inputs and refusals are noted."""

    def __init__(self, wire):
        self.inputs = []
        self.wire = wire
        self.intake = Intake(
            Link.LOWER, self.inputs.append, lambda jid: jid == KNOWN, lambda: self.now
        )
        self.now = NOW
        self.intake.transport = wire

    def take(self, event):
        self.intake.deliver(event)
        return self.inputs[-1] if self.inputs else None


@pytest.fixture
def door(wire):
    return Door(wire)


def test_a_connection_comes_and_goes(door):
    assert door.take(LinkUp(KNOWN)) == LinkChanged(Link.LOWER, is_up=True)
    assert door.take(LinkDown("cut")) == LinkChanged(Link.LOWER, is_up=False)


def test_a_request_becomes_an_input_with_the_stamped_sender(door):
    what = door.take(RequestReceived(KNOWN, "t", True, encode(ASKED)))
    assert what == RequestArrived(Link.LOWER, KNOWN, "t", ASKED)


def test_a_stranger_is_refused_before_anything_of_it_is_read(door):
    what = door.take(RequestReceived(STRANGER, "t", True, b"\xff not even XML"))
    assert what == Knocked(Link.LOWER, STRANGER.bare)
    assert door.wire.done == [("refuse", "t", "service-unavailable", "cancel", "", b"")]


def test_a_stranger_that_asks_for_presence_is_told_of_once(door):
    for _ in range(3):
        door.take(PresenceAsked(STRANGER))
    assert door.inputs == [Knocked(Link.LOWER, STRANGER.bare)]


def test_what_cannot_be_read_is_refused_with_a_fault_inside_the_error(door):
    assert door.take(RequestReceived(KNOWN, "t", True, b"<a")) is None
    (_, token, condition, error_type, text, payload) = door.wire.done[0]
    assert (token, condition, error_type) == ("t", "bad-request", "modify")
    fault = decode(payload, Flow.REPLY)
    assert isinstance(fault, FaultMessage)
    assert fault.errors[0].code == "1.8"
    assert fault.errors[0].reason.startswith(text)


def test_a_query_by_transaction_is_refused(door):
    assert door.take(RequestReceived(KNOWN, "t", False, encode(ASKED))) is None
    assert decode(door.wire.done[0][-1], Flow.REPLY).errors[0].code == "2.9"


def test_before_the_connection_is_attached_nothing_is_answered(door):
    door.intake.transport = None
    assert door.take(RequestReceived(KNOWN, "t", True, encode(ASKED))) is None


def test_an_item_becomes_an_input_and_a_broken_one_nothing(door):
    assert door.take(Delivery(KNOWN, "n", "i", b"<a")) is None
    assert door.take(Delivery(KNOWN, "n", "i", encode(ASKED))) is None
    what = door.take(Delivery(KNOWN, "n", "i", encode(MESSAGE), publisher=STRANGER))
    assert what == ItemReceived(Link.LOWER, KNOWN, "n", "i", MESSAGE, STRANGER)


def test_a_retraction_is_no_cancel(door):
    assert door.take(Retraction(KNOWN, "n", "i")) is None


def test_a_presence_carries_what_could_be_read_of_it(door):
    leads = Leadership(is_active=True, epoch=3)
    extensions = (b"<broken", b"<x xmlns='urn:other'/>", encode_presence(OFFER))
    what = door.take(PresenceSeen(KNOWN, True, "away", "s", extensions))
    assert what == PresenceChanged(Link.LOWER, KNOWN, is_available=True, offer=OFFER)
    what = door.take(PresenceSeen(KNOWN, True, "", "", (encode_presence(leads),)))
    assert what.leadership == leads


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=60) | st.sampled_from([encode(ASKED), encode(MESSAGE)]))
def test_no_bytes_of_a_peer_ever_raise(door, payload):
    for cut in range(0, len(payload) + 1, 37):
        for event in (
            RequestReceived(KNOWN, "t", True, payload[cut:]),
            RequestReceived(KNOWN, "t", False, payload[:cut]),
            Delivery(KNOWN, "n", "i", payload[:cut]),
            PresenceSeen(KNOWN, True, "", "", (payload[cut:],)),
        ):
            door.take(event)


def refusals(wire):
    return [
        (what[1], what[2], decode(what[5], Flow.REPLY).errors[0].code)
        for what in wire.done
        if what[0] == "refuse"
    ]


def test_one_account_cannot_make_us_wait_for_more_than_fifty_requests(door):
    for number in range(52):
        door.take(RequestReceived(KNOWN, f"t{number}", True, encode(ASKED)))
    assert len(door.inputs) == 50
    assert refusals(door.wire) == [
        ("t50", "resource-constraint", "3.2"),
        ("t51", "resource-constraint", "3.2"),
    ]
    assert door.intake.refused == 2
    door.intake.respond("t7", b"<x/>")
    door.take(RequestReceived(KNOWN, "again", True, encode(ASKED)))
    assert len(door.inputs) == 51
    assert door.intake.refused == 2


@pytest.mark.slow
def test_an_account_that_is_refused_again_and_again_is_said_once_a_minute_with_the_count(door):
    with capture_logs() as logs:
        for number in range(10_050):
            door.take(RequestReceived(KNOWN, f"t{number}", True, encode(ASKED)))
        door.now = NOW + timedelta(minutes=1)
        door.take(RequestReceived(KNOWN, "later", True, encode(ASKED)))
    assert [(line["event"], line["code"], line["refused"]) for line in logs] == [
        ("overloaded", "3.2", 1),
        ("overloaded", "3.2", 10_001),
    ]


def test_all_accounts_together_wait_for_at_most_five_hundred(wire):
    inputs = []
    intake = Intake(Link.LOWER, inputs.append, lambda _: True, lambda: NOW)
    intake.transport = wire
    for number in range(501):
        sender = Jid(f"ven{number // 40}@{HOST}", "ven")
        intake.deliver(RequestReceived(sender, f"t{number}", True, encode(ASKED)))
    assert len(inputs) == 500
    assert refusals(wire) == [("t500", "resource-constraint", "5.1")]


def test_a_request_that_nobody_answers_ends_with_4_1(door):
    door.take(RequestReceived(KNOWN, "t", True, encode(ASKED)))
    door.now = at(29)
    door.intake.fail_overdue()
    assert refusals(door.wire) == []
    door.now = at(30)
    door.intake.fail_overdue()
    door.intake.fail_overdue()
    assert refusals(door.wire) == [("t", "resource-constraint", "4.1")]


def test_what_waits_is_forgotten_with_its_connection(door):
    for number in range(50):
        door.take(RequestReceived(KNOWN, f"t{number}", True, encode(ASKED)))
    door.take(LinkDown("gone"))
    door.take(RequestReceived(KNOWN, "new", True, encode(ASKED)))
    door.now = at(30)
    door.intake.fail_overdue()
    assert [token for token, *_ in refusals(door.wire)] == ["new"]
