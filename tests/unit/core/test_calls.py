"""Which calls count towards a budget."""

from datetime import timedelta

import pytest

from xmpp_cem.core.calls import Asked, Calls, counted
from xmpp_cem.core.effects import Forget, Remember
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus, Mode
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import OverrideRule, Programme
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at, make_event

SEASON = Interval(start=NOW - timedelta(days=1), end=NOW + timedelta(days=1))
EVENT = make_event(programme="peak")


def peak(**rules):
    return Programme(id="peak", version=1, valid=SEASON, **rules)


def answer(opt, seconds):
    power_w = -1000 if opt is Opt.IN else 0
    return Answer(
        id=derived_id("answer"),
        event=EVENT.id,
        order=EVENT.order,
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(seconds),
    )


def asked(given=None, event=EVENT, **changes):
    return Asked(event, ("r",), given, **changes)


TAKEN = counted(None, asked(answer(Opt.IN, 5)), peak(), at(5))


def test_what_is_asked_counts_until_it_is_refused():
    open_ = counted(None, asked(), peak(), at(0))
    assert (open_.active, open_.is_taken) == (EVENT.active, False)
    assert counted(open_, asked(answer(Opt.OUT, 5)), peak(), at(5)) is None


@pytest.mark.parametrize(("silence", "counts"), [(Opt.IN, True), (Opt.OUT, False)])
def test_silence_at_the_deadline_counts_as_the_programme_says(silence, counts):
    called = counted(None, asked(), peak(silence=silence), EVENT.answer_by)
    assert (called is not None and called.is_taken) is counts


def test_a_test_of_communication_counts_nothing():
    comms = EVENT.model_copy(update={"mode": Mode.COMMS})
    assert counted(None, asked(answer(Opt.IN, 5), comms), peak(), at(5)) is None


def test_what_is_barred_counts_nothing():
    assert counted(None, Asked(EVENT, (), None), peak(), at(5)) is None


@pytest.mark.parametrize(("seconds", "counts"), [(19, False), (20, True), (50, True)])
def test_a_call_that_is_cancelled_counts_in_full_once_it_has_begun(seconds, counts):
    over = asked(answer(Opt.IN, 5), is_over=True)
    assert counted(TAKEN, over, peak(), at(seconds)) == (TAKEN if counts else None)


@pytest.mark.parametrize(
    ("rule", "end"),
    [(OverrideRule.ALLOWED, 50), (OverrideRule.COUNTED, 80), (OverrideRule.BREACH, 80)],
)
def test_a_call_that_is_taken_back_counts_as_the_override_rule_says(rule, end):
    back = counted(TAKEN, asked(answer(Opt.OUT, 50)), peak(override=rule), at(50))
    assert back.active == Interval(start=at(20), end=at(end))


def test_a_yes_that_is_taken_back_before_the_start_counts_nothing():
    rules = peak(override=OverrideRule.COUNTED)
    assert counted(TAKEN, asked(answer(Opt.OUT, 20)), rules, at(20)) is None


def test_a_late_no_to_what_nobody_took_counts_nothing():
    open_ = counted(None, asked(), peak(), at(0))
    assert counted(open_, asked(answer(Opt.OUT, 50)), peak(), at(50)) is None


def test_calls_are_kept_once_and_forgotten_when_the_season_and_the_gap_are_over():
    calls = Calls()
    rules = peak(gap_s=3 * 86_400)
    assert calls.follow(asked(answer(Opt.IN, 5)), rules, at(5)) == [Remember(*calls.of())]
    assert calls.follow(asked(answer(Opt.IN, 5)), rules, at(6)) == []
    (kept,) = calls.of()
    assert kept.until == EVENT.active.end + timedelta(days=3)
    assert calls.sweep(kept.until - timedelta(seconds=1)) == []
    assert calls.sweep(kept.until) == [Forget(kept)]
    assert list(calls.of()) == []


def test_a_refusal_forgets_what_was_kept_and_members_are_told_apart():
    calls, other = Calls(), asked(answer(Opt.IN, 5), party="b")
    calls.follow(asked(answer(Opt.IN, 5), party="a"), peak(), at(5))
    calls.follow(other, peak(), at(5))
    (kept,) = calls.of("a")
    assert calls.follow(asked(answer(Opt.OUT, 6), party="a"), peak(), at(6)) == [Forget(kept)]
    assert [c.key for c in (*calls.of("a"), *calls.of("b"))] == [f"{EVENT.id}/b"]


def test_calls_come_back_after_a_restart():
    calls = Calls()
    calls.restore(TAKEN)
    cancelled = EVENT.model_copy(update={"status": EventStatus.CANCELLED})
    over = asked(answer(Opt.IN, 5), cancelled, is_over=True)
    assert calls.follow(over, peak(), at(5)) == [Forget(TAKEN)]
