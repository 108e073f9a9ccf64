import pytest

from xmpp_cem.core.life.life import Act, Cause, State
from xmpp_cem.core.life.phases import Moments, due, live, next_due, tick
from xmpp_cem.testing.builders import at

MOMENTS = Moments(near=at(10), start=at(20), end=at(80), answer_by=at(15), forget=at(1000))


def path(steps):
    return [made.to for made in steps]


def acts(steps):
    return [act for made in steps for act in made.acts]


def test_the_clock_carries_an_accepted_event_through_its_life():
    state, seen = State.FAR, []
    for second in range(0, 1001, 5):
        for made in tick(state, MOMENTS, at(second)):
            state = made.to
            seen.append((second, state))
    assert seen == [
        (10, State.NEAR),
        (20, State.ACTIVE),
        (80, State.COMPLETED),
        (1000, State.UNKNOWN),
    ]


def test_a_yes_after_the_start_runs_the_remainder_at_once():
    steps = live(State.PENDING, Cause.OPT_IN, MOMENTS, at(50))
    assert path(steps) == [State.FAR, State.ACTIVE]
    assert acts(steps) == [Act.SAY_IN, Act.PREPARE, Act.START]


@pytest.mark.parametrize("state", [State.REFUSED, State.COMPLETED, State.CANCELLED])
def test_a_yes_after_the_end_is_too_late(state):
    (made,) = live(state, Cause.OPT_IN, MOMENTS, at(80))
    assert (made.to, made.code) == (state, "4.1")


def test_silence_is_what_the_programme_says_it_is():
    assert path(tick(State.PENDING, MOMENTS, at(15))) == [State.REFUSED]
    yes = Moments(at(10), at(20), at(80), at(15), at(1000), is_silence_yes=True)
    assert path(tick(State.PENDING, yes, at(15))) == [State.FAR, State.NEAR]


def test_an_undecided_event_expires_at_its_end():
    late = Moments(near=at(10), start=at(20), end=at(80), answer_by=at(80), forget=at(1000))
    assert tick(State.PENDING, late, at(79)) == ()
    assert path(tick(State.PENDING, late, at(80))) == [State.EXPIRED]


def test_a_superseded_event_resumes_only_while_its_time_lasts():
    assert path(live(State.SUPERSEDED, Cause.RANKS_AGAIN, MOMENTS, at(50)))[-1] is State.ACTIVE
    assert path(tick(State.SUPERSEDED, MOMENTS, at(80))) == [State.EXPIRED]


def test_after_a_long_sleep_an_event_that_never_ran_expires():
    assert path(tick(State.NEAR, MOMENTS, at(500))) == [State.EXPIRED]
    assert path(tick(State.NEAR, MOMENTS, at(5000))) == [State.EXPIRED, State.UNKNOWN]


def test_a_postponed_event_gives_its_power_back_and_waits():
    later = Moments(near=at(110), start=at(120), end=at(180), answer_by=at(115), forget=at(1000))
    steps = live(State.ACTIVE, Cause.POSTPONED, later, at(50))
    assert path(steps) == [State.FAR]
    assert Act.STOP in acts(steps)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.UNKNOWN, None),
        (State.PENDING, at(15)),
        (State.FAR, at(10)),
        (State.NEAR, at(20)),
        (State.ACTIVE, at(80)),
        (State.SUPERSEDED, at(80)),
        (State.CANCELLED, at(1000)),
    ],
)
def test_a_timer_is_set_to_what_comes_next(state, expected):
    assert next_due(state, MOMENTS) == expected
    assert due(state, MOMENTS, at(0)) is None


def test_moments_out_of_order_are_refused():
    with pytest.raises(ValueError, match="in this order"):
        Moments(near=at(30), start=at(20), end=at(80), answer_by=at(15), forget=at(1000))
