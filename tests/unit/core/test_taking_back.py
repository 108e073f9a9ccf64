"""What the customer's hand and a fault take out of an event, and what comes back."""

import pytest

from tests.unit.core.test_site import BOTH, EVENT, House
from xmpp_cem.core.effects import AskDecision
from xmpp_cem.core.inputs import Decided, Measured
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import make_event, of_kind

FIRST_HELD = (BOTH[0].model_copy(update={"is_overridden": True}), BOTH[1])
FIRST_FAULTY = (BOTH[0].model_copy(update={"is_faulty": True, "fault": "no answer"}), BOTH[1])
ALL_FAULTY = tuple(s.model_copy(update={"is_faulty": True}) for s in BOTH)


@pytest.fixture
def house():
    made = House()
    made.begin()
    made.commit(EVENT)
    assert made.set_points(20) == {"r1": 2000, "r2": 1000}
    return made


def last(house):
    answer = house.answers[-1]
    return answer.opt, answer.power_w


def test_what_is_left_of_a_promise_is_done_by_the_resources_that_are_left(house):
    house.tell(Measured(FIRST_HELD), 30)
    assert last(house) == (Opt.IN, -2000)
    assert house.set_points(31) == {"r1": None, "r2": 0}


def test_a_resource_that_was_taken_back_stays_with_its_owner_for_the_event(house):
    house.tell(Measured(FIRST_HELD), 30)
    house.set_points(31)
    house.tell(Measured(BOTH), 40)
    assert house.set_points(41) == {"r1": None, "r2": 0}
    assert last(house) == (Opt.IN, -2000)


def test_an_event_that_was_refused_by_an_override_does_not_come_back_with_its_end(house):
    house.tell(Measured(tuple(s.model_copy(update={"is_overridden": True}) for s in BOTH)), 30)
    assert last(house) == (Opt.OUT, 0)
    asked = of_kind(house.tell(Measured(BOTH), 40), AskDecision)
    assert (asked, house.set_points(41)) == ([], {"r1": None, "r2": None})


def test_a_newer_version_asks_for_all_resources_again(house):
    house.tell(Measured(FIRST_HELD), 30)
    house.tell(Measured(BOTH), 40)
    newer = make_event(modification=1, signal=Delta(power_w=-3000))
    house.publish(EndDeviceControls(events=(newer,)), 45)
    house.tell(Decided(newer.id, newer.order, Opt.IN, -3000), 46)
    assert house.set_points(47) == {"r1": 2000, "r2": 1000}


def test_a_fault_moves_the_promise_to_the_others_and_what_is_mended_is_asked_again(house):
    house.tell(Measured(FIRST_FAULTY), 30)
    assert last(house) == (Opt.IN, -2000)
    assert house.set_points(31)["r2"] == 0
    (asked,) = of_kind(house.tell(Measured(BOTH), 40), AskDecision)
    assert (asked.event.id, asked.power_w) == (EVENT.id, -3000)
    house.tell(Decided(EVENT.id, EVENT.order, Opt.IN, -3000), 41)
    assert last(house) == (Opt.IN, -3000)
    assert house.set_points(42) == {"r1": 2000, "r2": 1000}


def test_an_event_that_a_fault_has_refused_is_asked_again_while_it_lasts(house):
    house.tell(Measured(ALL_FAULTY), 30)
    assert last(house) == (Opt.OUT, 0)
    (asked,) = of_kind(house.tell(Measured(BOTH), 40), AskDecision)
    house.tell(Decided(EVENT.id, EVENT.order, Opt.IN, asked.power_w), 41)
    assert house.set_points(42) == {"r1": 2000, "r2": 1000}
    assert of_kind(house.tell(Measured(BOTH), 43), AskDecision) == []


def test_nobody_is_asked_again_about_an_event_that_is_over(house):
    house.tell(Measured(ALL_FAULTY), 30)
    house.set_points(80)
    assert of_kind(house.tell(Measured(BOTH), 81), AskDecision) == []


def test_what_a_customer_has_refused_itself_a_fault_does_not_bring_back(house):
    house.tell(Decided(EVENT.id, EVENT.order, Opt.OUT, 0, "no"), 25)
    house.tell(Measured(ALL_FAULTY), 30)
    assert of_kind(house.tell(Measured(BOTH), 40), AskDecision) == []
