"""Each rule of a programme, kept and breached."""

from datetime import UTC, datetime, time, timedelta

import pytest

from xmpp_cem.core.programmes.agreed import Called
from xmpp_cem.core.programmes.programmes import breach
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import Consent, DailyWindow, Day, Enrolment, Programme
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at, make_event

SEASON = Interval(start=NOW - timedelta(days=30), end=NOW + timedelta(days=60))
YES = Consent(is_given=True, version=1, at=at(-60))


def judged(event=None, calls=(), consent=YES, bound=SEASON, **rules):
    programme = Programme(id="peak", version=1, **{"valid": SEASON} | rules)
    enrolment = Enrolment(programme="peak", party="a", resource="r", valid=bound, consent=consent)
    return breach(programme, enrolment, event or make_event(), calls, NOW)


def called(start, end, number=7, programme="peak", resource="r"):
    return Called(
        programme=programme,
        event=derived_id("event", number),
        resources=(resource,),
        active=Interval(start=start, end=end),
        until=SEASON.end,
    )


def test_an_event_by_the_rules_is_no_breach():
    assert judged() == ""


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"valid": Interval(start=at(30), end=SEASON.end)}, "programme peak is not valid"),
        ({"notice_s": 21}, "peak needs 21 s of notice"),
        ({"longest_s": 59}, "an event of peak is at most 59 s long"),
        ({"windows": (DailyWindow(start=time(1), end=time(2)),)}, "outside the hours of peak"),
        ({"windows": (DailyWindow(days=(Day.MONDAY,), start=time(0), end=time(0)),)}, "outside"),
        ({"calls_per_day": 0}, "peak allows 0 calls a day"),
        ({"calls_per_season": 0}, "peak allows 0 calls in a season"),
        ({"seconds_per_day": 59}, "peak allows 59 s a day, which 2026-01-15 would exceed"),
        ({"seconds_per_season": 59}, "peak allows 59 s in a season"),
    ],
)
def test_a_breach_is_told_to_people(rules, why):
    assert why in judged(**rules)


@pytest.mark.parametrize(
    "rules",
    [
        {"notice_s": 20},
        {"longest_s": 60},
        {"windows": (DailyWindow(start=time(12), end=time(13)),)},
        {"calls_per_day": 1, "calls_per_season": 1, "seconds_per_day": 60},
        {"seconds_per_season": 60},
    ],
)
def test_what_just_fits_is_no_breach(rules):
    assert judged(**rules) == ""


@pytest.mark.parametrize(
    ("consent", "why"),
    [
        (None, "has not consented to peak"),
        (Consent(is_given=False, version=1, at=at(-1)), "has withdrawn from peak"),
        (Consent(is_given=True, version=2, at=at(-1)), "version 1 of peak"),
        (Consent(is_given=True, version=1, at=at(1)), "has not consented to peak"),
    ],
)
def test_without_consent_to_this_version_nothing_is_called(consent, why):
    assert why in judged(consent=consent)


def test_an_enrolment_that_ends_during_the_event_is_none():
    assert "enrolment peak is not valid" in judged(bound=Interval(start=at(0), end=at(79)))


@pytest.mark.parametrize(("until", "is_kept"), [(-40, True), (-39, False)])
def test_between_two_calls_there_is_a_gap(until, is_kept):
    earlier = called(at(-100), at(until))
    assert (judged(calls=[earlier], gap_s=60) == "") is is_kept


def test_a_gap_is_also_left_before_a_later_call():
    assert "60 s between" in judged(calls=[called(at(100), at(200))], gap_s=60)


def test_calls_count_by_programme_resource_and_not_twice():
    others = [
        called(at(-100), at(-90), programme="other"),
        called(at(-100), at(-90), resource="s"),
        called(at(20), at(80), number=1),
    ]
    assert judged(calls=others, calls_per_day=1, calls_per_season=1, gap_s=300) == ""


def test_a_call_counts_on_the_local_day_on_which_it_began():
    yesterday = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)
    earlier = called(yesterday, yesterday + timedelta(hours=1))
    assert judged(calls=[earlier], calls_per_day=1) == ""
    assert "1 calls a day" in judged(calls=[earlier], calls_per_day=1, zone="Europe/Berlin")


def test_the_time_of_a_call_past_midnight_counts_on_both_days():
    earlier = called(
        datetime(2026, 1, 14, 23, 30, tzinfo=UTC), datetime(2026, 1, 15, 0, 1, tzinfo=UTC)
    )
    assert judged(calls=[earlier], seconds_per_day=120) == ""
    assert "120 s in a season" in judged(calls=[earlier], seconds_per_season=120)
    assert "119 s a day" in judged(calls=[earlier], seconds_per_day=119)


def test_calls_of_the_season_before_do_not_count():
    before = SEASON.start - timedelta(hours=2)
    earlier = called(before, before + timedelta(hours=1))
    assert judged(calls=[earlier], calls_per_season=1, seconds_per_season=60) == ""


@pytest.mark.parametrize(("hours", "is_kept"), [(23, True), (24, False)])
def test_a_window_all_day_ends_with_the_short_day(hours, is_kept):
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)
    active = Interval(start=midnight, end=midnight + timedelta(hours=hours))
    event = make_event(active=active)
    sunday = DailyWindow(days=(Day.SUNDAY,), start=time(0), end=time(0))
    season = Interval(start=NOW, end=NOW + timedelta(days=300))
    why = judged(event, bound=season, valid=season, windows=(sunday,), zone="Europe/Berlin")
    assert (why == "") is is_kept
