"""The power a resource is to have at an instant of its timeline: ramps and recovery included.

It is a function of the timeline, the power that the resource had when it was last free, and the
instant. Nothing is remembered from one look to the next, so that a restart changes nothing.
"""

import bisect
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xmpp_cem.core.timeline.bounds import Range
from xmpp_cem.core.timeline.timeline import Part, Segment, Timeline, whose_limits

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a resource is to do now.

    Args:
        power_w: its set point, W; None leaves it free within the range.
        range: what all limits in force leave, W; also a free resource stays inside.
        segment: the segment of the timeline that says so, and why.
    """

    power_w: int | None
    range: Range
    segment: Segment


def setting_at(timeline: Timeline, free_w: int, instant: datetime) -> Setting:
    """Return what a resource is to do at an instant.

    Args:
        timeline: of the resource.
        free_w: the power it had, or would have, when no event decides, W. While one does, it is
            the last one before; it may not follow the meter.
        instant: now.

    Returns:
        A set point inside all limits. A resource that is free gets one only if it would break a
        limit by itself.
    """
    now = timeline.at(instant)
    if _is_free(now):
        if now.range.holds(free_w):
            return Setting(None, now.range, now)
        held_w = timeline.physical.fitted(free_w, now.range)
        whose = whose_limits(now.limits, timeline.physical, free_w)
        why = f"{now.why}; held at {held_w} W by {whose}"
        return Setting(held_w, now.range, replace(now, why=why))
    level = free_w
    for each in _run(timeline, now):
        goal_w = free_w if each.power_w is None else each.power_w
        until = min(each.end, instant)
        stretch = (each.start, each.reach_by)
        moved = ramped(level, goal_w, stretch, until, timeline.physical.ramp_w_per_s)
        level = each.range.clamped(moved)
    return Setting(timeline.physical.fitted(level, now.range), now.range, now)


def ramped(
    from_w: int,
    to_w: int,
    stretch: tuple[datetime, datetime],
    instant: datetime,
    rate_w_per_s: int | None = None,
) -> int:
    """Return where a ramp is at an instant, W, never beyond its goal.

    Args:
        from_w: its first end.
        to_w: its goal.
        stretch: when it starts, and when it is to be over; at once if that is not later.
        instant: not before the start.
        rate_w_per_s: the fastest it may be, whatever the stretch asks for; None for any.
    """
    start, over = stretch
    past = max(instant - start, timedelta(0)) // _MICROSECOND
    length = (over - start) // _MICROSECOND
    distance = abs(to_w - from_w)
    moved = distance if length <= 0 or past >= length else distance * past // length
    if rate_w_per_s is not None:
        moved = min(moved, rate_w_per_s * past // 10**6)
    return from_w + moved if to_w >= from_w else from_w - moved


def _run(timeline: Timeline, now: Segment) -> list[Segment]:
    """Return the segments without a free one between, up to that of now."""
    last = bisect.bisect_left(timeline.segments, now.start, key=lambda each: each.start)
    first = last
    while first and _follows(timeline.segments[first - 1], timeline.segments[first]):
        first -= 1
    return list(timeline.segments[first : last + 1])


def _follows(before: Segment, after: Segment) -> bool:
    return before.end == after.start and not _is_free(before)


def _is_free(segment: Segment) -> bool:
    return segment.power_w is None and segment.part is not Part.RECOVER
