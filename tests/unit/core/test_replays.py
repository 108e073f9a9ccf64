"""What has been heard, done and ended does nothing when it is heard again, however much later."""

from datetime import timedelta

import pytest

from tests.unit.core.test_site import BOTH, EVENT, SERVICE, House, restarted
from xmpp_cem.core.effects import Actuate, AskDecision
from xmpp_cem.core.inputs import ItemReceived, Link, Measured, RequestArrived
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, RequestMessage, Verb
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.testing.builders import HOST, at, of_kind

pytestmark = pytest.mark.slow

REPLAYS = 1000
DAYS_2 = timedelta(days=2).total_seconds()

CHANGED = EVENT.model_copy(update={"order": EVENT.order.model_copy(update={"modification": 1})})
CANCELLED = CHANGED.model_copy(
    update={
        "order": EVENT.order.model_copy(update={"modification": 2}),
        "status": EventStatus.CANCELLED,
    }
)


def said(event, verb):
    header = Header(
        verb=verb,
        noun=Noun.CONTROLS,
        message_id=derived_id(event.order.modification, verb),
        timestamp=at(0),
        source="vtn",
        expires=event.active.end,
    )
    body = EndDeviceControls(events=(event,))
    if verb is Verb.CREATE:
        return RequestMessage(header=header, body=body)
    return EventMessage(header=header, body=body)


def heard(message):
    if isinstance(message, RequestMessage):
        return RequestArrived(Link.UPPER, Jid(f"vtn@{HOST}", "vtn"), "t", message)
    return ItemReceived(Link.UPPER, SERVICE, "n", message.body.events[0].id, message)


WORDS = [said(e, v) for e in (EVENT, CHANGED, CANCELLED) for v in (Verb.CHANGED, Verb.CREATE)]


@pytest.fixture(params=["it ran to its end", "it was cancelled"])
def over(request):
    """A site that has done with an event."""
    house = House()
    house.begin()
    house.commit(EVENT)
    assert house.set_points(30) == {"r1": 2000, "r2": 1000}
    if request.param == "it was cancelled":
        for event in (CHANGED, CANCELLED):
            house.tell(heard(said(event, Verb.CHANGED)), 40)
        assert house.set_points(41) == {"r1": None, "r2": None}
    assert house.set_points(81) == {"r1": None, "r2": None}
    return house


@pytest.mark.parametrize("is_new", [False, True], ids=["the same process", "after a restart"])
@pytest.mark.parametrize("seconds", [90, DAYS_2], ids=["soon", "two days later"])
def test_a_thousand_replays_do_nothing(over, is_new, seconds):
    house = restarted(over, seconds) if is_new else over
    house.tell(Measured(BOTH), seconds)
    answers = len(house.answers)
    for number in range(REPLAYS):
        effects = house.tell(heard(WORDS[number % len(WORDS)]), seconds + 1)
        assert of_kind(effects, AskDecision) + of_kind(effects, Actuate) == []
    assert house.set_points(seconds + 2) == {"r1": None, "r2": None}
    assert len(house.answers) == answers


@pytest.mark.parametrize("is_new", [False, True], ids=["the same process", "after a restart"])
def test_within_an_event_a_thousand_replays_of_older_versions_change_nothing(is_new):
    house = House()
    house.begin()
    house.commit(EVENT)
    house.tell(heard(said(CHANGED, Verb.CHANGED)), 25)
    house.set_points(26)
    house = restarted(house, 28) if is_new else house
    house.tell(Measured(BOTH), 29)
    before = house.set_points(30)
    assert any(before.values())
    for number in range(REPLAYS):
        house.tell(heard(WORDS[number % 4]), 31)
    assert house.set_points(32) == before
