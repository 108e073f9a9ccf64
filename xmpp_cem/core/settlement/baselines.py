"""Power that would have flowed without an event, from what was measured before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from xmpp_cem.core.programmes.walltime import day_start, instant_of, wall_of
from xmpp_cem.core.readings.estimating import estimated_w, share_permille, worst
from xmpp_cem.core.settlement.cases import Baseline, SettlementTerms, Step, Why
from xmpp_cem.core.settlement.energy import Series
from xmpp_cem.core.settlement.entries import Entry, rounded
from xmpp_cem.core.settlement.periods import periods
from xmpp_cem.model.programme import BaselineMethod
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.time import Interval, without

WINDOWS = 3
"""Of so many windows `meter-before` takes the mean."""

OLDEST = timedelta(hours=6)
"""Windows that ended longer before the event say nothing of it."""

ADJUSTED_BY = timedelta(hours=2)
"""By so much of the same day the mean of other days is adjusted."""

_LATELY = timedelta(minutes=15)

LOOK_BACK = 45
"""So many days back days without events are looked for."""

_A_DAY = timedelta(days=1)
_SATURDAY = 5
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True)
class Question:
    """What a baseline is asked for.

    Args:
        active: when the event acts.
        at: when the baseline is made; nothing later is used.
        method: which one is wanted.
        terms: zone, days and adjustment.
        eventful: when events moved, or will move, this party's power.
    """

    active: Interval
    at: datetime
    method: BaselineMethod
    terms: SettlementTerms
    eventful: Sequence[Interval]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the days."""
        return ZoneInfo(self.terms.zone)


@dataclass(frozen=True)
class Estimate:
    """What the method gives; `steps` is empty when nothing is known."""

    method: BaselineMethod
    steps: tuple[Step, ...] = ()
    basis: tuple[Step, ...] = ()
    days: tuple[date, ...] = ()
    adjustment_w: int = 0
    why: tuple[Why, ...] = ()


Read = Callable[[Sequence[Interval]], Series]
"""Gives the readings of one resource that touch some times."""


def looks_from(method: BaselineMethod, until: datetime) -> datetime:
    """Return since when it matters to a baseline that is made `until` then what events moved."""
    is_of_days = method is BaselineMethod.SAME_TIME_OF_DAYS
    return until - ((LOOK_BACK + 2) * _A_DAY if is_of_days else OLDEST)


def looks_at(question: Question, back: timedelta = OLDEST) -> list[Interval]:
    """Return the times of which readings are needed, or the last of them, no longer `back`."""
    until = min(question.at, question.active.start)
    recent = Interval(start=until - back, end=until)
    if question.method is BaselineMethod.METER_BEFORE:
        return without(recent, ((each.start, each.end) for each in question.eventful))
    wide = Interval(start=until - ADJUSTED_BY, end=question.active.end)
    return [recent, *(_on(wide, day, question) for day in _like(question))]


def looked_up(read: Read, question: Question) -> tuple[Estimate, Series]:
    """Return the baseline of one resource and what was read for it, no more than it takes.

    What touches the last quarter-hour says which windows count there, as a window that holds
    another touches whatever that one does; only where these are too few is more read.
    """
    if question.method is BaselineMethod.METER_BEFORE:
        times = looks_at(question, _LATELY)
        series = read(times)
        found = _meter_before(series, question)
        is_whole = len(found.basis) == WINDOWS
        if is_whole and found.basis[0].interval.start >= times[0].start:
            return found, series
    series = read(looks_at(question))
    return estimate(series, question), series


def estimate(series: Series, question: Question) -> Estimate:
    """Return the baseline of one resource.

    Where there are not enough days for `same-time-of-days` it is made by `meter-before`, and says
    so.
    """
    if question.method is BaselineMethod.METER_BEFORE:
        return _meter_before(series, question)
    found = _same_time_of_days(series, question)
    if found is not None:
        return found
    other = _meter_before(series, question)
    return Estimate(other.method, other.steps, other.basis, why=(Why.FEW_DAYS, *other.why))


def lengthened(read: Read, known: Baseline, question: Question) -> tuple[Step, ...]:
    """Return the steps of a baseline that stands, and more where the event has become longer."""
    if not known.steps or question.active.end <= known.steps[-1].interval.end:
        return known.steps
    last = known.steps[-1]
    rest = Interval(start=last.interval.end, end=question.active.end)
    if known.method is BaselineMethod.METER_BEFORE:
        return (*known.steps, Step(interval=rest, power_w=last.power_w))
    series = read(looks_at(question))
    return (*known.steps, *_means(series, known.days, rest, question, known.adjustment_w))


def rests_on(series: Series, basis: Sequence[Step]) -> tuple[datetime | None, int, Quality]:
    """Return when the oldest reading of a basis was measured, how much was estimated, how good.

    The second is in thousandths of the readings' powers without their signs, rounded up; the last
    is the worst of the readings.
    """
    entries = [entry for step in basis for entry in series.touching(step.interval)]
    oldest = min((entry.oldest or entry.end for entry in entries), default=None)
    lengths = [(entry, (entry.end - entry.start) // _MICRO) for entry in entries]
    gross = sum(abs(entry.power_w) * length for entry, length in lengths)
    estimated = sum(estimated_w(entry) * length for entry, length in lengths)
    return oldest, share_permille(estimated, gross), worst(entry.quality for entry in entries)


def _meter_before(series: Series, question: Question) -> Estimate:
    """Take the mean of the last windows before the event that no other event has moved."""
    method, until = BaselineMethod.METER_BEFORE, min(question.at, question.active.start)
    windows = _quiet(series.ended_by(until), until - OLDEST, question.eventful)
    if not windows:
        return Estimate(method, why=(Why.NO_READINGS,))
    length = sum((entry.end - entry.start) // _MICRO for entry in windows)
    work = sum(entry.power_w * ((entry.end - entry.start) // _MICRO) for entry in windows)
    step = Step(interval=question.active, power_w=rounded(work, length))
    basis = tuple(Step(interval=e.interval, power_w=e.power_w) for e in windows)
    return Estimate(method, (step,), basis)


def _quiet(entries: list[Entry], oldest: datetime, eventful: Sequence[Interval]) -> list[Entry]:
    """Return the last windows that no event has moved, looking back no further than need be."""
    found: list[Entry] = []
    for entry in reversed(entries):
        if entry.end <= oldest or len(found) == WINDOWS:
            break
        if not any(entry.start < event.end and event.start < entry.end for event in eventful):
            found.append(entry)
    return found[::-1]


def _same_time_of_days(series: Series, question: Question) -> Estimate | None:
    """Take the mean of the days in the middle, among the last that are like the event's."""
    terms, zone = question.terms, question.zone
    known: list[tuple[int, date]] = []
    for day in _like(question):
        mean_w = _mean(series, _on(question.active, day, question), zone)
        if mean_w is not None:
            known.append((mean_w, day))
        if len(known) == terms.days:
            break
    used = min(terms.used, terms.days)
    if len(known) < used:
        return None
    first = (len(known) - used) // 2
    middle = sorted(known)[first : first + used]
    days = tuple(sorted(day for _, day in middle))
    adjustment_w = _adjustment(series, days, question) if terms.is_adjusted else 0
    steps = _means(series, days, question.active, question, adjustment_w)
    basis = tuple(
        Step(interval=_on(question.active, day, question), power_w=mean_w)
        for mean_w, day in sorted(middle, key=lambda each: each[1])
    )
    method = BaselineMethod.SAME_TIME_OF_DAYS
    return Estimate(method, steps, basis, days, adjustment_w)


def _like(question: Question) -> list[date]:
    """Return the days before the event without events, newest first, all workdays or none."""
    zone, today = question.zone, _first_day(question)
    found = []
    for number in range(1, LOOK_BACK + 1):
        day = today - number * _A_DAY
        whole = Interval(start=day_start(day, zone), end=day_start(day + _A_DAY, zone))
        is_alike = (day.weekday() < _SATURDAY) == (today.weekday() < _SATURDAY)
        if is_alike and not any(whole.overlap(event) for event in question.eventful):
            found.append(day)
    return found


def _first_day(question: Question) -> date:
    return wall_of(question.active.start, question.zone).date()


def _on(interval: Interval, day: date, question: Question) -> Interval:
    """Return what an interval of the event's day is on another day, by the clock on the wall."""
    zone = question.zone
    wall = wall_of(interval.start, zone)
    start = instant_of(wall + (day - _first_day(question)), zone)
    return Interval(start=start, end=start + interval.duration)


def _mean(series: Series, interval: Interval, zone: ZoneInfo) -> int | None:
    """Return the mean power, W, of an interval of which every quarter-hour is half known."""
    found = [series.measured(period) for period in periods(interval, zone)]
    wanted = [period.duration // _MICRO for period in periods(interval, zone)]
    if any(2 * each.covered < length for each, length in zip(found, wanted, strict=True)):
        return None
    return rounded(sum(each.by_power for each in found), sum(each.covered for each in found))


def _means(
    series: Series, days: Sequence[date], active: Interval, question: Question, adjustment_w: int
) -> tuple[Step, ...]:
    """Return the mean over days of each quarter-hour."""
    steps = []
    for period in periods(active, question.zone):
        found = [series.measured(_on(period, day, question)).mean_w for day in days]
        powers = [power for power in found if power is not None]
        if powers:
            mean_w = rounded(sum(powers), len(powers)) + adjustment_w
            steps.append(Step(interval=period, power_w=mean_w))
    return tuple(steps)


def _adjustment(series: Series, days: Sequence[date], question: Question) -> int:
    """Return by how much the last hours differ from the same hours of these days, W."""
    until = min(question.at, question.active.start)
    before = Interval(start=until - ADJUSTED_BY, end=until)
    if any(before.overlap(event) for event in question.eventful):
        return 0
    now = series.measured(before)
    if 2 * now.covered < before.duration // _MICRO or now.mean_w is None:
        return 0
    found = [series.measured(_on(before, day, question)).mean_w for day in days]
    powers = [power for power in found if power is not None]
    return now.mean_w - rounded(sum(powers), len(powers)) if powers else 0
