"""What programmes, enrolments and opt schedules leave to an event."""

from datetime import datetime, timedelta

import pytest

from xmpp_cem.core.programmes.rulebook import Rulebook, merged
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import Consent, Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at, make_event

SEASON = Interval(start=NOW - timedelta(days=1), end=NOW + timedelta(days=1))
PEAK = Programme(id="peak", version=2, valid=SEASON, longest_s=100)
EVENT = make_event(programme="peak")
WALL = datetime(2026, 1, 15)  # noqa: DTZ001 a wall clock has no zone


def word(*, is_given=True, version=2, seconds=-60):
    return Consent(is_given=is_given, version=version, at=at(seconds))


def bound(resource="r", consent=None, valid=SEASON):
    return Enrolment(programme="peak", party="a", resource=resource, valid=valid, consent=consent)


def schedule(opt, *resources, number=1, **changes):
    values = {"zone": "UTC", "start": WALL, "duration_s": 86_400, "reason": f"why {number}"}
    return OptSchedule(id=derived_id("s", number), opt=opt, resources=resources, **values | changes)


def judged(*enrolments, event=EVENT, schedules=(), resources=("r", "s"), calls=()):
    book = Rulebook({"peak": PEAK}, enrolments, schedules)
    return book.judge(event, resources, calls, NOW)


def test_without_programme_and_schedules_nothing_is_left_out():
    verdict = judged(event=make_event())
    assert (verdict.resources, verdict.why_nothing, verdict.scheduled) == (None, "", None)


def test_only_enrolled_resources_with_consent_are_called():
    verdict = judged(bound("r", word()), bound("s"))
    assert (verdict.resources, verdict.barred) == (("r",), "")


@pytest.mark.parametrize("event", [EVENT, make_event(programme="night")])
def test_who_is_not_enrolled_is_not_called(event):
    verdict = judged(event=event)
    assert (verdict.resources, verdict.is_called) == ((), False)
    assert verdict.barred == f"nothing here is enrolled in {event.programme}"


def test_each_reason_is_told_once():
    verdict = judged(bound("r"), bound("s"))
    assert verdict.barred == "the customer has not consented to peak"
    assert verdict.is_called


def test_one_of_two_enrolments_is_enough():
    past = Interval(start=SEASON.start, end=NOW)
    verdict = judged(bound("r", word()), bound("r", word(), valid=past))
    assert verdict.resources == ("r",)


def test_of_an_event_that_was_called_only_the_binding_is_judged_again():
    long = make_event(programme="peak", active=Interval(start=at(20), end=at(200)))
    assert "at most 100 s" in judged(bound("r", word()), event=long).barred
    assert judged(bound("r", word()), event=long, calls=None).resources == ("r",)
    assert "withdrawn" in judged(bound("r", word(is_given=False)), calls=None).barred


def test_an_opt_schedule_takes_resources_out_and_says_why():
    verdict = judged(event=make_event(), schedules=(schedule(Opt.OUT, "s"),))
    assert (verdict.resources, verdict.scheduled) == (("r",), None)
    assert verdict.why_scheduled == "opt schedule: why 1"
    assert verdict.why_nothing == ""


def test_opt_schedules_that_leave_nothing_answer_no():
    noes = (schedule(Opt.OUT, "r"), schedule(Opt.OUT, "s", number=2))
    verdict = judged(event=make_event(), schedules=noes)
    assert (verdict.resources, verdict.scheduled) == ((), Opt.OUT)
    assert verdict.why_nothing == "opt schedule: why 1; opt schedule: why 2"
    assert verdict.barred == ""


def test_a_yes_for_all_that_is_left_answers_yes():
    yes = schedule(Opt.IN)
    verdict = judged(event=make_event(), schedules=(yes,))
    assert (verdict.resources, verdict.scheduled) == (None, Opt.IN)
    assert verdict.why_scheduled == "opt schedule: why 1"


def test_a_yes_for_some_answers_nothing():
    verdict = judged(event=make_event(), schedules=(schedule(Opt.IN, "r"),))
    assert (verdict.resources, verdict.scheduled, verdict.why_scheduled) == (None, None, "")


def test_a_schedule_answers_for_what_the_programme_leaves():
    verdict = judged(bound("r", word()), schedules=(schedule(Opt.IN, "r"),))
    assert (verdict.resources, verdict.scheduled) == (("r",), Opt.IN)


def test_the_newest_word_counts_whoever_has_heard_it():
    given, taken = word(seconds=-60), word(is_given=False, seconds=-30)
    for here, there in ((given, taken), (taken, given)):
        assert merged([bound("r", here)], [bound("r", there)]) == (bound("r", taken),)


def test_of_two_words_at_the_same_time_the_withdrawal_counts():
    given, taken = word(), word(is_given=False)
    assert merged([bound("r", given)], [bound("r", taken)]) == (bound("r", taken),)
    assert merged([bound("r", taken)], [bound("r", given)]) == (bound("r", taken),)


def test_a_word_does_not_change_for_how_long_a_resource_is_bound():
    short = Interval(start=SEASON.start, end=NOW)
    (made,) = merged([bound("r", None, short)], [bound("r", word())])
    assert (made.valid, made.consent) == (short, word())


def test_who_is_not_bound_yet_binds_itself():
    assert merged([], [bound("r", word())]) == (bound("r", word()),)
