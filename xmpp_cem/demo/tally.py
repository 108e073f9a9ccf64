"""Counts, from what an operator sees on the nodes alone, what was lost or came twice."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.agents.watching import Sight
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event, EventStatus
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval


@dataclass
class Tally:
    """Everything that was published in the watched domains.

    Args:
        events: by domain and event, every version in the order seen.
        answers: by event and party, every answer in the order seen.
        readings: by party, resource and window, how often and what.
        records: the newest dispatch record by domain and event.
        since: from here on every window is expected; None: not yet.
        unreadable: why items of the nodes could not be read.
        divisions: why targets were divided anew, in the order seen.
        is_closed: nothing is counted any more.
    """

    events: dict[tuple[str, str], list[Event]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=lambda: defaultdict(list))
    readings: dict[tuple[str, str], dict[Interval, list[Reading]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    records: dict[tuple[str, str], DispatchRecord] = field(default_factory=dict)
    since: datetime | None = None
    unreadable: list[str] = field(default_factory=list)
    divisions: list[str] = field(default_factory=list)
    is_closed: bool = False

    def take(self, sight: Sight) -> None:  # noqa: C901, PLR0912 one case per payload
        """Count one thing seen."""
        if self.is_closed:
            return
        if sight.message is None:
            if sight.kind == "item":
                self.unreadable.append(f"an item of {sight.source}: {sight.note}")
            return
        source = sight.message.header.source
        match sight.message.body:
            case EndDeviceControls(events=events):
                for event in events:
                    self._event(sight.domain, event)
            case EndDeviceEvents(answers=answers):
                for answer in answers:
                    self.answers[answer.event, source].append(answer)
            case MeterReadings(readings=readings):
                for reading in readings:
                    if self.since and reading.window.start >= self.since:
                        self.readings[source, reading.resource][reading.window].append(reading)
            case DispatchRecord() as record:
                self._record(sight.domain, record)
            case _:
                pass

    def windows_of(self, party: str) -> int:
        """Return how many windows of a party were seen."""
        counts = (len(windows) for (who, _), windows in self.readings.items() if who == party)
        return max(counts, default=0)

    def is_measured(self, party: str, until: datetime) -> bool:
        """Return whether every series of a party's readings reaches an instant."""
        series = [windows for (who, _), windows in self.readings.items() if who == party]
        return bool(series) and all(max(w.end for w in windows) >= until for windows in series)

    def lost(
        self, window: timedelta, gone: frozenset[str], until: datetime | None = None
    ) -> list[str]:
        """Return what should have been seen and was not, a sentence each.

        Args:
            window: length of a reporting window.
            gone: parties that were killed: they need only have answered some version, and no
                window is expected after their last.
            until: readings of all others must reach this instant.
        """
        missing = list(self.unreadable)
        for (domain, event_id), versions in self.events.items():
            record = self.records.get((domain, event_id))
            missing += [
                f"{share.party} did not answer {event_id} in {domain}"
                for share in (record.shares if record else ())
                if not self._is_answered(share.party, versions[-1], share.party in gone)
            ]
            if record is None:
                missing.append(f"the dispatch record of {event_id} in {domain}")
        for (event_id, party), answers in self.answers.items():
            seen = {answer.sequence for answer in answers}
            gaps = set(range(1, max(seen) + 1)) - seen
            missing += [f"answer {n} of {party} to {event_id}" for n in sorted(gaps)]
        for (party, resource), windows in self.readings.items():
            end = None if party in gone else until
            absent = _gaps(windows, window, end)
            missing += [f"reading of {party} {resource} at {at}" for at in absent]
        return missing

    def duplicated(self) -> list[str]:
        """Return what was seen more than once, a sentence each."""
        twice = []
        for (event_id, party), answers in self.answers.items():
            numbers = [answer.sequence for answer in answers]
            twice += [
                f"answer {n} of {party} to {event_id}" for n in set(numbers) if numbers.count(n) > 1
            ]
        for (party, resource), windows in self.readings.items():
            for interval, readings in windows.items():
                revisions = [reading.revision for reading in readings]
                if len(revisions) != len(set(revisions)):
                    twice.append(f"reading of {party} {resource} at {interval.start}")
        return twice

    def changed_w(self, parties: tuple[str, ...], active: Interval) -> float | None:
        """Return the mean change of power over windows inside an event, W; None if unmeasured.

        The baseline of each party is the mean of its last three windows before the event.
        """
        total = 0.0
        for party in parties:
            windows = self.readings.get((party, party), {})
            before = sorted((w for w in windows if w.end <= active.start), key=lambda w: w.end)
            during = [w for w in windows if active.start <= w.start and w.end <= active.end]
            if not before or not during:
                return None
            base = _mean([windows[w][-1].power_w for w in before[-3:]])
            total += _mean([windows[w][-1].power_w for w in during]) - base
        return total

    def opts(self, domains: tuple[str, ...]) -> dict[str, int]:
        """Return how many members of these domains were in, out and unreachable at the end."""
        counts = {"opt_in": 0, "opt_out": 0, "unreachable": 0}
        for (domain, _), record in self.records.items():
            for share in record.shares if domain in domains else ():
                if share.availability is Availability.UNREACHABLE:
                    counts["unreachable"] += 1
                elif share.opt is Opt.IN:
                    counts["opt_in"] += 1
                elif share.opt is Opt.OUT:
                    counts["opt_out"] += 1
        return counts

    @property
    def redivisions(self) -> int:
        """How often targets were divided anew, in all domains."""
        return sum(record.redivisions for record in self.records.values())

    @property
    def is_completed(self) -> bool:
        """Whether every domain has ended every event."""
        records = self.records.values()
        return bool(records) and all(r.status is EventStatus.COMPLETED for r in records)

    def _record(self, domain: str, record: DispatchRecord) -> None:
        known = self.records.get((domain, record.event))
        if record.redivisions > (known.redivisions if known else 0):
            self.divisions.append(f"{domain}: {record.why}")
        self.records[domain, record.event] = record

    def _event(self, domain: str, event: Event) -> None:
        versions = self.events[domain, event.id]
        if not versions or versions[-1].order < event.order:
            versions.append(event)

    def _is_answered(self, party: str, event: Event, is_any_version: bool) -> bool:
        answers = self.answers.get((event.id, party), [])
        return any(a.order == event.order or a.opt is Opt.OUT or is_any_version for a in answers)


def _gaps(
    windows: dict[Interval, list[Reading]], length: timedelta, until: datetime | None
) -> list[datetime]:
    """Return the starts of windows missing up to the last one seen, and up to `until`."""
    starts = {window.start for window in windows}
    at, end = min(starts), max(window.end for window in windows)
    end = max(end, until) if until else end
    gaps = []
    while at + length <= end:
        if at not in starts:
            gaps.append(at)
        at += length
    return gaps


def _mean(values: list[int]) -> float:
    return sum(values) / len(values)
