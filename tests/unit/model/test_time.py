from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.model.time import Duration, Instant, Interval, window

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
