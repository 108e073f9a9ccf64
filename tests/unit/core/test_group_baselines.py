"""Baselines of members fold upward: a gateway states that of its group, with what is missing."""

from datetime import timedelta

import pytest

from tests.unit.core.gateway import LOWER_ID, UPPER_EVENT
from tests.unit.core.test_sums_after_restart import Keeping, heard
from xmpp_cem.core.call import Call
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.settlement.cases import Step
from xmpp_cem.core.settlement.grouping import added
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.stated import Stated
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    Domain,
    arrived,
    at,
    make_event,
    reply_in,
    request,
    share_of,
)


def stated(cascade, quality=Quality.VALID):
    """Return what was told above of the group's baseline, since the last look."""
    bodies = [m.body for m in cascade.sent if isinstance(m.body, EndDeviceEvents)]
    cascade.sent.clear()
    found = [s for body in bodies for s in body.statuses if s.type is StatusType.BASELINE]
    assert all(s.quality is quality for s in found)
    return [(s.event, s.power_w, s.reporting, s.expected, s.oldest) for s in found]


def state(cascade, seconds):
    cascade.tell(TimerFired(f"vtn/event/{LOWER_ID}/baseline"), seconds)


def group(cascade):
    return cascade.kept.get(("group-baseline", LOWER_ID))


@pytest.fixture
def cascade():
    made = Keeping()
    made.up()
    heard(made, "a", 1, -1, 0)
    return made


def test_the_group_is_the_sum_of_its_members_and_is_kept_before_the_event(cascade):
    heard(cascade, "b", 1, -1, 0)
    cascade.ask(seconds=3)
    state(cascade, 4)
    assert stated(cascade) == [(UPPER_EVENT.id, 2000, 2, 2, at(0))]
    kept = group(cascade)
    assert [step.power_w for step in kept.steps] == [2000]
    assert kept.made == at(4) < UPPER_EVENT.active.start
    cascade.tell(TimerFired("cascade/tick"), 5)
    assert stated(cascade) == []


def test_a_member_without_a_baseline_is_missing_and_seen_to_be(cascade):
    cascade.ask(seconds=3)
    state(cascade, 4)
    cascade.tell(TimerFired("cascade/tick"), 19)
    assert stated(cascade) == []
    assert (group(cascade).reporting, group(cascade).expected) == (1, 2)
    cascade.tell(TimerFired("cascade/tick"), 20)
    assert stated(cascade) == [(UPPER_EVENT.id, 1000, 1, 2, at(0))]


def test_one_that_becomes_known_before_the_start_is_added(cascade):
    cascade.ask(seconds=3)
    state(cascade, 4)
    heard(cascade, "b", 1, -1, 6)
    state(cascade, 11)
    assert stated(cascade) == [(UPPER_EVENT.id, 2000, 2, 2, at(0))]
    assert group(cascade).revision == 2


def test_each_counts_once_over_a_restart_and_nothing_is_told_again(cascade):
    heard(cascade, "b", 1, -1, 0)
    cascade.ask(seconds=3)
    state(cascade, 4)
    after = cascade.again(6, "a", "b")
    before = group(after)
    state(after, 8)
    after.tell(TimerFired("cascade/tick"), 9)
    assert stated(after) == []
    assert group(after) == before


def test_another_time_of_the_event_begins_it_anew(cascade):
    heard(cascade, "b", 1, -1, 0)
    cascade.ask(seconds=3)
    state(cascade, 4)
    stated(cascade)
    later = Interval(start=at(40), end=at(100))
    newer = make_event(modification=1, signal=share_of("0.5"), active=later, answer_by=at(30))
    cascade.ask(newer, seconds=5)
    state(cascade, 11)
    assert [step.interval for step in group(cascade).steps] == [later]
    assert group(cascade).steps[0].power_w == 2000
    assert stated(cascade) == [(UPPER_EVENT.id, 2000, 2, 2, at(0))]


def test_a_vtn_keeps_what_a_gateway_states_and_shows_it():
    domain = Domain("gw")
    domain.lead()
    domain.register("gw", 3000)
    domain.presence("gw", seconds=1)
    domain.vtn.dispatching.create(called(), at(2))
    event = derived_id("called")
    for power_w, reporting, seconds in ((9000, 38, 18), (8000, 37, 16)):
        status = Status(
            id=derived_id("status", power_w),
            type=StatusType.BASELINE,
            at=at(seconds),
            event=event,
            power_w=power_w,
            expected=40,
            reporting=reporting,
            oldest=at(-60),
            estimated_share_permille=5,
            quality=Quality.ESTIMATED,
        )
        body = EndDeviceEvents(statuses=(status,))
        domain.tell(arrived(request(Verb.CREATE, Noun.EVENTS, "gw", body), "gw"), seconds + 2)
    asked = request(Verb.GET, Noun.DISPATCH, "op", ids=(event,))
    (share,) = reply_in(domain.tell(arrived(asked, "op", "x"), 21)).body.shares
    assert share.stated == Stated(
        power_w=9000,
        expected=40,
        reporting=38,
        oldest=at(-60),
        estimated_share_permille=5,
        quality=Quality.ESTIMATED,
        made=at(18),
    )


def test_a_doubtful_reading_makes_the_baseline_doubtful_that_rests_upon_it(cascade):
    window = Interval(start=at(-10), end=at(0))
    doubted = Reading(resource="r", window=window, power_w=500, quality=Quality.QUESTIONABLE)
    asked = request(Verb.CREATE, Noun.READINGS, "b", MeterReadings(readings=(doubted,)))
    cascade.tell(arrived(asked, "b"), 1)
    cascade.ask(seconds=3)
    state(cascade, 4)
    assert group(cascade).quality is Quality.QUESTIONABLE
    told = stated(cascade, Quality.QUESTIONABLE)
    assert [power_w for _, power_w, *_ in told] == [1500]


def called():
    active = Interval(start=at(20), end=at(80))
    return Call(
        event=derived_id("called"), signal=Delta(power_w=-1000), active=active, answer_by=at(10)
    )


def test_baselines_of_other_quarter_hours_add_up_where_they_meet():
    def step(start, end, power_w):
        return Step(interval=Interval(start=at(start), end=at(end)), power_w=power_w)

    one, other = (step(0, 60, 100),), (step(0, 20, 10), step(20, 40, 20), step(50, 60, 30))
    both = [(s.interval.duration / timedelta(seconds=1), s.power_w) for s in added(one, other)]
    assert both == [(20, 110), (20, 120), (10, 100), (10, 130)]
    assert added((), other) == other
