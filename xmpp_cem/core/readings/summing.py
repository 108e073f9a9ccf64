"""Sums over the members of a domain, window by window: each reading is folded in as it comes."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from xmpp_cem.core.readings.estimating import StandIn, share_permille, worst
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.quantity import countable
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

    @property
    def expected(self) -> int:
        """How many members stand behind it."""
        ...

    @property
    def reporting(self) -> int:
        """How many of these have reported."""
        ...

    @property
    def quality(self) -> Quality:
        """How good it is."""
        ...

    @property
    def oldest(self) -> datetime | None:
        """When the oldest of it was measured; None: at the window's end."""
        ...

    @property
    def estimated_w(self) -> int:
        """How much of its power was estimated, W, not signed."""
        ...


@dataclass
class Sum:
    """One window: what was added so far, and by whom. `told` is the revision told last."""

    power_w: int = 0
    gross_w: int = 0
    estimated_w: int = 0
    import_wh: int = 0
    export_wh: int = 0
    imports: int = 0
    exports: int = 0
    expected: int = 0
    reporting: int = 0
    qualities: Counter[Quality] = field(default_factory=Counter)
    older: dict[PartyId, datetime] = field(default_factory=dict)
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
        self.older.pop(party, None)
        if part.oldest is not None:
            self.older[party] = part.oldest
        self.is_news = True
        return True

    def _add(self, part: Part, sign: int) -> None:
        self.power_w += sign * part.power_w
        self.gross_w += sign * abs(part.power_w)
        self.estimated_w += sign * part.estimated_w
        self.imports += sign * (part.import_wh is not None)
        self.exports += sign * (part.export_wh is not None)
        self.import_wh += sign * (part.import_wh or 0)
        self.export_wh += sign * (part.export_wh or 0)
        self.expected += sign * part.expected
        self.reporting += sign * part.reporting
        self.qualities[part.quality] += sign

    def reading(
        self, party: PartyId, interval: Interval, missing: Mapping[PartyId, tuple[int, StandIn]]
    ) -> Reading:
        """Return the sum; registers are left out when a member is missing, since they would jump.

        Args:
            party: the virtual resource.
            interval: the window.
            missing: for how many each member counts that told nothing, and with what.
        """
        stand_ins = [one for _, one in missing.values() if one.power_w is not None]
        powers = [one.power_w for one in stand_ins if one.power_w is not None]
        guessed_w = sum(map(abs, powers))
        ages = [*self.older.values(), *(one.measured for one in stand_ins if one.measured)]
        qualities = [quality for quality, count in self.qualities.items() if count]
        count = len(self.parts) + len(missing)
        return Reading(
            resource=party,
            window=interval,
            power_w=self.power_w + sum(powers),
            import_wh=self.import_wh if self.imports == count else None,
            export_wh=self.export_wh if self.exports == count else None,
            quality=worst([*qualities, *([Quality.ESTIMATED] if missing else [])]),
            revision=self.told or 0,
            expected=countable(self.expected + sum(members for members, _ in missing.values())),
            reporting=countable(self.reporting),
            oldest=min([interval.end, *ages]),
            estimated_share_permille=share_permille(
                self.estimated_w + guessed_w, self.gross_w + guessed_w
            ),
        )


@dataclass
class Summing:
    """The sums of the last windows; `folds` counts the additions that were made."""

    sums: dict[Interval, Sum] = field(default_factory=dict)
    folds: int = 0
    _closed_until: datetime | None = None
    _newest: dict[PartyId, tuple[datetime, Part]] = field(default_factory=dict)

    def add(self, party: PartyId, interval: Interval, part: Part) -> None:
        """Fold in what a member reported; what has passed for too long stays as it was told."""
        if self._closed_until is not None and interval.end <= self._closed_until:
            return
        if self.sums.setdefault(interval, Sum()).fold(party, part):
            self.folds += 1
            known = self._newest.get(party)
            if known is None or interval.end >= known[0]:
                self._newest[party] = (interval.end, part)

    def resume(self, told: Mapping[Interval, int], closed_until: datetime) -> None:
        """Go on after a restart, when what members told was added again.

        Args:
            told: the windows that were told above and can still be corrected, with the revision.
            closed_until: what ended by then stays as it was told.
        """
        self._closed_until = closed_until
        for interval in [each for each in self.sums if each.end <= closed_until]:
            del self.sums[interval]
        for interval, revision in told.items():
            each = self.sums.setdefault(interval, Sum())
            each.told, each.is_news = revision, False

    @property
    def told(self) -> list[Interval]:
        """The windows that were told and can still be corrected, in the order of time."""
        found = (interval for interval, each in self.sums.items() if each.told is not None)
        return sorted(found, key=lambda interval: interval.end)

    @property
    def has_news(self) -> bool:
        """Whether something is to be told, now or soon."""
        return any(each.is_news for each in self.sums.values())

    def newest(self, party: PartyId) -> StandIn:
        """Return what a member did in its newest window."""
        measured, part = self._newest.get(party, (None, None))
        return StandIn(part.power_w if part else None, measured)

    def members_of(self, party: PartyId) -> int:
        """Return for how many a member stands, as it last said."""
        known = self._newest.get(party)
        return known[1].expected if known else 1

    def ready(
        self, awaited: AbstractSet[PartyId], now: datetime, grace: timedelta | None
    ) -> list[Interval]:
        """Return the windows that are to be told, or told anew, in the order of time."""
        found = (
            interval
            for interval, each in self.sums.items()
            if each.is_news and _is_ready(interval, each, awaited, now, grace)
        )
        return sorted(found, key=lambda interval: interval.start)

    def due(
        self,
        party: PartyId,
        alone: Mapping[PartyId, StandIn],
        awaited: AbstractSet[PartyId],
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
            alone: every member, and what to count when it tells nothing.
            awaited: those of them from whom one can expect it.
            now: the present.
            grace: how long after a window's end to wait for the rest, None while it is on its way.
        """
        made = []
        for interval in self.ready(awaited, now, grace):
            each = self.sums[interval]
            each.told = 0 if each.told is None else each.told + 1
            each.told_at, each.is_news = now, False
            missing = {
                member: (self.members_of(member), stand_in)
                for member, stand_in in alone.items()
                if member not in each.parts
            }
            made.append(each.reading(party, interval, missing))
        for interval in self.told[:-_KEPT]:
            del self.sums[interval]
            self._closed_until = max(interval.end, self._closed_until or interval.end)
        return tuple(made)


def _is_ready(
    interval: Interval,
    each: Sum,
    awaited: AbstractSet[PartyId],
    now: datetime,
    grace: timedelta | None,
) -> bool:
    if grace is not None and each.told_at is not None and now < each.told_at + grace:
        return False  # corrections come together
    is_over = grace is not None and now >= interval.end + grace
    return is_over or awaited <= each.parts.keys()
