"""Readings on their way up: the sums of the domains below, added up."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.core.cascade.ends import Lower
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval

_KEPT = 60
"""So many windows that were told stay open for what comes late."""


@dataclass
class Rolling:
    """Adds up what members reported, the missing ones as if left alone."""

    party: PartyId
    lowers: tuple[Lower, ...]
    _sums: dict[Interval, dict[DomainId, Reading]] = field(default_factory=dict)
    _news: set[Interval] = field(default_factory=set)
    _told: dict[Interval, int] = field(default_factory=dict)

    def due(self, now: datetime) -> tuple[Reading, ...]:
        """Return the windows that are complete, or as complete as they will get, or corrected."""
        told = [(lower.domain, r) for lower in self.lowers for r in self._of(lower, now)]
        if len(self.lowers) == 1:
            return tuple(reading for _, reading in told)
        for domain, reading in told:
            self._sums.setdefault(reading.window, {})[domain] = reading
            self._news.add(reading.window)
        wait = 2 * max(lower.role.settings.report_every for lower in self.lowers)
        ready = {
            window
            for window in self._news
            if len(self._sums[window]) == len(self.lowers) or now >= window.end + wait
        }
        self._news -= ready
        by_time = sorted(ready, key=lambda each: each.start)
        made = tuple(self._added(window, self._sums[window]) for window in by_time)
        for window in by_time:
            self._told[window] = self._told.get(window, -1) + 1
        for window in sorted(self._told, key=lambda each: each.end)[:-_KEPT]:
            self._told.pop(window)
            self._sums.pop(window)
        return made

    def _of(self, lower: Lower, now: datetime) -> tuple[Reading, ...]:
        vtn = lower.role
        if not any(each.is_news for each in vtn.metering.summing.sums.values()):
            return ()
        estimates = {
            member.party: vtn.dispatching.left_alone_w(member.party)
            if member.availability is Availability.UNREACHABLE
            else None
            for member in vtn.members.values()
            if member.is_admitted
        }
        grace: timedelta | None = vtn.settings.report_every
        if vtn.recovery.is_busy(now):
            grace = None
        return vtn.metering.summing.due(self.party, estimates, now, grace)

    def _added(self, window: Interval, sums: dict[DomainId, Reading]) -> Reading:
        """Add up a window; a domain that told nothing counts with its members left alone."""
        silent = [lower for lower in self.lowers if lower.domain not in sums]
        missing = [
            lower.role.dispatching.left_alone_w(member.party)
            for lower in silent
            for member in lower.role.members.values()
            if member.is_admitted
        ]
        imports = [r.import_wh for r in sums.values() if r.import_wh is not None]
        exports = [r.export_wh for r in sums.values() if r.export_wh is not None]
        is_whole = not silent and all(r.quality is Quality.VALID for r in sums.values())
        return Reading(
            resource=self.party,
            window=window,
            power_w=sum(r.power_w for r in sums.values()) + sum(missing),
            import_wh=sum(imports) if len(imports) == len(self.lowers) else None,
            export_wh=sum(exports) if len(exports) == len(self.lowers) else None,
            quality=Quality.VALID if is_whole else Quality.ESTIMATED,
            revision=self._told.get(window, -1) + 1,
            expected=sum(r.expected for r in sums.values()) + len(missing),
            reporting=sum(r.reporting for r in sums.values()),
        )
