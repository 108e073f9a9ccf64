"""What an owner's opt schedules answer for a resource over a stretch of time."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from xmpp_cem.core.programmes.walltime import instant_of, wall_of
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import ProgrammeId, ResourceId
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval

_CYCLES = 7600
"""So many years are whole cycles of the calendar, 400 years each, in dates and days of the week.

A rule that never happens (30 February) is sought up to the year 9999. Near that year's end this
costs a fifth of a second at most, and finds the same dates.
"""
_UNTIL = re.compile(r";UNTIL=(\d{4})(\w*)")
_LAST_YEAR = 9999
_A_DAY = timedelta(days=1)
_SOONEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)


def occurrences(schedule: OptSchedule, within: Interval) -> tuple[Interval, ...]:
    """Return when a schedule applies, each time in whole, where that overlaps an interval.

    Outside the years 2000 to 2200 there are none. Starts are read on the wall of the schedule's
    zone; lengths are of real seconds.
    """
    if within.start < _SOONEST or within.end > _LATEST:
        return ()
    zone, length = ZoneInfo(schedule.zone), timedelta(seconds=schedule.duration_s)
    first = wall_of(within.start - length, zone) - _A_DAY
    last = wall_of(within.end, zone) + _A_DAY
    starts = (instant_of(wall, zone) for wall in _walls(schedule, first, last))
    found = (Interval(start=start, end=start + length) for start in starts)
    return tuple(each for each in found if each.overlap(within))


def is_over(schedule: OptSchedule, now: datetime) -> bool:
    """Whether a schedule that does not recur lies in the past."""
    if schedule.rule:
        return False
    start = instant_of(schedule.start, ZoneInfo(schedule.zone))
    return start + timedelta(seconds=schedule.duration_s) <= now


def opted(
    schedules: Iterable[OptSchedule],
    resource: ResourceId,
    programme: ProgrammeId | None,
    active: Interval,
) -> OptSchedule | None:
    """Return the schedule that answers for a resource over an interval, None when none does.

    A no that overlaps it anywhere wins; a yes must cover it all, together with others if need be.

    Args:
        schedules: the owner's.
        resource: for which is answered.
        programme: of the event; schedules of another one say nothing.
        active: when the event acts.
    """
    meant = [
        schedule
        for schedule in schedules
        if (not schedule.resources or resource in schedule.resources)
        and schedule.programme in {None, programme}
    ]
    told = [(schedule, _seen(schedule, active)) for schedule in meant]
    for schedule, times in told:
        if schedule.opt is Opt.OUT and times:
            return schedule
    agreed = [(schedule, times) for schedule, times in told if schedule.opt is Opt.IN and times]
    if _covers((each for _, times in agreed for each in times), active):
        return agreed[0][0]
    return None


@lru_cache(maxsize=1024)
def _seen(schedule: OptSchedule, active: Interval) -> tuple[Interval, ...]:
    return occurrences(schedule, active)


def _walls(schedule: OptSchedule, first: datetime, last: datetime) -> Iterator[datetime]:
    if not schedule.rule:
        return (wall for wall in (schedule.start,) if first <= wall <= last)
    rule = rrulestr(_moved(schedule.rule), dtstart=_later(schedule.start, _CYCLES))
    seen = takewhile(lambda wall: wall <= _later(last, _CYCLES), iter(rule))
    return (_later(wall, -_CYCLES) for wall in seen if wall >= _later(first, _CYCLES))


def _moved(rule: str) -> str:
    """Move a rule's end as its start is moved; one after the end of time is none."""

    def moved(found: re.Match[str]) -> str:
        year = int(found[1]) + _CYCLES
        return f";UNTIL={year}{found[2]}" if year <= _LAST_YEAR else ""

    return _UNTIL.sub(moved, rule)


def _later(wall: datetime, years: int) -> datetime:
    return wall.replace(year=wall.year + years)


def _covers(times: Iterable[Interval], active: Interval) -> bool:
    reached = active.start
    for each in sorted(times, key=lambda each: each.start):
        if each.start <= reached:
            reached = max(reached, each.end)
    return reached >= active.end
