"""What nobody can cover goes up with the very input that shows it, not at the next look."""

import pytest

from tests.unit.core.gateway import UPPER_EVENT, Cascade
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.model.availability import Availability
from xmpp_cem.testing.builders import transactions_in


def shortfalls(effects):
    bodies = [m.body for m in transactions_in(effects) if isinstance(m.body, EndDeviceEvents)]
    found = [s for body in bodies for s in body.statuses if s.type is StatusType.SHORTFALL]
    return [(status.event, status.power_w) for status in found]


@pytest.fixture
def cascade():
    return Cascade().promise_all()


def test_a_member_that_is_lost_while_the_event_acts(cascade):
    effects = cascade.presence("b", Availability.UNREACHABLE, seconds=30)
    assert shortfalls(effects) == [(UPPER_EVENT.id, -3000)]
    assert cascade.answers[-1].power_w == -3000


def test_it_is_told_once_and_taken_back_when_it_is_covered_again(cascade):
    cascade.presence("b", Availability.UNREACHABLE, seconds=30)
    assert shortfalls(cascade.presence("b", Availability.UNREACHABLE, seconds=31)) == []
    effects = cascade.presence("b", seconds=40)
    assert shortfalls(effects) == [(UPPER_EVENT.id, 0)]


def test_less_is_not_said_while_others_are_about_to_be_asked_for_it():
    cascade = Cascade()
    cascade.up()
    cascade.ask()
    for member in ("a", "b"):
        cascade.say(member, -1500)
    cascade.say("a", -1000, sequence=2, seconds=25)
    cascade.say("b", -2000, sequence=2, seconds=25.1)
    said = len(cascade.answers)
    effects = cascade.presence("a", Availability.OPTED_OUT, seconds=25.5)
    assert (cascade.answers[said:], shortfalls(effects)) == ([], [])
    cascade.tell(TimerFired(f"vtn/again/{cascade.dispatch.event.id}"), 26)
    cascade.say("b", -2500, sequence=3, seconds=26.2)
    assert [a.power_w for a in cascade.answers[said:]] == [-2500]
