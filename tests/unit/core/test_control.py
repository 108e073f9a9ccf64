from datetime import timedelta

import pytest

from xmpp_cem.core.control import acting, prepared, set_points
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.sampling import Sampling
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import EventStatus, Mode
from xmpp_cem.model.ids import derived_id
from xmpp_cem.testing.builders import at, make_event

OVER = timedelta(seconds=30)


def commitment(power_w=-3000, event=None, opt=Opt.IN, **changes):
    event = event or make_event()
    answer = Answer(
        id=derived_id("answer"),
        event=event.id,
        order=event.order,
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(1),
    )
    made = Commitment(
        event=event, digest="0" * 64, asked_w=power_w, revision=1, status=EventStatus.FAR
    )
    return made.model_copy(update={"answer": answer} | changes)


@pytest.fixture
def sampling():
    made = Sampling()
    for seconds in range(20):
        made.take(
            (
                Sample(resource="r1", power_w=4000, decrease_w=4000, increase_w=1000),
                Sample(resource="r2", power_w=-2000, decrease_w=2000),
            ),
            at(seconds),
            timedelta(seconds=10),
        )
    return made


def targets(commitment, sampling):
    return {s.resource: s.power_w for s in set_points(commitment, sampling)}


def test_a_promise_is_divided_over_the_resources_by_what_they_can_do(sampling):
    ready = prepared(commitment(), sampling, OVER)
    assert dict(ready.shares) == {"r1": -2000, "r2": -1000}
    assert targets(ready, sampling) == {"r1": 2000, "r2": -3000}


def test_a_rise_uses_what_can_rise(sampling):
    ready = prepared(commitment(800), sampling, OVER)
    assert targets(ready, sampling) == {"r1": 4800, "r2": None}


def test_baselines_and_limits_are_fixed_once_and_shares_follow_the_promise(sampling):
    first = prepared(commitment(), sampling, OVER)
    sampling.take((Sample(resource="r1", power_w=0, decrease_w=0),), at(30), OVER)
    second = prepared(first.model_copy(update={"answer": commitment(-1500).answer}), sampling, OVER)
    assert second.baselines == first.baselines
    assert second.limits == first.limits
    assert dict(second.shares) == {"r1": -1000, "r2": -500}


def test_without_a_look_at_the_devices_nothing_is_fixed():
    made = commitment()
    assert prepared(made, Sampling(), OVER) == made


def test_without_a_commitment_every_resource_is_free(sampling):
    assert targets(None, sampling) == {"r1": None, "r2": None}


@pytest.mark.parametrize(
    ("seconds", "is_acting"), [(19, False), (20, True), (79, True), (80, False)]
)
def test_an_event_acts_from_its_start_to_its_end(seconds, is_acting):
    made = commitment()
    assert (acting([made], at(seconds)) == made) == is_acting


@pytest.mark.parametrize(
    "made",
    [
        commitment(0, opt=Opt.OUT),
        commitment(answer=None),
        commitment(status=EventStatus.CANCELLED),
        commitment(event=make_event(mode=Mode.COMMS)),
    ],
    ids=["opted out", "undecided", "cancelled", "only a test of communication"],
)
def test_nothing_else_moves_power(made):
    assert acting([made], at(30)) is None


def test_the_highest_priority_acts_and_among_equals_the_newest():
    old = commitment(event=make_event(1, priority=5))
    new = commitment(event=make_event(2, priority=5, created=at(1)))
    urgent = commitment(event=make_event(3, priority=1, created=at(-9)))
    assert acting([old, new], at(30)) == new
    assert acting([new, old, urgent], at(30)) == urgent


def test_of_equal_events_the_same_one_acts_whatever_order_they_are_known_in():
    one, other = commitment(event=make_event(1)), commitment(event=make_event(2))
    assert acting([one, other], at(30)) == acting([other, one], at(30))
