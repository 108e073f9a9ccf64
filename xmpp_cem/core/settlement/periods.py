"""Settlement periods: the quarter-hours of local days, which have 92, 96 or 100 of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from xmpp_cem.core.programmes.walltime import day_start, days_of
from xmpp_cem.model.time import Interval

QUARTER = timedelta(minutes=15)
_A_DAY = timedelta(days=1)


def periods_of_day(day: date, zone: ZoneInfo) -> Iterator[Interval]:
    """Yield the quarter-hours of a local day, counted from its midnight."""
    start, end = day_start(day, zone), day_start(day + _A_DAY, zone)
    while start < end:
        until = min(start + QUARTER, end)
        yield Interval(start=start, end=until)
        start = until


def periods(interval: Interval, zone: ZoneInfo) -> list[Interval]:
    """Return what an interval has of each quarter-hour that it touches."""
    found = []
    for day in days_of(interval.start, interval.end, zone):
        for quarter in periods_of_day(day, zone):
            start, end = max(quarter.start, interval.start), min(quarter.end, interval.end)
            if start < end:
                found.append(Interval(start=start, end=end))
    return found
