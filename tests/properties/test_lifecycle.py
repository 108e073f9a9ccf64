"""Whatever happens to an event, in whatever order, its life makes sense."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.life.arrival import Known, Version, judge_version
from xmpp_cem.core.life.life import Act, Cause, State
from xmpp_cem.core.life.lifecycle import ENDED, OPEN, step
from xmpp_cem.core.life.phases import Moments, live, tick
from xmpp_cem.model.event import Order
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

CAUSES = st.lists(st.sampled_from(Cause), max_size=40)


def walk(causes, state=State.UNKNOWN):
    for cause in causes:
        made = step(state, cause)
        yield state, cause, made
        state = made.to


@given(CAUSES)
def test_started_and_stopped_alternate_and_an_event_acts_only_in_between(causes):
    power = {Act.START, Act.STOP}
    told = [act for _, _, made in walk(causes) for act in made.acts if act in power]
    assert all(one is not other for one, other in itertools.pairwise(told))
    assert not told or told[0] is Act.START
    final = ([made.to for _, _, made in walk(causes)] or [State.UNKNOWN])[-1]
    assert (final is State.ACTIVE) is bool(told and told[-1] is Act.START)


@given(CAUSES)
def test_nothing_starts_without_an_answer_before_it_and_none_after_a_no(causes):
    last = None
    for _, _, made in walk(causes):
        for act in made.acts:
            if act in {Act.SAY_IN, Act.SAY_OUT}:
                last = act
            if act is Act.START:
                assert last is Act.SAY_IN
        if made.to is State.UNKNOWN:
            last = None


@given(CAUSES)
def test_what_is_refused_never_makes_power_move(causes):
    for state, _, made in walk(causes):
        if made.is_refused:
            assert made.to is state or state in OPEN or state in {State.UNKNOWN, State.REFUSED}
            assert made.to in {state, *ENDED}


def version(number, *, is_cancel=False):
    window = Interval(start=at(20), end=at(80))
    return Version(Order(epoch=1, modification=number), str(number), window, is_cancel=is_cancel)


@given(st.lists(st.integers(0, 6), max_size=20), st.integers(0, 6), st.integers(0, 100))
def test_versions_in_any_order_with_repeats_lead_to_the_newest(numbers, cancelled, second):
    numbers = [*numbers, *range(7)]
    state, known = State.UNKNOWN, None
    for number in numbers:
        made = version(number, is_cancel=number >= cancelled)
        cause = judge_version(made, known, at(second), is_clock_good=True)
        result = step(state, cause)
        state = result.to
        if Act.KEEP in result.acts:
            assert known is None or known.order < made.order
            known = Known(made.order, made.digest)
    assert state is State.CANCELLED
    assert known is not None


@given(
    st.lists(st.tuples(st.sampled_from(Cause), st.integers(0, 30)), max_size=20),
    st.integers(1, 100),
    st.integers(1, 100),
)
def test_an_event_acts_only_inside_its_time(happenings, start, length):
    end = start + length
    moments = Moments(
        near=at(max(start - 10, 0)),
        start=at(start),
        end=at(end),
        answer_by=at(start),
        forget=at(end + 50),
    )
    clock = {Cause.IS_NEAR, Cause.STARTS, Cause.ENDS, Cause.TOMBSTONE_OVER}
    state, second = State.UNKNOWN, 0
    for cause, later in happenings:
        second += later
        steps = tick(state, moments, at(second))
        state = steps[-1].to if steps else state
        if cause not in clock:
            state = live(state, cause, moments, at(second))[-1].to
        if state is State.ACTIVE:
            assert start <= second < end
        if second >= end:
            assert state not in OPEN
