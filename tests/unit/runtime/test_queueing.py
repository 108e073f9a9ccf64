import pytest

from xmpp_cem.core.inputs import (
    Heard,
    ItemReceived,
    Link,
    PresenceChanged,
    RequestArrived,
    TimerFired,
)
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, RequestMessage, Verb
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.runtime.queueing import MOST, InputQueue, Rank
from xmpp_cem.testing.builders import HOST, NOW, make_event

SERVICE = Jid(f"pubsub.{HOST}")


def header(verb, noun):
    return Header(
        verb=verb, noun=noun, message_id=derived_id(verb, noun), timestamp=NOW, source="a"
    )


def item(noun):
    body = EndDeviceControls(events=(make_event(),))
    message = EventMessage(header=header(Verb.CREATED, noun), body=body)
    return ItemReceived(Link.LOWER, SERVICE, "node", "item", message)


def asked(verb, noun, number=0):
    message = RequestMessage(header=header(verb, noun))
    return RequestArrived(Link.LOWER, Jid(f"a@{HOST}", "ven"), f"token {number}", message)


def seen(name, *, is_available=True):
    return PresenceChanged(Link.LOWER, Jid(f"{name}@{HOST}", "ven"), is_available)


def filled(what):
    queue = InputQueue()
    while queue.add(what):
        assert len(queue) <= MOST
    return queue


TELEMETRY = item(Noun.READINGS)
CONTROL = asked(Verb.CREATE, Noun.EVENTS)
HEARD = Heard(Link.LOWER, Jid(f"a@{HOST}", "ven"))


def test_telemetry_yields_before_status_and_status_before_control():
    telemetry, status, control = (len(filled(what)) for what in (TELEMETRY, HEARD, CONTROL))
    assert telemetry < status < control == MOST


@pytest.mark.parametrize(
    "control", [CONTROL, item(Noun.CONTROLS), item(Noun.INDEX), asked(Verb.CANCEL, Noun.CONTROLS)]
)
def test_a_flood_of_telemetry_leaves_room_for_control(control):
    queue = filled(TELEMETRY)
    assert queue.add(control)
    assert not queue.add(TELEMETRY)


def test_what_we_caused_ourselves_is_always_taken():
    queue = filled(CONTROL)
    assert queue.add(TimerFired("key"))
    assert queue.add(None, "an entry that was sent")


def test_what_is_shed_is_counted_by_rank():
    queue = filled(TELEMETRY)
    for _ in range(10_000):
        queue.add(TELEMETRY)
    assert queue.shed == {Rank.TELEMETRY: 10_001}


def test_order_of_arrival_is_kept():
    queue = InputQueue()
    first, second = asked(Verb.CREATE, Noun.EVENTS, 1), TimerFired("key")
    queue.add(first)
    queue.add(second, "sent")
    assert queue.take(1) == [(first, "")]
    assert queue.take(256) == [(second, "sent")]
    assert queue.take(256) == []


def test_the_newest_presence_of_a_connection_replaces_one_that_waits_in_a_full_queue():
    queue = InputQueue()
    queue.add(seen("a"))
    while queue.add(HEARD):
        pass
    assert queue.add(seen("a", is_available=False))
    assert not queue.add(seen("b"))
    assert queue.take(1) == [(seen("a", is_available=False), "")]


def test_a_queue_that_was_full_takes_again_when_it_is_empty():
    queue = filled(TELEMETRY)
    queue.take(MOST)
    assert queue.add(TELEMETRY)
