"""Readings of a domain's members: kept by window, summed for the level above."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from xmpp_cem.core.kept import Dropped
from xmpp_cem.core.readings.estimating import (
    Present,
    estimated_w,
    part_w,
    share_permille,
    worst,
)
from xmpp_cem.core.readings.pages import Holdings
from xmpp_cem.core.readings.summing import Summing
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval

MOST_W = 10**12
"""The most that a quantity of power can hold, W."""

_KEPT_WINDOWS = 30


@dataclass(frozen=True)
class Window:
    """A member's total over one window: power in W, registers in Wh where all parts have them.

    `expected` and `reporting` count the members behind it, one where it is a site's own.
    `estimated_w` of its power was not measured, W, not signed; the `oldest` of it then, None: at
    the window's end. `number` counts what came from all members, in the order of arrival.
    """

    interval: Interval
    power_w: int
    import_wh: int | None
    export_wh: int | None
    expected: int
    reporting: int
    number: int = 0
    revision: int = 0
    quality: Quality = Quality.VALID
    oldest: datetime | None = None
    estimated_w: int = 0


class Counted(NamedTuple):
    """A member's window, and what was known of it before: None where it is new."""

    window: Window
    before: Window | None = None


@dataclass
class Metering:
    """The last windows of every member; a window of a member counts once, a correction instead.

    A member that claims more than `most_w` (W, and Wh a thousand times that) is not believed, so
    that sums over all members stay within what a message can carry. `is_summed` says that somebody
    takes the sums of `roll_up`: however many late windows come at once, none is left out there.
    `moved` are the members that have told something since somebody looked.
    """

    most_w: int = MOST_W
    is_summed: bool = True
    history: dict[PartyId, dict[Interval, Window]] = field(default_factory=dict)
    summing: Summing = field(default_factory=Summing)
    moved: set[PartyId] = field(default_factory=set)
    _seen: dict[PartyId, tuple[datetime, Present]] = field(default_factory=dict)
    _count: int = 0
    _dropped: tuple[int, datetime] | None = None

    def take(self, party: PartyId, readings: tuple[Reading, ...]) -> list[Counted]:
        """Add a member's readings; returns the windows that are new or corrected."""
        by_window: dict[Interval, list[Reading]] = {}
        for reading in _newest(readings):
            by_window.setdefault(reading.window, []).append(reading)
        kept = self.history.setdefault(party, {})
        counted = []
        for interval, group in by_window.items():
            total = total_of(interval, group, self._count + 1)
            known = kept.get(interval)
            is_repeat = known is not None and total.revision <= known.revision
            if is_repeat or not self._is_credible(total):
                continue
            self._count = total.number
            kept[interval] = total
            self.moved.add(party)
            self.see(party, tuple(group), interval.end)
            counted.append(Counted(total, known))
            if self.is_summed:
                self.summing.add(party, interval, total)
        for interval in sorted(kept, key=lambda interval: interval.end)[:-_KEPT_WINDOWS]:
            self._drop(kept.pop(interval))
        return counted

    def recall(self, party: PartyId, interval: Interval, readings: Sequence[Reading]) -> None:
        """Add to the sums again what a member told before a restart."""
        total = total_of(interval, readings)
        if self._is_credible(total):
            self.summing.add(party, interval, total)

    def see(self, party: PartyId, readings: tuple[Reading, ...], at: datetime) -> None:
        """Take a member's present power from readings of a window that is open; it counts alone.

        What is older than what is known, or of a part of the member only, tells nothing.
        """
        known, present = self._seen.get(party), _instant(readings)
        is_news = known is None or at >= known[0]
        if is_news and present is not None and abs(present.power_w) <= self.most_w:
            self._seen[party] = (at, present)
            self.moved.add(party)

    def holdings(self, epoch: int, began: datetime) -> Holdings:
        """Return the windows that are held as readings of their members, in order of arrival.

        They are counted anew in each `epoch`, and nothing is held from before it `began`.
        """
        held = sorted(
            (window.number, party, window)
            for party, windows in self.history.items()
            for window in windows.values()
        )
        reports = {Position(epoch, n): (reading_of(party, w),) for n, party, w in held}
        number, until = self._dropped or (0, began)
        dropped = Dropped(position=Position(epoch, number), until=max(until, began))
        return Holdings(reports, Position(epoch, self._count), dropped)

    def _drop(self, window: Window) -> None:
        number, until = self._dropped or (0, window.interval.end)
        self._dropped = max(number, window.number), max(until, window.interval.end)

    def held(self, party: PartyId) -> list[Window]:
        """Return a member's windows in the order of time."""
        return sorted(self.history.get(party, {}).values(), key=_end)

    def baseline(self, party: PartyId, before: datetime) -> int | None:
        """Return the mean power of the last three windows that ended by `before`, in W."""
        windows = self.history.get(party, {}).values()
        ended = (w for w in windows if w.interval.end <= before)
        past = sorted(ended, key=_end)[-3:]
        return sum(w.power_w for w in past) // len(past) if past else None

    def newest(self, party: PartyId) -> Window | None:
        """Return a member's newest window."""
        return max(self.history.get(party, {}).values(), key=_end, default=None)

    def stands_for(self, party: PartyId) -> int:
        """Return how many members of all levels below stand behind one, itself if it has none."""
        newest = self.newest(party)
        return newest.expected if newest else self.summing.members_of(party)

    def power(self, party: PartyId) -> int | None:
        """Return a member's power in its newest window, or what it has told since, in W."""
        present = self.present(party)
        return present.power_w if present else None

    def present(self, party: PartyId) -> Present | None:
        """Return the same with what it rests upon."""
        newest, seen = self.newest(party), self._seen.get(party)
        if seen and (newest is None or seen[0] > newest.interval.end):
            return seen[1]
        if newest is None:
            return None
        return Present(newest.power_w, newest.estimated_w, newest.quality, newest.oldest)

    def take_moved(self) -> set[PartyId]:
        """Return the members that have told something since this was asked last."""
        moved, self.moved = self.moved, set()
        return moved

    def _is_credible(self, window: Window) -> bool:
        registers_wh = max(window.import_wh or 0, window.export_wh or 0)
        return abs(window.power_w) <= self.most_w and registers_wh <= 1000 * self.most_w


def _instant(readings: Sequence[Reading]) -> Present | None:
    """Return the present power that readings of one window tell, None where not all do.

    Of a window that is open the mean is an estimate; its instant is one as far as it says so.
    """
    told = [(r, r.instant_w) for r in readings if r.instant_w is not None]
    if not told or len(told) < len(readings):
        return None
    power_w = sum(instant_w for _, instant_w in told)
    guessed_w = sum(part_w(instant_w, r.estimated_share_permille) for r, instant_w in told)
    doubts = {r.quality for r, _ in told} - {Quality.ESTIMATED}
    return Present(
        power_w,
        min(abs(power_w), guessed_w),
        worst([*doubts, *([Quality.ESTIMATED] if guessed_w else [])]),
        min((r.oldest for r, _ in told if r.oldest), default=None),
    )


def _end(window: Window) -> datetime:
    return window.interval.end


def _newest(readings: tuple[Reading, ...]) -> list[Reading]:
    """Return each resource's window as corrected last: a page may hold what that corrects."""
    newest: dict[tuple[ResourceId, Interval], Reading] = {}
    for reading in readings:
        key = reading.resource, reading.window
        if key not in newest or reading.revision > newest[key].revision:
            newest[key] = reading
    return list(newest.values())


def total_of(interval: Interval, readings: Sequence[Reading], number: int = 0) -> Window:
    """Return the total of a member's resources over a window."""
    imports = [r.import_wh for r in readings if r.import_wh is not None]
    exports = [r.export_wh for r in readings if r.export_wh is not None]
    power_w = sum(r.power_w for r in readings)
    return Window(
        interval=interval,
        power_w=power_w,
        import_wh=sum(imports) if len(imports) == len(readings) else None,
        export_wh=sum(exports) if len(exports) == len(readings) else None,
        expected=max(r.expected for r in readings),
        reporting=max(r.reporting for r in readings),
        number=number,
        revision=max(r.revision for r in readings),
        quality=worst(r.quality for r in readings),
        oldest=min((r.oldest for r in readings if r.oldest), default=None),
        estimated_w=min(abs(power_w), sum(map(estimated_w, readings))),
    )


def reading_of(party: PartyId, window: Window) -> Reading:
    """Return a member's window as a reading of it."""
    return Reading(
        resource=party,
        window=window.interval,
        power_w=window.power_w,
        import_wh=window.import_wh,
        export_wh=window.export_wh,
        quality=window.quality,
        revision=window.revision,
        expected=window.expected,
        reporting=window.reporting,
        oldest=window.oldest,
        estimated_share_permille=share_permille(window.estimated_w, abs(window.power_w)),
    )
