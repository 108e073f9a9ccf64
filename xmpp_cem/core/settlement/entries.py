"""Readings as a history keeps them: one line of text each, with when it was heard."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from xmpp_cem.core.readings.estimating import worst
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval, Times

_LETTERS = {Quality.VALID: "v", Quality.ESTIMATED: "e", Quality.QUESTIONABLE: "q"}
_QUALITIES = {letter: quality for quality, letter in _LETTERS.items()}
_MICRO = timedelta(microseconds=1)
_CELLS = 8
"""So many cells every line has after start and end."""


class Entry(NamedTuple):
    """What a history keeps of a reading: power in W, registers in Wh at `end`, unknown is None.

    `heard` is when it came, in whole seconds after `end`; before it where clocks differ.
    """

    start: datetime
    end: datetime
    revision: int
    power_w: int
    import_wh: int | None
    export_wh: int | None
    quality: Quality
    expected: int
    reporting: int
    heard: datetime
    oldest: datetime | None = None
    estimated_share_permille: int = 0

    @property
    def interval(self) -> Interval:
        """The window."""
        return Interval(start=self.start, end=self.end)

    @property
    def is_late(self) -> bool:
        """Whether it came when its sender had given up repeating it: after three windows."""
        return self.heard > self.end + 3 * (self.end - self.start)


def entry_of(reading: Reading, now: datetime) -> Entry:
    """Return what is kept of a reading that is heard now."""
    window = reading.window
    seconds = (now - window.end) // timedelta(seconds=1)
    return Entry(
        window.start,
        window.end,
        reading.revision,
        reading.power_w,
        reading.import_wh,
        reading.export_wh,
        reading.quality,
        reading.expected,
        reading.reporting,
        window.end + timedelta(seconds=seconds),
        reading.oldest,
        reading.estimated_share_permille,
    )


def reading_of(entry: Entry, resource: ResourceId) -> Reading:
    """Return an entry as the reading of its resource."""
    return Reading(
        resource=resource,
        window=entry.interval,
        power_w=entry.power_w,
        import_wh=entry.import_wh,
        export_wh=entry.export_wh,
        quality=entry.quality,
        revision=entry.revision,
        expected=entry.expected,
        reporting=entry.reporting,
        oldest=entry.oldest,
        estimated_share_permille=entry.estimated_share_permille,
    )


def key_of(entry: Entry, origin: datetime) -> str:
    """Return how a line begins, which tells one window and revision from all others."""
    return f"{_offset(entry.start - origin)},{_offset(entry.end - origin)},{entry.revision},"


def line_of(entry: Entry, origin: datetime) -> str:
    """Return an entry as a line; `origin` is what its times count from.

    How much was estimated, and from when, stands at the end of lines that have it.
    """
    delay = (entry.heard - entry.end) // timedelta(seconds=1)
    rest = (
        entry.power_w,
        "" if entry.import_wh is None else entry.import_wh,
        "" if entry.export_wh is None else entry.export_wh,
        _LETTERS[entry.quality],
        entry.expected,
        entry.reporting,
        delay,
        *_estimated(entry),
    )
    return key_of(entry, origin) + ",".join(map(str, rest))


def read_lines(text: str, origin: datetime, times: Times | None = None) -> Iterator[Entry]:
    """Yield the entries of lines, in their order; only what touches some times, if there are."""
    for line in text.split():
        start, end, rest = line.split(",", 2)
        since, until = origin + _length(start), origin + _length(end)
        if times is not None and not times.touch(since, until):
            continue
        cells = rest.split(",")
        revision, power, came_in, went_out, quality, expected, reporting, delay = cells[:_CELLS]
        age, share = cells[_CELLS:] or ("", "0")
        yield Entry(
            since,
            until,
            int(revision),
            int(power),
            int(came_in) if came_in else None,
            int(went_out) if went_out else None,
            _QUALITIES[quality],
            int(expected),
            int(reporting),
            until + timedelta(seconds=int(delay)),
            until - _length(age) if age else None,
            int(share),
        )


def last_end(text: str, origin: datetime) -> datetime:
    """Return when the last window of some lines ends."""
    return origin + max(_length(line.split(",", 2)[1]) for line in text.split())


def chosen(entries: Iterable[Entry], heard_by: datetime | None = None) -> list[Entry]:
    """Return what counts, in order: of each window its highest revision, and no time twice.

    Args:
        entries: in any order, repeats included.
        heard_by: what came later does not count; None: everything counts.
    """
    best: dict[tuple[datetime, datetime], Entry] = {}
    for entry in entries:
        if heard_by is not None and entry.heard > heard_by:
            continue
        known = best.get((entry.start, entry.end))
        if known is None or entry.revision > known.revision:
            best[entry.start, entry.end] = entry
    found: list[Entry] = []
    longest_first = sorted(best.values(), key=attrgetter("end"), reverse=True)
    for entry in sorted(longest_first, key=attrgetter("start")):
        if not found or entry.end > found[-1].end:
            found.append(entry)
    return found


def folded(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries of which those that follow each other without a gap have become one.

    Its power is their mean to the nearest W, its registers are those at its end: energy is kept
    to half a watt of the length, gaps are kept as they are.
    """
    runs: list[list[Entry]] = []
    for entry in chosen(entries):
        if runs and runs[-1][-1].end == entry.start:
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return [_joined(run) for run in runs]


def rounded(work: int, divisor: int) -> int:
    """Divide to the nearest whole number, halves away from zero."""
    whole = (2 * abs(work) + divisor) // (2 * divisor)
    return -whole if work < 0 else whole


def _joined(run: list[Entry]) -> Entry:
    last = run[-1]
    length = (last.end - run[0].start) // _MICRO
    work = sum(entry.power_w * ((entry.end - entry.start) // _MICRO) for entry in run)
    return last._replace(
        start=run[0].start,
        revision=max(entry.revision for entry in run),
        power_w=rounded(work, length),
        quality=worst(entry.quality for entry in run),
        expected=max(entry.expected for entry in run),
        reporting=min(entry.reporting for entry in run),
        heard=max(entry.heard for entry in run),
        oldest=min((entry.oldest for entry in run if entry.oldest), default=None),
        estimated_share_permille=max(entry.estimated_share_permille for entry in run),
    )


def _estimated(entry: Entry) -> tuple[str, ...]:
    """Return the last cells of a line: how long before its end it was measured, and how much."""
    if entry.oldest is None and not entry.estimated_share_permille:
        return ()
    age = "" if entry.oldest is None else _offset(entry.end - entry.oldest)
    return (age, str(entry.estimated_share_permille))


def _offset(length: timedelta) -> str:
    whole, rest = divmod(length // _MICRO, 10**6)
    return f"{whole}.{rest:06}" if rest else str(whole)


def _length(text: str) -> timedelta:
    whole, _, rest = text.partition(".")
    return timedelta(seconds=int(whole), microseconds=int(rest or "0"))
