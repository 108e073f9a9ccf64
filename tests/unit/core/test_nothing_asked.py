"""Where nothing is asked for any more, whoever comes back is not to do what was asked before."""

import pytest

from tests.unit.core.gateway import Cascade
from xmpp_cem.testing.builders import at, make_event, share_of


@pytest.fixture
def cascade():
    made = Cascade()
    made.up()
    made.ask(make_event(signal=share_of("1")))
    for member in ("a", "b"):
        made.say(member, 0)
    made.ask(make_event(modification=1, signal=share_of("0")), seconds=4)
    return made


def test_the_members_that_have_said_no_are_asked_for_nothing(cascade):
    assert cascade.dispatch.target_w == 0
    assert cascade.dispatch.event.signal.multiplier == 0


def test_a_promise_of_something_all_the_same_is_heard(cascade):
    cascade.say("a", -3000, sequence=2, seconds=5)
    assert cascade.gateway.vtn.dispatching.expected_w(cascade.dispatch, at(5)) == 3000
