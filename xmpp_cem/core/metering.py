"""Readings of a domain's members: kept by window, summed for the level above."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.core.kept import Dropped
from xmpp_cem.core.pages import Holdings
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval

MOST_W = 10**12
"""The most that a quantity of power can hold, W."""

_KEPT_WINDOWS = 30


@dataclass(frozen=True)
class Window:
    """A member's total over one window: power in W, registers in Wh where all parts have them.

    `number` counts what came from all members, in the order of arrival.
    """

    interval: Interval
    power_w: int
    import_wh: int | None
    export_wh: int | None
    expected: int
    reporting: int
    number: int = 0


@dataclass
class Metering:
    """The last windows of every member; a window of a member counts once.

    A member that claims more than `most_w` (W, and Wh a thousand times that) is not believed, so
    that sums over all members stay within what a message can carry. `is_summed` says that somebody
    takes the sums of `roll_up`: however many late windows come at once, none is left out there.
    """

    most_w: int = MOST_W
    is_summed: bool = True
    history: dict[PartyId, dict[Interval, Window]] = field(default_factory=dict)
    reported: dict[Interval, None] = field(default_factory=dict)
    _unsummed: dict[Interval, dict[PartyId, Window]] = field(default_factory=dict)
    _summed_until: datetime | None = None
    _count: int = 0
    _dropped: tuple[int, datetime] | None = None

    def take(self, party: PartyId, readings: tuple[Reading, ...]) -> list[Window]:
        """Add a member's readings; returns the windows that are new."""
        by_window: dict[Interval, list[Reading]] = {}
        for reading in readings:
            by_window.setdefault(reading.window, []).append(reading)
        kept = self.history.setdefault(party, {})
        fresh = []
        for interval, group in by_window.items():
            total = _total(interval, group, self._count + 1)
            if interval in kept or not self._is_credible(total):
                continue
            self._count = total.number
            kept[interval] = total
            fresh.append(total)
            if self.is_summed and self._may_sum(interval):
                self._unsummed.setdefault(interval, {})[party] = total
        for interval in sorted(kept, key=_end_of)[:-_KEPT_WINDOWS]:
            self._drop(kept.pop(interval))
        return fresh

    def holdings(self, epoch: int, began: datetime) -> Holdings:
        """Return the windows that are held as readings of their members, in order of arrival.

        They are counted anew in each `epoch`, and nothing is held from before it `began`.
        """
        held = sorted(
            (window.number, party, window)
            for party, windows in self.history.items()
            for window in windows.values()
        )
        reports = {Position(epoch, n): (_reading(party, w),) for n, party, w in held}
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

    def power(self, party: PartyId) -> int | None:
        """Return a member's power in its newest window, in W."""
        newest = max(self.history.get(party, {}).values(), key=_end, default=None)
        return newest.power_w if newest else None

    def roll_up(
        self,
        party: PartyId,
        estimates: Mapping[PartyId, int | None],
        now: datetime,
        grace: timedelta | None,
    ) -> tuple[Reading, ...]:
        """Return the sums of windows that are complete, or as complete as they will get.

        A window is complete when every member from whom one can expect it has told it; after
        `grace` it is summed with what is there. A member that is missing shows in `expected` and
        `reporting` and counts with an estimate, where there is one: unknown is not zero.

        Args:
            party: the virtual resource.
            estimates: every member; the power to count when it tells nothing, W, None: expect it.
            now: the present.
            grace: how long after a window's end to wait for the rest, None while it is on its way.
        """
        awaited = {member for member, estimate in estimates.items() if estimate is None}
        due = [
            (interval, group)
            for interval, group in self._unsummed.items()
            if awaited <= group.keys() or (grace is not None and now >= interval.end + grace)
        ]
        sums = []
        for interval, group in sorted(due, key=lambda entry: entry[0].start):
            del self._unsummed[interval]
            self.reported[interval] = None
            missing = {member: w for member, w in estimates.items() if member not in group}
            sums.append(_sum(party, interval, list(group.values()), missing))
        for interval in sorted(self.reported, key=_end_of)[: -2 * _KEPT_WINDOWS]:
            del self.reported[interval]
            self._summed_until = max(interval.end, self._summed_until or interval.end)
        return tuple(sums)

    def _may_sum(self, interval: Interval) -> bool:
        """Whether a window has not been summed yet; the sum of one is told once."""
        is_past = self._summed_until is not None and interval.end <= self._summed_until
        return interval not in self.reported and not is_past

    def _is_credible(self, window: Window) -> bool:
        registers_wh = max(window.import_wh or 0, window.export_wh or 0)
        return abs(window.power_w) <= self.most_w and registers_wh <= 1000 * self.most_w


def _end(window: Window) -> datetime:
    return window.interval.end


def _end_of(interval: Interval) -> datetime:
    return interval.end


def _total(interval: Interval, readings: list[Reading], number: int) -> Window:
    imports = [r.import_wh for r in readings if r.import_wh is not None]
    exports = [r.export_wh for r in readings if r.export_wh is not None]
    return Window(
        interval=interval,
        power_w=sum(r.power_w for r in readings),
        import_wh=sum(imports) if len(imports) == len(readings) else None,
        export_wh=sum(exports) if len(exports) == len(readings) else None,
        expected=sum(r.expected for r in readings),
        reporting=sum(r.reporting for r in readings),
        number=number,
    )


def _reading(party: PartyId, window: Window) -> Reading:
    is_whole = window.reporting == window.expected
    return Reading(
        resource=party,
        window=window.interval,
        power_w=window.power_w,
        import_wh=window.import_wh,
        export_wh=window.export_wh,
        quality=Quality.VALID if is_whole else Quality.ESTIMATED,
        expected=window.expected,
        reporting=window.reporting,
    )


def _sum(
    party: PartyId, interval: Interval, group: list[Window], missing: Mapping[PartyId, int | None]
) -> Reading:
    """Add up a window; registers are left out when a member is missing, since they would jump."""
    expected = len(group) + len(missing)
    estimated_w = sum(w for w in missing.values() if w is not None)
    imports = [w.import_wh for w in group if w.import_wh is not None]
    exports = [w.export_wh for w in group if w.export_wh is not None]
    return Reading(
        resource=party,
        window=interval,
        power_w=sum(w.power_w for w in group) + estimated_w,
        import_wh=sum(imports) if len(imports) == expected else None,
        export_wh=sum(exports) if len(exports) == expected else None,
        quality=Quality.ESTIMATED if missing else Quality.VALID,
        expected=expected,
        reporting=len(group),
    )
