import itertools

import pytest

from xmpp_cem.core.life.life import Act, Cause, State
from xmpp_cem.core.life.lifecycle import ENDED, OPEN, TABLE, step

PAIRS = list(itertools.product(State, Cause))
VERSIONS = (Cause.NEWER, Cause.POSTPONED)


@pytest.mark.parametrize(("state", "cause"), PAIRS, ids=lambda word: word.name.lower())
def test_every_pair_is_taken_or_refused_with_code_and_reason(state, cause):
    made = step(state, cause)
    group, _, number = made.code.partition(".")
    assert group.isdigit()
    assert number.isdigit()
    assert made.why or not made.is_refused
    assert len(made.why) <= 256
    assert not (made.is_refused and {Act.SAY_IN, Act.START, Act.ASK} & set(made.acts))


def test_the_table_has_no_other_pairs():
    assert set(TABLE) == set(PAIRS)
    assert {*OPEN, *ENDED, State.UNKNOWN} == set(State)


@pytest.mark.parametrize("cause", Cause)
def test_power_is_given_back_exactly_when_an_active_event_stops(cause):
    for state in State:
        made = step(state, cause)
        stops = state is State.ACTIVE and made.to is not State.ACTIVE
        starts = made.to is State.ACTIVE and state is not State.ACTIVE
        assert (Act.STOP in made.acts) is stops
        assert (Act.START in made.acts) is starts


def test_only_the_clock_makes_an_event_active():
    into = {c for (s, c), made in TABLE.items() if made.to is State.ACTIVE is not s}
    assert into == {Cause.STARTS}


def test_nothing_acts_before_a_yes():
    out = {c: step(State.PENDING, c).to for c in Cause}
    assert State.ACTIVE not in out.values()
    assert {c for c, to in out.items() if to is State.FAR} == {Cause.OPT_IN, Cause.SILENCE_IS_IN}


@pytest.mark.parametrize("state", [State.COMPLETED, State.CANCELLED, State.EXPIRED])
def test_what_has_ended_is_never_revived(state):
    assert not {step(state, cause).to for cause in Cause} & set(OPEN)


def test_a_refusal_can_be_taken_back_and_a_rule_cannot():
    assert step(State.REFUSED, Cause.OPT_IN).to is State.FAR
    barred = step(State.REFUSED, Cause.OPT_IN_BARRED)
    assert (barred.to, barred.code) == (State.REFUSED, "6.1")


def test_a_mandatory_limit_takes_no_opt_out_and_safety_raises_an_alarm():
    for state in OPEN:
        barred = step(state, Cause.OPT_OUT_BARRED)
        assert (barred.to, barred.is_refused) == (state, True)
        prevented = step(state, Cause.PREVENTED)
        assert (prevented.to, prevented.acts) == (state, (Act.ALARM,))


def test_a_cancel_is_remembered_before_its_event_is_known():
    made = step(State.UNKNOWN, Cause.CANCEL)
    assert (made.to, made.acts) == (State.CANCELLED, (Act.KEEP,))


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (Cause.TOO_LATE, "4.1"),
        (Cause.MESSAGE_EXPIRED, "4.1"),
        (Cause.NOT_FOR_ME, "2.13"),
        (Cause.UNLISTED, "2.15"),
        (Cause.CLOCK_IMPLAUSIBLE, "5.2"),
        (Cause.RULE_BROKEN, "6.1"),
        (Cause.UNSUPPORTED, "2.29"),
    ],
)
def test_a_new_event_is_refused_with_its_code(cause, code):
    made = step(State.UNKNOWN, cause)
    assert made.code == code
    assert made.to in {State.UNKNOWN, State.REFUSED}


def test_out_of_order_and_conflicting_versions_change_nothing():
    for state in (*OPEN, *ENDED):
        assert (step(state, Cause.OLDER).to, step(state, Cause.OLDER).code) == (state, "6.1")
        conflict = step(state, Cause.CONFLICT)
        assert (conflict.to, conflict.code, conflict.acts) == (state, "1.8", (Act.ALARM,))


def test_an_implausible_clock_and_an_old_message_change_nothing():
    for cause in (Cause.CLOCK_IMPLAUSIBLE, Cause.MESSAGE_EXPIRED, Cause.UNLISTED):
        for state in State:
            assert step(state, cause).to is state


def test_a_newer_version_is_always_kept_and_decided_anew_while_the_event_is_open():
    for cause in VERSIONS:
        for state in (State.UNKNOWN, *OPEN, State.REFUSED):
            made = step(state, cause)
            assert made.acts[0] is Act.KEEP
            assert made.acts[-1] is Act.ASK
