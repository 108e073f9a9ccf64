"""Sums over the members of a domain, window by window: each reading is folded in as it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval

_KEPT = 60
"""So many windows that were told stay open for what comes late."""


class Part(Protocol):
    """What one member reported for a window."""

    @property
    def power_w(self) -> int:
        """Its average power, W."""
        ...

    @property
    def import_wh(self) -> int | None:
        """Its register, Wh."""
        ...

    @property
    def export_wh(self) -> int | None:
        """Its register, Wh."""
        ...

    @property
    def revision(self) -> int:
        """A correction has a higher one."""
        ...


@dataclass
class Sum:
    """One window: what was added so far, and by whom. `told` is the revision told last."""

    power_w: int = 0
    import_wh: int = 0
    export_wh: int = 0
    imports: int = 0
    exports: int = 0
    parts: dict[PartyId, Part] = field(default_factory=dict)
    told: int | None = None
    told_at: datetime | None = None
    is_news: bool = False

    def fold(self, party: PartyId, part: Part) -> bool:
        """Add a member's part, or put a correction in the place of it; False for a repeat."""
        before = self.parts.get(party)
        if before is not None and part.revision <= before.revision:
            return False
        if before is not None:
            self._add(before, -1)
        self._add(part, 1)
        self.parts[party] = part
        self.is_news = True
        return True

    def _add(self, part: Part, sign: int) -> None:
        self.power_w += sign * part.power_w
        self.imports += sign * (part.import_wh is not None)
        self.exports += sign * (part.export_wh is not None)
        self.import_wh += sign * (part.import_wh or 0)
        self.export_wh += sign * (part.export_wh or 0)


@dataclass
class Summing:
    """The sums of the last windows; `folds` counts the additions that were made."""

    sums: dict[Interval, Sum] = field(default_factory=dict)
    folds: int = 0
    _closed_until: datetime | None = None

    def add(self, party: PartyId, interval: Interval, part: Part) -> None:
        """Fold in what a member reported; what has passed for too long stays as it was told."""
        if self._closed_until is not None and interval.end <= self._closed_until:
            return
        if self.sums.setdefault(interval, Sum()).fold(party, part):
            self.folds += 1

    @property
    def told(self) -> list[Interval]:
        """The windows that were told and can still be corrected, in the order of time."""
        found = (interval for interval, each in self.sums.items() if each.told is not None)
        return sorted(found, key=lambda interval: interval.end)

    def due(
        self,
        party: PartyId,
        estimates: Mapping[PartyId, int | None],
        now: datetime,
        grace: timedelta | None,
    ) -> tuple[Reading, ...]:
        """Return the sums that are to be told, or told anew.

        A window is complete when every member from whom one can expect it has told it; after
        `grace` it is told with what is there. What comes later makes a revision of it. A member
        that is missing shows in `expected` and `reporting`, and counts with an estimate, where
        there is one: unknown is not zero.

        Args:
            party: the virtual resource.
            estimates: every member; the power to count when it tells nothing, W, None: expect it.
            now: the present.
            grace: how long after a window's end to wait for the rest, None while it is on its way.
        """
        awaited = {member for member, estimate in estimates.items() if estimate is None}
        ready = [
            (interval, each)
            for interval, each in self.sums.items()
            if each.is_news and _is_ready(interval, each, awaited, now, grace)
        ]
        made = []
        for interval, each in sorted(ready, key=lambda entry: entry[0].start):
            each.told = 0 if each.told is None else each.told + 1
            each.told_at, each.is_news = now, False
            made.append(_reading(party, interval, each, estimates))
        for interval in self.told[:-_KEPT]:
            del self.sums[interval]
            self._closed_until = max(interval.end, self._closed_until or interval.end)
        return tuple(made)


def _is_ready(
    interval: Interval, each: Sum, awaited: set[PartyId], now: datetime, grace: timedelta | None
) -> bool:
    if grace is not None and each.told_at is not None and now < each.told_at + grace:
        return False  # corrections come together
    is_over = grace is not None and now >= interval.end + grace
    return is_over or awaited <= each.parts.keys()


def _reading(
    party: PartyId, interval: Interval, each: Sum, estimates: Mapping[PartyId, int | None]
) -> Reading:
    """Return a sum; registers are left out when a member is missing, since they would jump."""
    missing = {member: w for member, w in estimates.items() if member not in each.parts}
    expected = len(each.parts) + len(missing)
    return Reading(
        resource=party,
        window=interval,
        power_w=each.power_w + sum(w for w in missing.values() if w is not None),
        import_wh=each.import_wh if each.imports == expected else None,
        export_wh=each.export_wh if each.exports == expected else None,
        quality=Quality.ESTIMATED if missing else Quality.VALID,
        revision=each.told or 0,
        expected=expected,
        reporting=len(each.parts),
    )
