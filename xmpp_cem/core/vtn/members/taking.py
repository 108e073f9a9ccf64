"""The one way into a VTN of what members measure and answer, whatever carried it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.readings.metering import Counted, Metering, total_of
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.reissuing import Reissuing
from xmpp_cem.core.vtn.settling.settling import Settling
from xmpp_cem.messages.events import Status
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval

_AHEAD = timedelta(minutes=5)
"""By so much a member's clock may be before ours: readings of later windows are not believed."""


class Taking:
    """Gives readings to windows, events and the history, and answers to events and settlement."""

    def __init__(
        self,
        metering: Metering,
        dispatching: Dispatching,
        settling: Settling,
        reissuing: Reissuing,
    ) -> None:
        self._metering = metering
        self._dispatching = dispatching
        self._settling = settling
        self._reissuing = reissuing
        self._began: datetime | None = None

    @property
    def most_w(self) -> int:
        """The most that is believed of a member, W."""
        return self._metering.most_w

    def readings(
        self, party: PartyId, readings: tuple[Reading, ...], sent: datetime, now: datetime
    ) -> list[Effect]:
        """Count a member's readings.

        An estimate of a window that had not ended when it was `sent` tells the present power alone:
        the window's own reading follows. A window that has not even begun was told by a clock that
        is wrong, and would stand for what happens in it.
        """
        self._began = self._began or now
        ahead = tuple(reading for reading in readings if reading.window.start > now + _AHEAD)
        if ahead:
            return [
                _disbelieved(party, ahead),
                *self.readings(party, tuple(r for r in readings if r not in ahead), sent, now),
            ]
        early = tuple(reading for reading in readings if _is_early(reading, sent))
        self._metering.see(party, early, sent)
        ended = tuple(reading for reading in readings if not _is_early(reading, sent))
        told = (self._known(party, each) for each in self._metering.take(party, ended))
        counted = [each for each in told if each]
        return [
            *self._settling.take(party, ended, now),
            *self._dispatching.measured(party, counted, now),
        ]

    def _known(self, party: PartyId, told: Counted) -> Counted | None:
        """Return a correction with what counts at present; None where that is not older.

        Windows do not outlive a restart, and after one the past may be told once more: what is kept
        says what has been counted.
        """
        interval, revision = told.window.interval, told.window.revision
        is_young = self._began is not None and interval.start > self._began + _AHEAD
        if not revision or is_young:  # nothing can have told it before we began
            return told
        kept = self._settling.windows(party, interval).get(interval)
        if not kept:
            return told
        before = total_of(interval, kept)
        return told._replace(before=before) if before.revision < revision else None

    def recall(self, parties: Iterable[PartyId], interval: Interval, length: timedelta) -> None:
        """Add to the sums again what members told before a restart, of windows of this length."""
        for party in parties:
            for window, readings in self._settling.windows(party, interval).items():
                if window.duration == length and window.start >= interval.start:
                    self._metering.recall(party, window, readings)

    def answer(
        self, party: PartyId, answer: Answer, now: datetime, said: datetime | None = None
    ) -> list[Effect]:
        """Take a member's answer to an event that is known, `said` then to be its last."""
        return [
            *(self._dispatching.answer(party, answer, now, said) or []),
            *self._reissuing.answered(party, answer, now),
            *self._settling.answered(party, answer, now),
        ]

    def statuses(self, party: PartyId, statuses: tuple[Status, ...]) -> list[Effect]:
        """Take what a member tells of how events went."""
        return self._dispatching.told_of(party, statuses)

    def standing(self, party: PartyId, statuses: tuple[Status, ...], now: datetime) -> list[Effect]:
        """Take how events stand with a member that was asked for it."""
        anew = (e for each in statuses for e in self._reissuing.told(party, each, now))
        return [*self.statuses(party, statuses), *anew]


def _disbelieved(party: PartyId, ahead: tuple[Reading, ...]) -> Note:
    fields = (
        ("party", party),
        ("readings", str(len(ahead))),
        ("first", str(ahead[0].window.start)),
        ("remedy", "set the member's clock"),
    )
    return Note("warning", "readings of windows to come are not believed", fields)


def _is_early(reading: Reading, sent: datetime) -> bool:
    return reading.quality is Quality.ESTIMATED and reading.window.end > sent
