"""What nobody can cover goes up with the very input that shows it, not at the next look."""

import pytest

from tests.unit.core.test_gateway import UPPER_EVENT, Cascade
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.model.availability import Availability
from xmpp_cem.testing.builders import make_event, share_of, transactions_in

ALL = make_event(signal=share_of("1"))


def shortfalls(effects):
    bodies = [m.body for m in transactions_in(effects) if isinstance(m.body, EndDeviceEvents)]
    found = [s for body in bodies for s in body.statuses if s.type is StatusType.SHORTFALL]
    return [(status.event, status.power_w) for status in found]


@pytest.fixture
def cascade():
    made = Cascade()
    made.up()
    made.ask(ALL)
    for member in ("a", "b"):
        made.say(member, -3000)
    return made


def test_a_member_that_is_lost_while_the_event_acts(cascade):
    effects = cascade.presence("b", Availability.UNREACHABLE, seconds=30)
    assert shortfalls(effects) == [(UPPER_EVENT.id, -3000)]
    assert cascade.answers[-1].power_w == -3000


def test_it_is_told_once_and_taken_back_when_it_is_covered_again(cascade):
    cascade.presence("b", Availability.UNREACHABLE, seconds=30)
    assert shortfalls(cascade.presence("b", Availability.UNREACHABLE, seconds=31)) == []
    effects = cascade.presence("b", seconds=40)
    assert shortfalls(effects) == [(UPPER_EVENT.id, 0)]
