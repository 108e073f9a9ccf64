from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from xmpp_cem.core.programmes.walltime import instant_of
from xmpp_cem.core.settlement.baselines import (
    Question,
    estimate,
    lengthened,
    looked_up,
    looks_at,
    rests_on,
)
from xmpp_cem.core.settlement.cases import Baseline, SettlementTerms, Why
from xmpp_cem.core.settlement.energy import Series
from xmpp_cem.core.settlement.entries import Entry, chosen
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import BaselineMethod
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.time import Interval

ZONE = "Europe/Berlin"
DAYS = BaselineMethod.SAME_TIME_OF_DAYS
QUARTER = timedelta(minutes=15)


def wall(day, hour, minute=0):
    return instant_of(datetime.combine(day, time(hour, minute)), ZoneInfo(ZONE))


def window(start, power_w, length=QUARTER):
    end = start + length
    return Entry(start, end, 0, power_w, None, None, Quality.VALID, 1, 1, end)


def hours(day, first, last, power_w):
    start, end = wall(day, first), wall(day, last)
    return [window(start + n * QUARTER, power_w) for n in range((end - start) // QUARTER)]


def question(active, method=DAYS, eventful=(), **terms):
    values = {"zone": ZONE, "days": 4, "used": 2, "is_adjusted": False} | terms
    at = active.start - timedelta(seconds=30)
    return Question(active, at, method, SettlementTerms(**values), eventful)


EVENT_DAY = date(2026, 3, 31)  # a Tuesday; clocks changed on Sunday
ACTIVE = Interval(start=wall(EVENT_DAY, 17), end=wall(EVENT_DAY, 18))


def test_meter_before_is_the_mean_of_the_last_three_windows_that_had_ended():
    entries = hours(EVENT_DAY, 15, 16, 9000) + hours(EVENT_DAY, 16, 17, 3000)
    entries += hours(EVENT_DAY, 17, 18, 100)
    found = estimate(Series(chosen(entries)), question(ACTIVE, BaselineMethod.METER_BEFORE))
    assert [(s.interval, s.power_w) for s in found.steps] == [(ACTIVE, 3000)]
    assert [s.interval.end for s in found.basis][-1] <= ACTIVE.start - timedelta(seconds=30)
    assert len(found.basis) == 3


def test_meter_before_leaves_out_windows_that_another_event_moved():
    entries = hours(EVENT_DAY, 14, 16, 9000) + hours(EVENT_DAY, 16, 17, 3000)
    other = Interval(start=wall(EVENT_DAY, 16), end=wall(EVENT_DAY, 17))
    asked = question(ACTIVE, BaselineMethod.METER_BEFORE, [other])
    assert estimate(Series(chosen(entries)), asked).steps[0].power_w == 9000


class Looked(list):
    """Events that count how often they are gone through."""

    count = 0

    def __iter__(self):
        self.count += 1
        return super().__iter__()


def test_meter_before_looks_back_no_further_than_it_must():
    before = ACTIVE.start - timedelta(seconds=30)
    seconds = (window(before - timedelta(seconds=n), n, timedelta(seconds=1)) for n in range(900))
    other = Looked([Interval(start=before - timedelta(seconds=20), end=before)])
    asked = question(ACTIVE, BaselineMethod.METER_BEFORE, other)
    assert estimate(Series(chosen(seconds)), asked).steps[0].power_w == 22
    assert other.count < 30


def test_without_readings_there_is_no_baseline_and_no_zero():
    found = estimate(Series([]), question(ACTIVE, BaselineMethod.METER_BEFORE))
    assert (found.steps, found.why) == ((), (Why.NO_READINGS,))


def test_the_days_in_the_middle_are_taken_at_the_same_time_of_the_clock_on_the_wall():
    """Friday and Thursday lie before the change of clocks, Monday after it."""
    powers = {30: 5000, 27: 1000, 26: 2000, 25: 9000, 24: 100}
    entries = [e for d, w in powers.items() for e in hours(date(2026, 3, d), 17, 18, w)]
    found = estimate(Series(chosen(entries)), question(ACTIVE))
    assert found.method is DAYS
    assert found.days == (date(2026, 3, 26), date(2026, 3, 30))
    assert [step.power_w for step in found.steps] == [3500] * 4
    assert [step.interval.start for step in found.steps] == [
        ACTIVE.start + n * QUARTER for n in range(4)
    ]


def test_days_of_events_are_no_days_for_a_baseline():
    entries = [
        e
        for d, w in {30: 5000, 27: 1000, 26: 2000, 25: 4000, 24: 3000}.items()
        for e in hours(date(2026, 3, d), 17, 18, w)
    ]
    morning = Interval(start=wall(date(2026, 3, 27), 6), end=wall(date(2026, 3, 27), 7))
    found = estimate(Series(chosen(entries)), question(ACTIVE, eventful=[morning], used=4))
    assert found.days == tuple(date(2026, 3, d) for d in (24, 25, 26, 30))


def test_a_baseline_says_when_it_is_not_by_the_method_that_was_wanted():
    entries = hours(date(2026, 3, 30), 17, 18, 5000) + hours(EVENT_DAY, 16, 17, 3000)
    found = estimate(Series(chosen(entries)), question(ACTIVE))
    assert (found.method, found.why) == (BaselineMethod.METER_BEFORE, (Why.FEW_DAYS,))
    assert found.steps[0].power_w == 3000


def test_the_mean_of_days_is_moved_to_what_the_same_day_was_like_before():
    days = [date(2026, 3, d) for d in (24, 25, 26, 27, 30)]
    entries = [e for day in days for e in hours(day, 14, 18, 2000)]
    entries += hours(EVENT_DAY, 14, 17, 2600)
    found = estimate(Series(chosen(entries)), question(ACTIVE, is_adjusted=True))
    assert (found.adjustment_w, found.steps[0].power_w) == (600, 2600)


def test_an_event_earlier_on_the_same_day_is_no_measure_for_it():
    days = [date(2026, 3, d) for d in (24, 25, 26, 27, 30)]
    entries = [e for day in days for e in hours(day, 14, 18, 2000)]
    entries += hours(EVENT_DAY, 14, 17, 100)
    earlier = Interval(start=wall(EVENT_DAY, 15), end=wall(EVENT_DAY, 16))
    asked = question(ACTIVE, eventful=[earlier], is_adjusted=True)
    assert estimate(Series(chosen(entries)), asked).adjustment_w == 0


def test_weekends_are_compared_with_weekends():
    sunday = date(2026, 3, 29)
    active = Interval(start=wall(sunday, 17), end=wall(sunday, 18))
    days = [date(2026, 3, d) for d in (28, 27, 26, 22, 21)]
    entries = [e for day in days for e in hours(day, 17, 18, day.day * 100)]
    found = estimate(Series(chosen(entries)), question(active, days=3, used=3))
    assert found.days == tuple(date(2026, 3, d) for d in (21, 22, 28))


@pytest.mark.slow
def test_nothing_beyond_what_is_asked_for_is_looked_at():
    active = ACTIVE
    days = [date(2026, 3, d) for d in (24, 25, 26, 27, 30)]
    entries = [e for day in days for e in hours(day, 0, 23, day.day * 100)]
    entries += hours(EVENT_DAY, 0, 17, 2600)
    asked = question(active, is_adjusted=True)
    needed = [e for e in entries if any(i.overlap(e.interval) for i in looks_at(asked))]
    assert len(needed) < len(entries)
    assert estimate(Series(chosen(needed)), asked) == estimate(Series(chosen(entries)), asked)


def test_an_event_that_becomes_longer_gets_more_steps_and_keeps_the_stated_ones():
    days = [date(2026, 3, d) for d in (24, 25, 26, 27, 30)]
    entries = [e for day in days for e in hours(day, 14, 20, 2000)]
    asked = question(ACTIVE)
    found = estimate(Series(chosen(entries)), asked)
    known = Baseline(
        event=derived_id("e"),
        party="p",
        resource="r",
        id=derived_id("b"),
        revision=1,
        active=ACTIVE,
        method=found.method,
        made=datetime(2026, 3, 31, tzinfo=UTC),
        steps=found.steps,
        days=found.days,
    )
    longer = Interval(start=ACTIVE.start, end=ACTIVE.end + timedelta(minutes=30))
    steps = lengthened(lambda _: Series(chosen(entries)), known, question(longer))
    assert steps[:4] == found.steps
    assert (len(steps), steps[-1].interval.end) == (6, longer.end)


def test_a_basis_that_begins_before_what_was_read_first_rests_on_what_overlaps_it_there_too():
    until = question(ACTIVE).at

    def minutes(first, last, quality=Quality.VALID):
        start, end = (until - timedelta(minutes=before) for before in (first, last))
        return window(start, 1000, end - start)._replace(quality=quality)

    entries = [minutes(25, 18, Quality.ESTIMATED), minutes(20, 10), minutes(10, 5), minutes(5, 0)]

    def read(times):
        return Series(chosen(e for e in entries if any(t.overlap(e.interval) for t in times)))

    found, series = looked_up(read, question(ACTIVE, BaselineMethod.METER_BEFORE))
    assert len(found.basis) == 3
    assert rests_on(series, found.basis)[2] is Quality.ESTIMATED
