"""All events of a resource resolved into one timeline: who decides when, within which limits.

A timeline is a value: equal events give an equal one, in whatever order they came. Where events
overlap the highest priority decides (0 is the highest), then the newest. Limits do not compete;
all in force are intersected, and whoever decides acts inside them.
"""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise, zip_longest

from xmpp_cem.core.timeline.bounds import Cap, Limit, Physical, Range, allowed, intersected
from xmpp_cem.model.event import Order

_ZERO = timedelta(0)
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """What a set point follows from; both compete by priority."""

    DISPATCH = "dispatch"
    PRICE_RESPONSE = "price-response"


class Part(StrEnum):
    """What a segment is of its event: its time, the wait before release, the recovery."""

    ACT = "act"
    HOLD = "hold"
    RECOVER = "recover"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Piece:
    """What an event asks of a resource in `[start, end)`: absolute W, or None to leave it free."""

    start: datetime
    end: datetime
    power_w: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """What one event asks of one resource, offsets of a randomised start included.

    Args:
        event: its id.
        priority: 0 is the highest.
        created: when the VTN made it; of equal priority the newest decides.
        order: its version; of several versions the newest alone counts.
        pieces: what is asked, in order and without overlap; at least one.
        kind: what it follows from.
        ramp: how long power may take to each value.
        hold: how long its last value is held after its end before the release.
        recovery: over how long power then returns, against rebound.
    """

    event: str
    priority: int
    created: datetime
    order: Order
    pieces: tuple[Piece, ...]
    kind: Kind = Kind.DISPATCH
    ramp: timedelta = _ZERO
    hold: timedelta = _ZERO
    recovery: timedelta = _ZERO

    def __post_init__(self) -> None:
        """Refuse pieces that overlap, are empty or out of order."""
        if not self.pieces or any(piece.end <= piece.start for piece in self.pieces):
            raise ValueError("a claim has pieces, and each has a length")
        if any(later.start < earlier.end for earlier, later in pairwise(self.pieces)):
            raise ValueError("pieces of a claim are in order and do not overlap")
        if min(self.ramp, self.hold, self.recovery) < _ZERO:
            raise ValueError("ramp, hold and recovery are not negative")

    @property
    def end(self) -> datetime:
        """When it asks no more."""
        return self.pieces[-1].end

    def piece_at(self, instant: datetime) -> Piece | None:
        """Return what it asks at an instant, None for nothing."""
        place = bisect.bisect_right(self.pieces, instant, key=lambda piece: piece.start)
        inside = place > 0 and instant < self.pieces[place - 1].end
        return self.pieces[place - 1] if inside else None

    @property
    def rank(self) -> tuple[int, timedelta, int, int, str]:
        """Its place among claims that overlap: the smallest decides."""
        age = _ORIGIN - self.created
        return (self.priority, age, -self.order.epoch, -self.order.modification, self.event)


@dataclass(frozen=True, slots=True)
class Segment:
    """What a resource is to do in `[start, end)`, and why.

    Args:
        power_w: the power to reach, W; None is free or, while recovering, what it was before.
        reach_by: when it is to be reached, not after `start` for at once.
        part: what of its event this is.
        cause: the event that decides, None where none does.
        over: events that wanted this time too, and yield.
        range: what limits leave, W.
        limits: limits in force, the tightest of each direction and phase.
        why: for people.
    """

    start: datetime
    end: datetime
    power_w: int | None
    reach_by: datetime
    part: Part
    cause: str | None
    over: tuple[str, ...]
    range: Range
    limits: tuple[Limit, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Segments in order, without overlap; between and beyond them the resource is free."""

    segments: tuple[Segment, ...]
    physical: Physical

    def at(self, instant: datetime) -> Segment:
        """Return the segment that holds an instant; a free one where there is none."""
        place = bisect.bisect_right(self.segments, instant, key=lambda each: each.start)
        if place and instant < self.segments[place - 1].end:
            return self.segments[place - 1]
        return _free(instant, instant, self.physical)

    def next_change(self, instant: datetime) -> datetime | None:
        """Return when the segment at an instant gives way to another one; None for never."""
        edges = {edge for each in self.segments for edge in (each.start, each.end)}
        return min((edge for edge in edges if edge > instant), default=None)


def timeline(claims: Iterable[Claim], caps: Iterable[Cap], physical: Physical) -> Timeline:
    """Return the one timeline of a resource.

    Args:
        claims: set points wanted, of accepted events that may still act.
        caps: limits, of events and of the VEN itself (failsafe).
        physical: what the resource can do.
    """
    decided = _decided(_newest(claims), physical)
    kept = sorted(set(caps), key=repr)
    cuts = sorted(_edges(decided) | {edge for cap in kept for edge in (cap.start, cap.end)})
    segments: list[Segment] = []
    place = 0
    for start, end in pairwise(cuts):
        while place < len(decided) and decided[place].end <= start:
            place += 1
        inside = place < len(decided) and decided[place].start <= start
        base = decided[place] if inside else _free(start, end, physical)
        limits = intersected(cap for cap in kept if cap.holds_at(start))
        if inside or limits:
            _append(segments, _bounded(replace(base, start=start, end=end), limits, physical))
    return Timeline(tuple(segments), physical)


def _newest(claims: Iterable[Claim]) -> list[Claim]:
    """Return one claim of each event, by rank."""
    found: dict[str, Claim] = {}
    for claim in sorted(set(claims), key=lambda c: (c.order.epoch, c.order.modification, repr(c))):
        found[claim.event] = claim
    return sorted(found.values(), key=lambda claim: claim.rank)


def _decided(claims: list[Claim], physical: Physical) -> list[Segment]:
    """Return who decides when, before limits, with what follows after each event's end."""
    edges = sorted({e for c in claims for p in c.pieces for e in (p.start, p.end)})
    found: list[Segment] = []
    for start, end in pairwise(edges):
        wanted = [(claim, piece) for claim in claims if (piece := claim.piece_at(start))]
        if wanted:
            claim, piece = wanted[0]
            over = tuple(other.event for other, _ in wanted[1:])
            _append(found, _acting(found, claim, replace(piece, start=start, end=end), over))
    ends = {claim.event: claim for claim in claims}
    whole: list[Segment] = []
    for each, after in zip_longest(found, found[1:]):
        whole.append(each)
        claim = ends[each.cause or ""]
        if each.end == claim.end and each.power_w is not None:
            whole += _aftermath(each, claim, after.start if after else None)
    free = Range(physical.range.lowest_w, physical.range.highest_w)
    return [replace(each, range=free) for each in whole]


def _acting(found: list[Segment], claim: Claim, piece: Piece, over: tuple[str, ...]) -> Segment:
    last = found[-1] if found else None
    goes_on = last is not None and (last.end, last.cause, last.power_w) == (
        piece.start,
        claim.event,
        piece.power_w,
    )
    asked = "leaves it free" if piece.power_w is None else f"asks for {piece.power_w} W"
    return Segment(
        start=piece.start,
        end=piece.end,
        power_w=piece.power_w,
        reach_by=last.reach_by if last and goes_on else piece.start + claim.ramp,
        part=Part.ACT,
        cause=claim.event,
        over=over,
        range=Range(0, 0),
        limits=(),
        why=f"{claim.kind} {claim.event} of priority {claim.priority} {asked}",
    )


def _aftermath(ended: Segment, claim: Claim, until: datetime | None) -> list[Segment]:
    """Return hold and recovery after an event's end, as far as no other event takes over."""
    release = ended.end + claim.hold
    over = release + claim.recovery
    parts = (
        replace(ended, start=ended.end, end=release, part=Part.HOLD, over=()),
        replace(
            ended, start=release, end=over, power_w=None, reach_by=over, part=Part.RECOVER, over=()
        ),
    )
    return [
        replace(part, end=end, why=f"{part.part} after {claim.kind} {claim.event}")
        for part in parts
        if (end := min(part.end, until or part.end)) > part.start
    ]


def _bounded(segment: Segment, limits: tuple[Limit, ...], physical: Physical) -> Segment:
    span = allowed(physical, limits)
    power_w = None if segment.power_w is None else physical.fitted(segment.power_w, span)
    why = segment.why
    if segment.power_w is not None and power_w != segment.power_w:
        whose = whose_limits(limits, physical, segment.power_w)
        why = f"{why}; limited to {power_w} W by {whose}"
    return replace(segment, power_w=power_w, range=span, limits=limits, why=why)


def whose_limits(limits: Iterable[Limit], physical: Physical, power_w: int) -> str:
    """Return for people by what a resource may not have a power, W."""
    tight = (each for each in limits if not allowed(physical, [each]).holds(power_w))
    names = dict.fromkeys(name for limit in tight for name in limit.sources)
    return ", ".join(names) or "what the resource can do"


def _free(start: datetime, end: datetime, physical: Physical) -> Segment:
    return Segment(
        start, end, None, FIRST, Part.FREE, None, (), physical.range, (), "no event decides"
    )


FIRST = datetime.min.replace(tzinfo=UTC)
"""When what is free has reached its power: always."""


def _append(segments: list[Segment], new: Segment) -> None:
    """Add a segment, or lengthen the last one when nothing else differs."""
    last = segments[-1] if segments else None
    if last and last.end == new.start and replace(new, start=last.start, end=last.end) == last:
        segments[-1] = replace(last, end=new.end)
    else:
        segments.append(new)


def _edges(segments: Iterable[Segment]) -> set[datetime]:
    return {edge for each in segments for edge in (each.start, each.end)}
