"""Energy of a stretch of time: from registers where there are any, else from average power.

Everything here is in whole watt-microseconds, so that sums over periods are exact.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from xmpp_cem.core.readings.estimating import worst
from xmpp_cem.core.settlement.entries import Entry, rounded
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.time import Interval, without

WATT_HOUR = 3_600_000_000
"""Watt-microseconds in a Wh."""

_MICRO = timedelta(microseconds=1)


class Source(StrEnum):
    """What an energy rests upon."""

    REGISTER = "register"
    POWER = "power"


@dataclass(frozen=True)
class Measured:
    """What was measured over an interval; energies are signed, watt-microseconds.

    Args:
        energy: of all of it, None when it is not known: a gap is not zero.
        source: what `energy` rests upon, None without one.
        covered: how much of it readings cover, microseconds.
        by_power: energy of what is covered, by average power.
        gaps: what is not covered.
        quality: the worst of the readings, None without any.
    """

    energy: int | None
    source: Source | None
    covered: int
    by_power: int
    gaps: tuple[Interval, ...]
    quality: Quality | None

    @property
    def mean_w(self) -> int | None:
        """Mean power of what is covered, W; None when nothing is."""
        return rounded(self.by_power, self.covered) if self.covered else None


@dataclass(frozen=True)
class _Point:
    """The registers at an instant, Wh; one that does not count is 0."""

    at: datetime
    import_wh: int
    export_wh: int

    @property
    def net(self) -> int:
        """What has come in, less what has gone out."""
        return (self.import_wh - self.export_wh) * WATT_HOUR


class Series:
    """One resource's readings in order, as `chosen` returns them.

    A register counts from one reading to the next, also over a gap. One that falls was replaced:
    between before and after nothing is known by it.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._starts = [entry.start for entry in entries]
        self._ends = [entry.end for entry in entries]
        self._points = _points(entries)
        self._instants = [point.at for point in self._points]
        self._resets = [
            after.at
            for before, after in itertools.pairwise(self._points)
            if after.import_wh < before.import_wh or after.export_wh < before.export_wh
        ]

    def measured(self, interval: Interval) -> Measured:
        """Return what is known of an interval."""
        pieces = list(self._pieces(interval))
        covered = sum((end - start) // _MICRO for start, end, _ in pieces)
        by_power = sum(entry.power_w * ((end - start) // _MICRO) for start, end, entry in pieces)
        energy = self._by_register(interval)
        source: Source | None = Source.REGISTER
        if energy is None and covered == interval.duration // _MICRO:
            energy, source = by_power, Source.POWER
        elif energy is None:
            source = None
        quality = worst(entry.quality for *_, entry in pieces) if pieces else None
        gaps = tuple(without(interval, ((start, end) for start, end, _ in pieces)))
        return Measured(energy, source, covered, by_power, gaps, quality)

    def ended_by(self, instant: datetime) -> list[Entry]:
        """Return the readings of windows that ended by an instant."""
        return [entry for entry in self._entries if entry.end <= instant]

    def touching(self, interval: Interval) -> list[Entry]:
        """Return the readings that say something of an interval."""
        return [e for e in self._entries if e.start < interval.end and interval.start < e.end]

    def _by_register(self, interval: Interval) -> int | None:
        first, last = self._register(interval.start), self._register(interval.end)
        if first is None or last is None:
            return None
        until = self._instants[bisect_left(self._instants, interval.end)]
        is_reset = any(interval.start < at <= until for at in self._resets)
        return None if is_reset else last - first

    def _register(self, instant: datetime) -> int | None:
        """Return the register at an instant; within a window it grows as its power says."""
        number = bisect_left(self._instants, instant)
        if number == len(self._points):
            return None
        point = self._points[number]
        if point.at == instant:
            return point.net
        entry = self._at(instant)
        if entry is None or entry.end != point.at:
            return None
        before = self._points[number - 1] if number else None
        if before is None or before.at != entry.start:
            return point.net - entry.power_w * ((entry.end - instant) // _MICRO)
        passed, length = (instant - entry.start) // _MICRO, (entry.end - entry.start) // _MICRO
        return before.net + (point.net - before.net) * passed // length

    def _at(self, instant: datetime) -> Entry | None:
        number = bisect_right(self._starts, instant) - 1
        if number < 0 or instant >= self._entries[number].end:
            return None
        return self._entries[number]

    def _pieces(self, interval: Interval) -> Iterator[tuple[datetime, datetime, Entry]]:
        """Yield what readings cover of an interval; where two overlap the earlier one counts."""
        until = interval.start
        for number in range(bisect_right(self._ends, interval.start), len(self._entries)):
            entry = self._entries[number]
            if entry.start >= interval.end:
                return
            start, end = max(entry.start, until), min(entry.end, interval.end)
            if start < end:
                yield start, end, entry
                until = end


def _points(entries: Sequence[Entry]) -> list[_Point]:
    """Return the registers at the ends of readings.

    Both directions are needed, but of a resource that never had the other one.
    """
    has_import = any(entry.import_wh is not None for entry in entries)
    has_export = any(entry.export_wh is not None for entry in entries)
    if has_import and not has_export and any(entry.power_w < 0 for entry in entries):
        return []
    if has_export and not has_import and any(entry.power_w > 0 for entry in entries):
        return []
    return [
        _Point(entry.end, entry.import_wh or 0, entry.export_wh or 0)
        for entry in entries
        if (entry.import_wh is not None) == has_import
        and (entry.export_wh is not None) == has_export
        and (has_import or has_export)
    ]
