"""Instants in UTC, half-open intervals and ISO 8601 durations."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from xmpp_cem.model.value import Value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs a zone: write it in UTC, as 2026-01-31T12:00:00Z")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_utc)]
"""A point in time, in UTC."""


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("a duration cannot be negative")
    return value


Duration = Annotated[timedelta, AfterValidator(_not_negative)]
"""A length of time, never negative."""


class Interval(Value):
    """A half-open stretch of time, `[start, end)`, in UTC."""

    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError("the end of an interval must be later than its start")
        return self

    @property
    def duration(self) -> timedelta:
        """Length of the interval."""
        return self.end - self.start

    def contains(self, instant: datetime) -> bool:
        """Whether the instant lies inside; the end does not."""
        return self.start <= instant < self.end

    def overlap(self, other: "Interval") -> timedelta:
        """Length of what both intervals share."""
        return max(
            min(self.end, other.end) - max(self.start, other.start),
            timedelta(0),
        )


def window(instant: datetime, length: timedelta) -> Interval:
    """Return the window of `length` that holds `instant`, aligned to UTC midnight of 1970."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    start = epoch + (instant - epoch) // length * length
    return Interval(start=start, end=start + length)


def united(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same times in order, what overlaps or touches as one interval."""
    ends: dict[datetime, datetime] = {}
    start: datetime | None = None
    for each in sorted(intervals, key=attrgetter("start")):
        if start is None or each.start > ends[start]:
            start = each.start
        ends[start] = max(each.end, ends.get(start, each.end))
    return [Interval(start=start, end=end) for start, end in ends.items()]


def without(interval: Interval, taken: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
    """Return what is left of an interval, in order, where some times are taken, in any order."""
    left, until = [], interval.start
    for start, end in sorted(taken):
        if until < min(start, interval.end):
            left.append(Interval(start=until, end=min(start, interval.end)))
        until = max(until, end)
    if until < interval.end:
        left.append(Interval(start=until, end=interval.end))
    return left


class Times:
    """Stretches of time, of which can be told fast whether another touches one."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        apart = united(intervals)
        self._starts = [each.start for each in apart]
        self._ends = [each.end for each in apart]

    def touch(self, start: datetime, end: datetime) -> bool:
        """Whether some of these times lie between `start` and `end`."""
        before = bisect_left(self._starts, end)
        return before > 0 and self._ends[before - 1] > start
