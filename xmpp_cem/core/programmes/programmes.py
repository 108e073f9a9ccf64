"""Whether an event breaches the rules of the programme in which it calls a resource."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from xmpp_cem.core.programmes.agreed import AnyCall
from xmpp_cem.core.programmes.walltime import day_start, days_of, edges, wall_of
from xmpp_cem.model.event import Event
from xmpp_cem.model.programme import DailyWindow, Day, Enrolment, Programme
from xmpp_cem.model.time import Interval

_A_DAY = timedelta(days=1)
_DAYS = tuple(Day)


def breach(
    programme: Programme,
    enrolment: Enrolment,
    event: Event,
    calls: Iterable[AnyCall],
    now: datetime,
) -> str:
    """Return why an event may not call a resource in a programme, for people, or nothing.

    Args:
        programme: the rules.
        enrolment: of the resource, with the customer's newest word.
        event: what would be called; notice is reckoned from when it was created.
        calls: what was called before, of any programme and resource; the event itself is left out.
        now: consent counts from its own time on.
    """
    earlier = [
        call.active
        for call in calls
        if call.event != event.id
        and call.programme == programme.id
        and enrolment.resource in call.resources
    ]
    return (
        unbound(programme, enrolment, event.active, now)
        or _untimely(programme, event)
        or _too_much(programme, event.active, earlier)
    )


def unbound(programme: Programme, enrolment: Enrolment, active: Interval, now: datetime) -> str:
    """Return why a resource is not bound to a programme over an interval, or nothing.

    That alone is judged of an event that was called by the rules before; consent may be withdrawn
    at any time.
    """
    return _invalid(programme, enrolment, active) or _no_consent(programme, enrolment, now)


def is_within(windows: Sequence[DailyWindow], active: Interval, zone: ZoneInfo) -> bool:
    """Whether clocks show hours of a daily window all through an interval; always without any."""
    if not windows:
        return True
    if not _is_open(windows, wall_of(active.start, zone)):
        return False
    walls = frozenset(edge for window in windows for edge in (window.start, window.end))
    return all(
        _is_open(windows, wall_of(edge, zone))
        for day in days_of(active.start - _A_DAY, active.end + _A_DAY, zone)
        for edge in edges(day, walls, zone)
        if active.contains(edge)
    )


def _is_open(windows: Sequence[DailyWindow], wall: datetime) -> bool:
    today, yesterday = _DAYS[wall.weekday()], _DAYS[wall.weekday() - 1]
    clock = wall.time()
    for window in windows:
        begins, ends = clock >= window.start, clock < window.end
        is_on = not window.days or today in window.days
        if window.start < window.end:
            if is_on and begins and ends:
                return True
        elif (is_on and begins) or (ends and (not window.days or yesterday in window.days)):
            return True
    return False


def _invalid(programme: Programme, enrolment: Enrolment, active: Interval) -> str:
    for of, valid in (("programme", programme.valid), ("enrolment", enrolment.valid)):
        if active.start < valid.start or active.end > valid.end:
            return f"{of} {programme.id} is not valid all through the event"
    return ""


def _no_consent(programme: Programme, enrolment: Enrolment, now: datetime) -> str:
    consent = enrolment.consent
    if consent is None or consent.at > now:
        return f"the customer has not consented to {programme.id}"
    if not consent.is_given:
        return f"the customer has withdrawn from {programme.id}"
    if consent.version != programme.version:
        return f"the customer has not consented to version {programme.version} of {programme.id}"
    return ""


def _untimely(programme: Programme, event: Event) -> str:
    active = event.active
    if active.start - event.created < timedelta(seconds=programme.notice_s):
        return f"{programme.id} needs {programme.notice_s} s of notice"
    if active.duration > timedelta(seconds=programme.longest_s):
        return f"an event of {programme.id} is at most {programme.longest_s} s long"
    if not is_within(programme.windows, active, ZoneInfo(programme.zone)):
        return f"the event is outside the hours of {programme.id}"
    return ""


def _too_much(programme: Programme, active: Interval, earlier: list[Interval]) -> str:
    season = [call for call in earlier if programme.valid.overlap(call)]
    gap = timedelta(seconds=programme.gap_s)
    if gap and any(
        active.start < call.end + gap and call.start < active.end + gap for call in earlier
    ):
        return f"{programme.id} leaves at least {programme.gap_s} s between two calls"
    most = programme.calls_per_season
    if most is not None and len(season) >= most:
        return f"{programme.id} allows {most} calls in a season"
    most = programme.seconds_per_season
    together = (programme.valid.overlap(call) for call in (active, *season))
    if most is not None and _seconds(together) > most:
        return f"{programme.id} allows {most} s in a season"
    return _too_much_a_day(programme, active, earlier)


def _too_much_a_day(programme: Programme, active: Interval, earlier: list[Interval]) -> str:
    """Judge each local day; a call counts on the day on which it begins, its time where it is."""
    zone, most = ZoneInfo(programme.zone), programme.calls_per_day
    first = wall_of(active.start, zone).date()
    same = [call for call in earlier if wall_of(call.start, zone).date() == first]
    if most is not None and len(same) >= most:
        return f"{programme.id} allows {most} calls a day"
    most = programme.seconds_per_day
    if most is None:
        return ""
    for day in days_of(active.start, active.end, zone):
        hours = _hours(day, zone)
        if _seconds(hours.overlap(call) for call in (active, *earlier)) > most:
            return f"{programme.id} allows {most} s a day, which {day} would exceed"
    return ""


def _hours(day: date, zone: ZoneInfo) -> Interval:
    return Interval(start=day_start(day, zone), end=day_start(day + _A_DAY, zone))


def _seconds(lengths: Iterable[timedelta]) -> float:
    return sum(lengths, timedelta()).total_seconds()
