"""Whether every reading was counted, and counted once."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from xmpp_cem.core.kept import Report
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.model.time import Interval
from xmpp_cem.simulation.books import Book
from xmpp_cem.simulation.findings import Finding, Scene


def readings(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """Compare what members have reported with what their VTNs counted for each event."""
    for party in dict.fromkeys(scene.uppers.values()):
        if party not in books:
            continue
        dispatches = books[party].last(Dispatch)
        for key, part in books[party].last(Part).items():
            acting = dispatches[part.event].acting
            if part.baseline_w is None or acting is None:
                continue
            if not scene.restored.isdisjoint((party, part.party)):
                continue
            if _was_moved(books[party], part.event):
                continue
            if books[party].began(Part, key) > acting.start:
                continue
            told = _told(books[part.party])
            inside = {
                window: power
                for window, power in told.items()
                if acting.start <= window.start and window.end <= acting.end
            }
            yield from _compare(f"{party}, {key[:8]} of {part.party}", part, inside, scene)


def _was_moved(book: Book, event: str) -> bool:
    """Whether an event's start changed when it had begun, by a VTN above that was put back.

    What was counted by the older times stays counted, and what was passed over stays so.
    """
    starts = [
        (written.at, written.record.acting.start)
        for written in book.versions["dispatch", event]
        if isinstance(written.record, Dispatch) and written.record.acting
    ]
    return any(
        before != after and min(before, after) <= at
        for (_, before), (at, after) in pairwise(starts)
    )


def _told(book: Book) -> dict[Interval, int]:
    """Return the power of each window that a party has reported, as it was corrected last."""
    told: dict[Interval, tuple[int, int]] = {}
    for versions in book.all(Report).values():
        totals: dict[Interval, tuple[int, int]] = {}
        for reading in versions[-1].readings:
            revision, power_w = totals.get(reading.window, (0, 0))
            told_w = power_w + reading.power_w
            totals[reading.window] = max(revision, reading.revision), told_w
        for window, total in totals.items():
            told[window] = max(told.get(window, total), total, key=lambda each: each[0])
    return {window: power_w for window, (_, power_w) in told.items()}


def _compare(
    who: str, part: Part, inside: Mapping[Interval, int], scene: Scene
) -> Iterator[Finding]:
    until = part.until
    counted = {w: p for w, p in inside.items() if until and w.end <= until and not _in_gap(w, part)}
    seconds = sum(int(window.duration.total_seconds()) for window in counted)
    if seconds != part.measured_s:
        yield "a reading is counted once", f"{who}: {part.measured_s} s counted, {seconds} s told"
    missing = [w for w in inside if w not in counted and w.end < _due(scene)]
    if missing:
        times = ", ".join(f"{window.start:%M:%S}" for window in missing)
        yield "every reading is counted", f"{who}: {times} is missing, all until {part.until}"
    worth = sum(
        (power - (part.baseline_w or 0)) * int(window.duration.total_seconds())
        for window, power in counted.items()
    )
    if seconds == part.measured_s and worth != part.delivered_ws:
        yield "a reading is counted once", f"{who}: {part.delivered_ws} W s, told {worth} W s"


def _due(scene: Scene) -> datetime:
    return scene.settled


def _in_gap(window: Interval, part: Part) -> bool:
    return any(gap.start <= window.start and window.end <= gap.end for gap in part.gaps)
