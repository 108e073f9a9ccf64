from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.model.time import Duration, Instant, Interval, Times, window, without

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValidationError, match="needs a zone"):
        TypeAdapter(Instant).validate_python(NOON.replace(tzinfo=None))


def test_an_instant_of_another_zone_becomes_utc():
    instant = TypeAdapter(Instant).validate_python("2026-01-31T13:00:00+01:00")
    assert instant == NOON
    assert instant.tzinfo is UTC


def test_a_duration_is_never_negative():
    with pytest.raises(ValidationError, match="cannot be negative"):
        TypeAdapter(Duration).validate_python(-HOUR)


def test_an_interval_ends_after_it_starts():
    with pytest.raises(ValidationError, match="later than its start"):
        Interval(start=NOON, end=NOON)


def test_an_interval_holds_its_start_and_not_its_end():
    interval = Interval(start=NOON, end=NOON + HOUR)
    assert interval.contains(NOON)
    assert not interval.contains(NOON + HOUR)
    assert interval.duration == HOUR


def test_intervals_that_touch_do_not_overlap():
    interval = Interval(start=NOON, end=NOON + HOUR)
    later = Interval(start=NOON + HOUR, end=NOON + 2 * HOUR)
    assert interval.overlap(later) == timedelta(0)
    assert interval.overlap(Interval(start=NOON + HOUR / 2, end=NOON + 2 * HOUR)) == HOUR / 2


def test_a_window_is_aligned_and_holds_its_instant():
    quarter = window(NOON + timedelta(minutes=20), HOUR / 4)
    assert (quarter.start, quarter.duration) == (NOON + HOUR / 4, HOUR / 4)


def hours(first, last):
    return Interval(start=NOON + first * HOUR, end=NOON + last * HOUR)


def test_what_is_left_lies_between_what_is_taken_in_any_order():
    taken = [
        (each.start, each.end) for each in (hours(5, 6), hours(-1, 1), hours(5, 7), hours(9, 12))
    ]
    assert without(hours(0, 10), taken) == [hours(1, 5), hours(7, 9)]


def test_all_is_left_where_nothing_is_taken_and_nothing_where_all_is():
    before_and_after = [(each.start, each.end) for each in (hours(-2, 0), hours(2, 3))]
    assert without(hours(0, 2), before_and_after) == [hours(0, 2)]
    assert without(hours(0, 2), [(NOON, NOON + 2 * HOUR)]) == []


def test_times_are_touched_by_what_shares_some_of_them():
    times = Times([hours(5, 6), hours(0, 2), hours(1, 3)])
    touched = [(1, 2), (-1, 9), (2, 4), (4, 7), (5, 6)]
    assert all(times.touch(NOON + a * HOUR, NOON + b * HOUR) for a, b in touched)
    apart = [(-1, 0), (3, 5), (6, 7), (4, 4.5)]
    assert not any(times.touch(NOON + a * HOUR, NOON + b * HOUR) for a, b in apart)
    assert not Times([]).touch(NOON, NOON + HOUR)
