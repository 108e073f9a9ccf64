"""What a site reports of its resources: by the schedule, on change, and corrections of the past."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.readings.correcting import corrected
from xmpp_cem.core.readings.onchange import OnChange
from xmpp_cem.core.readings.sampling import Sampling, with_instant
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Correction, Reading

_MOST_WAITING = 100
_REMEMBERED = 1000
_AT_ONCE = 10
"""So many messages with corrections are sent in one look; the rest follows."""

_Wish = tuple[ResourceId, Correction]


class Reporting:
    """Turns looks at devices into reports; what a driver corrects is told as a revision."""

    def __init__(self, ven: Ven) -> None:
        self._ven = ven
        self.sampling = Sampling()
        self._on_change = OnChange(ven.settings.report_change_w, ven.settings.report_change_every)
        self._waiting: dict[_Wish, None] = {}
        self._done: dict[_Wish, None] = {}
        self._until: datetime | None = None

    def measured(
        self, samples: tuple[Sample, ...], moved: frozenset[ResourceId], now: datetime
    ) -> list[Effect]:
        """Take a look at the devices; `moved` are the resources for which an event decides."""
        readings = self.sampling.take(samples, now, self._ven.report_every, moved)
        return [*self._told(readings, now), *self._corrected(samples, now)]

    def _told(self, readings: tuple[Reading, ...], now: datetime) -> list[Effect]:
        """Report a window that has ended; or the open one, where a power has left its dead band."""
        powers = self.sampling.powers
        if readings:
            self._until = max(reading.window.end for reading in readings)
            self._on_change.told(powers, now)
            if self._on_change.least_w is not None:
                readings = tuple(with_instant(reading, powers) for reading in readings)
            return self._ven.report(readings, now)
        if not self._on_change.lets(powers, now):
            return []
        self._on_change.told(powers, now)
        return self._ven.report_early(self.sampling.so_far(), now)

    def _corrected(self, samples: tuple[Sample, ...], now: datetime) -> list[Effect]:
        """Tell what drivers correct, once all its windows have been reported.

        A profile that cannot say that a reading is a revision is told none.
        """
        if not self._ven.settings.tells_rules:
            return []
        for sample in samples:
            for wish in ((sample.resource, each) for each in sample.corrections):
                if wish not in self._done and len(self._waiting) < _MOST_WAITING:
                    self._waiting[wish] = None
        until = self._until
        ripe = [w for w in self._waiting if until is not None and w[1].window.end <= until]
        return self._told_anew(ripe[0], now) if ripe else []

    def _told_anew(self, wish: _Wish, now: datetime) -> list[Effect]:
        """Tell what comes of one correction, a part at a time."""
        batches = corrected(self._ven.readings.within(wish[1].window), *wish)
        effects = [e for batch in batches[:_AT_ONCE] for e in self._ven.report(batch, now)]
        if len(batches) <= _AT_ONCE:
            del self._waiting[wish]
            self._done[wish] = None
            if len(self._done) > _REMEMBERED:
                del self._done[next(iter(self._done))]
        if batches:
            fields = (("resource", wish[0]), ("why", "the driver has corrected its past"))
            effects.append(Note("info", "readings corrected", fields))
        return effects
