"""What a VEN has reported, kept for a VTN that missed it."""

from collections.abc import Iterator
from datetime import datetime

from xmpp_cem.core.effects import Forget, Remember
from xmpp_cem.core.kept import Dropped, Report
from xmpp_cem.core.readings.pages import LARGEST_PAGE, Holdings, asked_after, page, size_of
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.envelope import RequestMessage, ResponseMessage
from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval


class ReadingBook:
    """A VEN's last reports: one record each, so that a window is one small write."""

    def __init__(self, state: VenState) -> None:
        self._state = state
        self._reports: dict[Position, Report] = {}

    def restore(self, report: Report) -> None:
        """Take back a report from before a restart; they come in the order of their keys."""
        self._reports[report.position] = report

    def told(self) -> Iterator[Reading]:
        """Yield what was reported and is kept, in the order of time."""
        for report in self._reports.values():
            yield from report.readings

    def keep(self, readings: tuple[Reading, ...], now: datetime) -> list[Remember | Forget]:
        """Keep what was just reported with our present position, and drop what is too old."""
        report = Report(position=self._state.position, readings=readings)
        if size_of(readings) > LARGEST_PAGE:
            return [self._drop(report)]
        self._reports[report.position] = report
        surplus = len(self._reports) - self._state.settings.reports
        old: list[Report] = []
        for number, kept in enumerate(self._reports.values()):
            if number >= surplus and kept.until >= now - self._state.settings.reports_for:
                break
            old.append(kept)
        return [Remember(report), *self._forget(old)]

    def within(self, window: Interval) -> list[Reading]:
        """Return the readings of windows that lie wholly in a time, in the order of reports."""
        return [
            reading
            for report in self._reports.values()
            for reading in report.readings
            if window.start <= reading.window.start and reading.window.end <= window.end
        ]

    def answer(
        self, request: RequestMessage, now: datetime
    ) -> tuple[list[Remember | Forget], ResponseMessage]:
        """Answer our VTN; asking after a position says that it has all up to there."""
        dropped = self._state.record.dropped
        reports = {position: report.readings for position, report in self._reports.items()}
        holdings = Holdings(reports, self._state.position, dropped)
        reply = page(self._state.letters, request, holdings, now)
        if reply.header.sequence is None or request.query is not None:
            return [], reply
        after = asked_after(request)
        before = now - self._state.settings.reported_for
        done = [
            report
            for report in self._reports.values()
            if after and report.position <= after and report.until < before
        ]
        return self._forget(done), reply

    def _forget(self, reports: list[Report]) -> list[Remember | Forget]:
        effects: list[Remember | Forget] = []
        for report in reports:
            del self._reports[report.position]
            effects.append(Forget(report))
        return [*effects, self._drop(*reports)] if reports else []

    def _drop(self, *reports: Report) -> Remember:
        """Note that something is no longer held, so that nobody takes its absence for silence."""
        known = self._state.record.dropped
        positions = [report.position for report in reports]
        ends = [report.until for report in reports]
        if known:
            positions.append(known.position)
            ends.append(known.until)
        return self._state.save(dropped=Dropped(position=max(positions), until=max(ends)))
