"""Opt schedules: what they answer, and that none of them costs too much."""

import time as clock
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from xmpp_cem.core.programmes.optschedules import occurrences, opted
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import NOW, at

ACTIVE = Interval(start=at(20), end=at(80))


def schedule(opt=Opt.OUT, start="2026-01-15T12:00:00", length=60, **more):
    values = {"id": derived_id(opt, start), "opt": opt, "zone": "UTC", "duration_s": length}
    return OptSchedule(start=datetime.fromisoformat(start), **values | more)


def test_a_no_that_overlaps_wins_over_a_yes_that_covers():
    both = [schedule(Opt.IN, length=3600), schedule(Opt.OUT, length=21)]
    assert opted(both, "r", None, ACTIVE) == both[1]


def test_a_yes_must_cover_the_event():
    assert opted([schedule(Opt.IN, length=79)], "r", None, ACTIVE) is None
    assert opted([schedule(Opt.IN, length=80)], "r", None, ACTIVE).opt is Opt.IN


def test_yeses_that_adjoin_cover_together():
    parts = [schedule(Opt.IN), schedule(Opt.IN, start="2026-01-15T12:01:00", length=20)]
    assert opted(parts, "r", None, ACTIVE) == parts[0]


@pytest.mark.parametrize("of", [{"resources": ("s",)}, {"programme": "other"}])
def test_a_schedule_of_something_else_says_nothing(of):
    assert opted([schedule(**of)], "r", "peak", ACTIVE) is None


def test_a_schedule_of_a_programme_says_nothing_about_events_without_one():
    assert opted([schedule(programme="peak")], "r", None, ACTIVE) is None
    assert opted([schedule(programme="peak")], "r", "peak", ACTIVE) is not None


def test_a_time_that_clocks_skip_is_counted_on_from_before():
    night = schedule(
        start="2026-03-28T02:30:00", length=600, rule="FREQ=DAILY", zone="Europe/Berlin"
    )
    sunday = datetime(2026, 3, 29, tzinfo=UTC)
    found = occurrences(night, Interval(start=sunday, end=sunday + timedelta(hours=12)))
    assert [each.start for each in found] == [sunday + timedelta(hours=1, minutes=30)]


@pytest.mark.parametrize("freq", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_rule_that_never_happens_ends_soon(freq):
    hostile = schedule(
        start="2000-01-01T00:00:00", rule=f"FREQ={freq};BYMONTH=2;BYMONTHDAY=30", length=1
    )
    began = clock.process_time()
    assert occurrences(hostile, ACTIVE) == ()
    assert clock.process_time() - began < 3


@pytest.mark.parametrize("year", ["0001", "1999", "2200", "9999"])
def test_a_schedule_starts_in_our_time(year):
    with pytest.raises(ValidationError, match="2000 to 2199"):
        schedule(start=f"{year}-01-01T00:00:00")


def test_a_rule_until_the_end_of_time_goes_on():
    endless = schedule(start="2020-01-01T12:00:00", rule="FREQ=DAILY;UNTIL=99991231T000000")
    assert occurrences(endless, Interval(start=NOW, end=at(1))) == (
        Interval(start=NOW, end=at(60)),
    )


@pytest.mark.parametrize("year", [1, 1999, 2399, 9999])
def test_an_event_at_an_end_of_time_is_answered_by_nobody(year):
    start = datetime(year, 1, 1, tzinfo=UTC)
    active = Interval(start=start, end=start + timedelta(hours=1))
    daily = schedule(start="2020-01-01T00:00:00", length=86400, rule="FREQ=DAILY")
    assert opted([daily], "r", None, active) is None
