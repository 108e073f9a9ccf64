from datetime import timedelta

import pytest

from tests.unit.core.test_site import BOTH, House
from xmpp_cem.core.effects import AskDecision
from xmpp_cem.core.inputs import Decided, Measured
from xmpp_cem.core.reach import beyond, reach
from xmpp_cem.core.readings.sampling import resource_of
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.flexibility import Forecast
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event, of_kind, share_of

HOUR = 3600
LATER = Interval(start=at(10 * HOUR), end=at(11 * HOUR))


def kept(until=None):
    update = {"is_overridden": True, "overridden_until": until}
    return tuple(s.model_copy(update=update) for s in BOTH)


def later(**changes):
    return make_event(signal=Delta(power_w=-3000), active=LATER, answer_by=at(9 * HOUR), **changes)


@pytest.fixture
def house():
    made = House()
    made.begin()
    return made


def publish(house, event, seconds=1.0):
    effects = house.publish(EndDeviceControls(events=(event,)), seconds)
    return [asked.power_w for asked in of_kind(effects, AskDecision)]


def agree(house, event, seconds=2.0):
    house.tell(Decided(event.id, event.order, Opt.IN, -3000), seconds)


def last(house):
    answer = house.answers[-1]
    return answer.opt, answer.power_w, answer.reason


@pytest.mark.parametrize("until", [None, at(10 * HOUR), at(5 * HOUR)])
def test_what_begins_after_an_override_is_judged_on_its_own(house, until):
    house.tell(Measured(kept(until)), 0)
    event = later()
    assert publish(house, event) == [-3000]
    agree(house, event)
    assert last(house) == (Opt.IN, -3000, "")
    house.tell(Measured(kept(until)), 3)
    assert len(house.answers) == 1


@pytest.mark.parametrize(
    ("until", "start"), [(at(10 * HOUR + 1), 10 * HOUR), (None, 299), (at(400), 399)]
)
def test_what_begins_while_it_holds_is_refused(house, until, start):
    house.tell(Measured(kept(until)), 0)
    active = Interval(start=at(start), end=at(start + HOUR))
    event = later().model_copy(update={"active": active, "answer_by": at(start - 100)})
    assert publish(house, event, 0.0) == []
    assert last(house) == (Opt.OUT, 0, "local override")


def test_a_promise_is_kept_until_the_override_is_seen_to_reach_it(house):
    event = later()
    publish(house, event)
    agree(house, event)
    house.tell(Measured(kept()), 10)
    house.tell(Measured(kept()), 10 * HOUR - 301)
    assert last(house) == (Opt.IN, -3000, "")
    house.tell(Measured(kept()), 10 * HOUR - 299)
    assert last(house) == (Opt.OUT, 0, "local override")


def test_a_longer_override_takes_back_what_it_now_reaches(house):
    event = later()
    house.tell(Measured(kept(at(HOUR))), 0)
    publish(house, event)
    agree(house, event)
    house.tell(Measured(kept(at(12 * HOUR))), 10)
    assert last(house) == (Opt.OUT, 0, "local override")


def test_an_override_that_ends_before_an_event_leads_to_a_new_decision(house):
    event = later()
    house.tell(Measured(kept(at(12 * HOUR))), 0)
    publish(house, event)
    assert last(house) == (Opt.OUT, 0, "local override")
    assert not of_kind(house.tell(Measured(kept(at(12 * HOUR))), 5), AskDecision)
    effects = house.tell(Measured(BOTH), HOUR)
    assert [asked.power_w for asked in of_kind(effects, AskDecision)] == [-3000]
    assert not of_kind(house.tell(Measured(BOTH), HOUR + 1), AskDecision)
    agree(house, event, HOUR + 2)
    assert last(house) == (Opt.IN, -3000, "the owner takes a refusal back while the event lasts")


def test_a_hand_taken_off_while_an_event_acts_is_no_yes(house):
    event = make_event(signal=Delta(power_w=-3000))
    house.tell(Measured(kept()), 0)
    publish(house, event)
    assert not of_kind(house.tell(Measured(BOTH), 30), AskDecision)


def test_of_two_resources_one_may_be_kept(house):
    event = later().model_copy(update={"signal": Delta(power_w=-5000)})
    house.tell(Measured((kept(at(12 * HOUR))[0], BOTH[1])), 0)
    publish(house, event)
    house.tell(Decided(event.id, event.order, Opt.IN, -5000), 2)
    assert last(house) == (Opt.IN, -2000, "local override")
    effects = house.tell(Measured(BOTH), 5)
    assert [asked.power_w for asked in of_kind(effects, AskDecision)] == [-5000]


def test_both_sides_count_on_a_resource_for_what_begins_after_its_override():
    told = tuple(resource_of(s, at(0), 0) for s in kept(at(HOUR)))
    able = Capability(revision=1, at=at(0), resources=told)
    assert able.decrease_w == 0
    assert able.able_w(LATER, is_fall=True) == 6000
    assert able.able_w(Interval(start=at(HOUR - 1), end=at(2 * HOUR)), is_fall=True) == 0


def test_a_share_of_what_a_site_can_do_later_is_asked_of_it(house):
    house.tell(Measured(kept(at(HOUR))), 0)
    house.admit(5)
    event = later().model_copy(update={"signal": share_of("0.5", at(6))})
    assert publish(house, event, 7.0) == [-3000]


def test_a_forecast_is_told_as_far_as_it_is_about_the_time_after():
    hours = tuple(
        Forecast(window=Interval(start=at(n * HOUR), end=at((n + 1) * HOUR)), power_w=1)
        for n in range(3)
    )
    sample = kept(at(HOUR))[0].model_copy(update={"forecast": hours})
    assert beyond(sample, at(0)) == hours[1:]
    open_ended = sample.model_copy(update={"overridden_until": None})
    assert beyond(open_ended, at(HOUR - 300)) == hours[1:]
    assert beyond(open_ended, at(HOUR - 299)) == hours[2:]
    faulty = sample.model_copy(update={"is_faulty": True})
    assert resource_of(faulty, at(0)).forecast == ()


def test_windows_stay_where_they_are_while_an_override_goes_on():
    sample = Sample(resource="r", power_w=5, decrease_w=5, is_overridden=True)
    assert beyond(sample, at(0)) == beyond(sample, at(60))
    (told,) = beyond(sample, at(0))
    assert reach(None, at(0)) < told.window.start <= reach(None, at(HOUR)) + timedelta(0)
    ends = sample.model_copy(update={"overridden_until": at(90.5)})
    (told,) = beyond(ends, at(0))
    assert told.window.start == at(91)
