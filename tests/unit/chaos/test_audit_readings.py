"""The audit of readings must see what is planted in the stores."""

from xmpp_cem.chaos.audit_readings import judge_counts, judge_heard, judge_sums
from xmpp_cem.chaos.stores import Found, Heard, Window
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event

EVENT = make_event(active=Interval(start=at(20), end=at(23)))
SPAN = Interval(start=at(0), end=at(100))


def series(*powers, start=20):
    return {at(start + n): Window(power_w) for n, power_w in enumerate(powers)}


def heard(*powers, start=20, party="site"):
    return [Heard(party, at(start + n), power_w) for n, power_w in enumerate(powers)]


def test_windows_that_all_came_are_no_finding_however_often_they_came():
    assert not judge_heard("vtn", {"site": series(1, 2)}, heard(1, 2) + heard(1), SPAN)


def test_a_window_that_never_came_is_lost():
    assert len(judge_heard("vtn", {"site": series(1, 2)}, heard(1), SPAN).lost) == 1
    other = heard(1, 2, party="other")
    assert len(judge_heard("vtn", {"site": series(1, 2)}, other, SPAN).lost) == 2


def test_a_window_that_came_with_another_value_disagrees():
    findings = judge_heard("vtn", {"site": series(1, 2)}, heard(1, 3), SPAN)
    assert len(findings.disagreements) == 1


def test_windows_outside_of_the_span_are_not_judged():
    assert not judge_heard("vtn", {"site": series(1, start=100)}, [], SPAN)


def counts(measured_s, delivered_ws, reported, baseline_w=0, stopped=None):
    part = Part(
        event=EVENT.id,
        party="site",
        capability_w=1000,
        limit_w=1000,
        asked_w=-1000,
        baseline_w=baseline_w,
        measured_s=measured_s,
        delivered_ws=delivered_ws,
    )
    dispatch = Dispatch(event=EVENT, target_w=-1000, stopped=stopped)
    book = Found({}, {EVENT.id: dispatch}, {(EVENT.id, "site"): part})
    return judge_counts(book, {"site": reported}, "vtn")


def test_energy_that_was_counted_once_is_no_finding():
    assert not counts(3, -2500, series(0, -500, -1000, -1000, 0, start=19))
    assert not counts(3, -2500 - 3 * 7, series(-500, -1000, -1000), baseline_w=7)
    assert not counts(0, 0, series(-500, -1000, -1000), baseline_w=None)


def test_of_a_cancelled_event_what_came_before_its_cancel_is_counted():
    told = series(-500, -1000, -1000)
    assert not counts(1, -500, told, stopped=at(21.5))
    assert len(counts(3, -2500, told, stopped=at(21.5)).duplicated) == 1
    assert not counts(0, 0, told, stopped=at(19))


def test_a_window_that_was_not_counted_is_lost():
    assert len(counts(2, -1500, series(-500, -1000, -1000)).lost) == 1


def test_a_window_that_was_counted_twice_is_duplicated():
    assert len(counts(4, -3500, series(-500, -1000, -1000)).duplicated) == 1


def test_energy_that_differs_disagrees():
    assert len(counts(3, -2400, series(-500, -1000, -1000)).disagreements) == 1


def test_a_window_that_was_corrected_counts_as_it_was_told_last_and_never_twice():
    corrected = {at(20): Window(-500, corrected=(Window(-700, revision=1),))}
    told = corrected | series(-1000, -1000, start=21)
    assert not counts(3, -2700, told)
    assert len(counts(3, -2500, told).disagreements) == 1
    assert len(counts(3, -3200, told).disagreements) == 1


def sums(power_w, reporting, members):
    total = {at(20): Window(power_w, 2, reporting)}
    return judge_sums("north", total, members, SPAN)


def test_a_sum_of_all_members_is_what_they_metered():
    members = {"a": series(1), "b": series(2)}
    assert not sums(3, 2, members)
    assert len(sums(4, 2, members).disagreements) == 1


def test_of_a_sum_its_last_correction_is_judged():
    first = Window(1, 2, 1, corrected=(Window(4, 2, 2, 1),))
    members = {"a": series(1), "b": series(2)}
    assert len(judge_sums("north", {at(20): first}, members, SPAN).disagreements) == 1


def test_a_sum_that_counts_more_members_than_have_reported_disagrees():
    assert len(sums(1, 2, {"a": series(1), "b": {}}).disagreements) == 1


def test_a_sum_that_says_that_somebody_is_missing_is_no_finding():
    assert not sums(9, 1, {"a": series(1), "b": series(2)})
