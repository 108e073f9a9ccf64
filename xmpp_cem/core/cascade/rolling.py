"""Readings on their way up: the sums of the domains below, added up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.core.cascade.ends import Lower, Upper
from xmpp_cem.core.readings.estimating import Present, StandIn, share_permille
from xmpp_cem.core.readings.metering import total_of
from xmpp_cem.core.readings.summing import Sum
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.model.time import window as aligned

_KEPT = 60
"""So many windows that were told stay open for what comes late."""


@dataclass
class Rolling:
    """Adds up what members reported, the missing ones as if left alone.

    Nothing of it is kept: what was told is in the reports that are kept for the domains above, and
    what it was made of in the readings that are kept of the members.
    """

    party: PartyId
    lowers: tuple[Lower, ...]
    _sums: dict[Interval, dict[DomainId, Reading]] = field(default_factory=dict)
    _news: set[Interval] = field(default_factory=set)
    _told: dict[Interval, int] = field(default_factory=dict)
    _begun: set[DomainId] = field(default_factory=set)

    def resume(self, uppers: tuple[Upper, ...], now: datetime) -> None:
        """Go on after a restart where we were: what was told can still be corrected.

        But not where less is kept than was counted then: a correction must not lose anything.
        Windows of another length, as members have before they know ours, stay as they were told.
        """
        told = self._told_before(uppers, now)
        last = sorted(told, key=lambda window: window.end)[-_KEPT:]
        since = now - _KEPT * max(lower.role.settings.report_every for lower in self.lowers)
        if last:
            since = min(last[0].start, since) if len(told) == len(last) else last[0].start
        dropped = (upper.role.state.record.dropped for upper in uppers)
        since = max([since, *(each.until for each in dropped if each)])
        if since >= now:
            return
        for lower in self.lowers:
            lower.role.recall(Interval(start=since, end=now))
        opened, since = self._opened([told[window] for window in last], since)
        revisions = {window: reading.revision for window, reading in opened.items()}
        for lower in self.lowers:
            lower.role.metering.summing.resume(revisions, since)
        for window, reading in opened.items():
            self._resume(window, reading)

    def _told_before(self, uppers: tuple[Upper, ...], now: datetime) -> dict[Interval, Reading]:
        """Return what was told of each window before a restart, as it was corrected last.

        A wrong clock may have told of windows to come; they say nothing of what was heard.
        """
        lengths = {lower.role.settings.report_every for lower in self.lowers}
        told: dict[Interval, Reading] = {}
        for reading in (each for upper in uppers for each in upper.role.told()):
            known, window = told.get(reading.window), reading.window
            is_ours = reading.resource == self.party and window.duration in lengths
            is_ours = is_ours and window.start <= now
            if is_ours and (not known or reading.revision > known.revision):
                told[window] = reading
        return told

    def _opened(
        self, told: list[Reading], since: datetime
    ) -> tuple[dict[Interval, Reading], datetime]:
        """Return the newest windows of which all is kept that was counted, and since when."""
        opened: dict[Interval, Reading] = {}
        for reading in reversed(told):
            window = reading.window
            if window.start < since:
                break
            if self._added(window, self._found(window)).reporting < reading.reporting:
                return opened, window.end
            opened[window] = reading
        return opened, since

    def _resume(self, window: Interval, told: Reading) -> None:
        """Go on with a window; it is told again if it is no longer what was told."""
        found = self._found(window)
        again = self._added(window, found)
        power_w = again.power_w if told.estimated_share_permille else self._measured_w(window)
        is_news = (power_w, again.reporting) != (told.power_w, told.reporting)
        if len(self.lowers) == 1:
            self.lowers[0].role.metering.summing.sums[window].is_news = is_news
            return
        self._told[window], self._sums[window] = told.revision, found
        self._news |= {window} if is_news else set()

    def _found(self, window: Interval) -> dict[DomainId, Reading]:
        """Return the sums of the domains below of which a member told something."""
        found = {}
        for lower in self.lowers:
            each = lower.role.metering.summing.sums.get(window)
            if each is not None and each.parts:
                alone = _left_alone(lower).items()
                missing = {party: counts for party, counts in alone if party not in each.parts}
                found[lower.domain] = each.reading(self.party, window, missing)
        return found

    def _measured_w(self, window: Interval) -> int:
        """Return what members told of a window, W, without what is missing."""
        each = (lower.role.metering.summing.sums.get(window) for lower in self.lowers)
        return sum(one.power_w for one in each if one)

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

    def so_far(self, powers: Sequence[Present], parties: tuple[int, int], now: datetime) -> Reading:
        """Return the present power as an estimate of the window that is open.

        Args:
            powers: what each member does.
            parties: how many of all levels below there are, and how many of them report.
            now: the present.
        """
        length = max(lower.role.settings.report_every for lower in self.lowers)
        power_w, window = sum(each.power_w for each in powers), aligned(now, length)
        guessed_w = sum(each.estimated_w for each in powers)
        ages = [each.oldest for each in powers if each.estimated_w and each.oldest]
        return Reading(
            resource=self.party,
            window=window,
            power_w=power_w,
            instant_w=power_w,
            quality=Quality.ESTIMATED,
            expected=parties[0],
            reporting=parties[1],
            oldest=min([window.end, *ages]),
            estimated_share_permille=share_permille(
                guessed_w, sum(abs(each.power_w) for each in powers)
            ),
        )

    def _of(self, lower: Lower, now: datetime) -> tuple[Reading, ...]:
        vtn, summing = lower.role, lower.role.metering.summing
        if not summing.has_news or not self._has_begun(lower, now):
            return ()
        admitted = [member for member in vtn.members.values() if member.is_admitted]
        lost = Availability.UNREACHABLE
        awaited = {each.party for each in admitted if each.availability is not lost}
        grace: timedelta | None = vtn.settings.report_every
        if vtn.recovery.is_busy(now):
            grace = None
        if not summing.ready(awaited, now, grace):
            return ()
        alone = {each.party: vtn.dispatching.left_alone(each.party) for each in admitted}
        return summing.due(self.party, alone, awaited, now, grace)

    def _has_begun(self, lower: Lower, now: datetime) -> bool:
        """Whether it was known since our start which members are there."""
        if lower.domain not in self._begun and lower.role.knows_presence(now):
            self._begun.add(lower.domain)
        return lower.domain in self._begun

    def _added(self, window: Interval, sums: dict[DomainId, Reading]) -> Reading:
        """Add up a window; a domain that told nothing counts with its members left alone."""
        total = Sum(told=self._told.get(window, -1) + 1)
        for domain, reading in sums.items():
            total.fold(domain, total_of(window, (reading,)))
        missing = {
            f"{lower.domain}/{party}": counts
            for lower in self.lowers
            if lower.domain not in sums
            for party, counts in _left_alone(lower).items()
        }
        return total.reading(self.party, window, missing)


def _left_alone(lower: Lower) -> dict[PartyId, tuple[int, StandIn]]:
    """Return for how many each member of a domain counts, and with what when it tells nothing."""
    vtn = lower.role
    return {
        member.party: (
            vtn.metering.summing.members_of(member.party),
            vtn.dispatching.left_alone(member.party),
        )
        for member in vtn.members.values()
        if member.is_admitted
    }
