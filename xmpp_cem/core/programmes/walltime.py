"""Clocks on the wall of a zone against UTC, across changes of daylight-saving time."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_A_DAY = timedelta(days=1)
_A_SECOND = timedelta(seconds=1)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant, UTC, at which clocks show `wall`.

    What they show twice is its first time; what they skip is counted on from before (RFC 5545,
    3.3.5).
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks show at an instant, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant, UTC, at which a local day begins; it has 23, 24 or 25 hours."""
    return instant_of(datetime.combine(day, time()), zone)


def days_of(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[date]:
    """Yield the local days that `[start, end)` touches."""
    first = wall_of(start, zone).date()
    count = (wall_of(end - _A_SECOND, zone).date() - first).days
    return (first + i * _A_DAY for i in range(count + 1))


def edges(day: date, walls: frozenset[time], zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants of a local day at which clocks begin to show one of `walls`, or jump."""
    for wall, fold in itertools.product(walls, (0, 1)):
        yield datetime.combine(day, wall, zone).replace(fold=fold).astimezone(UTC)
    start, end = day_start(day, zone), day_start(day + _A_DAY, zone)
    if end - start != _A_DAY:
        yield _jump(start, end, zone)


def _jump(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks change in between, to the second."""
    before = start.astimezone(zone).utcoffset()
    while end - start > _A_SECOND:
        middle = start + (end - start) // 2 // _A_SECOND * _A_SECOND
        if middle.astimezone(zone).utcoffset() == before:
            start = middle
        else:
            end = middle
    return end
