"""A site's failsafe: what is seen of VTN, server and clock, and the limits that follow."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Level, Note
from xmpp_cem.core.life.spread import whole_seconds
from xmpp_cem.core.timeline.bounds import Cap
from xmpp_cem.core.ven.eventacts import is_current
from xmpp_cem.core.ven.site.failsafe import HELD, FailsafeSettings, Mode, own_caps
from xmpp_cem.core.ven.site.watch import (
    Watch,
    is_clock_good,
    look,
    saw_index,
    saw_link,
    saw_state,
    start,
    why_held,
)
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.model.resource import Resource, ResourceState


class Guarding:
    """Keeps watch; without settings there is no failsafe, and nothing is held."""

    def __init__(self, settings: FailsafeSettings | None, ven: Ven) -> None:
        self._settings = settings
        self._ven = ven
        self._watch: Watch | None = None
        self._index_made: datetime | None = None

    @property
    def mode(self) -> Mode:
        """How far we trust what we know."""
        return self._watch.mode if self._watch else Mode.NORMAL

    @property
    def caps(self) -> tuple[Cap, ...]:
        """The limits that we hold by ourselves, of all resources together."""
        return own_caps(self.mode, self._settings) if self._settings else ()

    def start(self, now: datetime) -> list[Effect]:
        """Begin, before the VEN does; the delay is drawn only after a start of the machine."""
        record = self._ven.state.record
        if self._settings is None:
            return [Note("warning", "no failsafe is configured: without a VTN nothing is held")]
        delay_s = 0
        if record.boot != self._ven.settings.boot:
            party, most = self._ven.settings.party, self._settings.longest_delay_s
            delay_s = whole_seconds(record.seed.encode(), most, party, "boot", str(record.epoch))
        self._watch = start(self._settings, now, record.floor, delay_s)
        fields = (("mode", self.mode.value), ("delay_s", str(delay_s)))
        return [Note("info", "failsafe", fields)]

    def linked(self, now: datetime, *, is_up: bool) -> None:
        """Take note of the connection."""
        if self._watch:
            self._watch = saw_link(self._watch, now, is_up=is_up)

    def look(
        self, now: datetime, *, is_limited: bool, lost_after_s: int | None = None
    ) -> list[Effect]:
        """Take note of what the VEN has learnt, and change the mode where that is due.

        Args:
            now: the present.
            is_limited: whether a limit is in force.
            lost_after_s: so long without VTN or server, where an event wants less than is
                configured, s.
        """
        if self._watch is None or self._settings is None:
            return []
        settings = _sooner(self._settings, lost_after_s)
        made = self._ven.state.index_made
        if made is not None and made != self._index_made:
            self._index_made = made
            self._watch = saw_index(self._watch, self._settings, made, now)
        if is_current(self._ven.state.record, self._ven.book.commitments):
            self._watch = saw_state(self._watch, now)
        self._watch, changes = look(self._watch, settings, now, is_limited=is_limited)
        effects: list[Effect] = []
        for change in changes:
            fields = (("before", change.before.value), ("mode", change.after.value))
            level: Level = "warning" if change.after in HELD else "info"
            effects.append(Note(level, "failsafe", (*fields, ("why", change.why))))
        return effects

    def is_blind(self, now: datetime) -> bool:
        """Whether the clock is wrong, so that no event can be judged by it."""
        return self._watch is not None and not is_clock_good(self._watch, now)

    def shown(self, resource: Resource) -> Resource:
        """Return how a resource is shown: what holds its own limit is limited."""
        if self.mode not in HELD or resource.state is not ResourceState.AVAILABLE:
            return resource
        return resource.model_copy(update={"state": ResourceState.LIMITED})

    def why(self, now: datetime) -> str:
        """Return for people why a limit of our own is held, or nothing."""
        if self._watch is None or self._settings is None:
            return ""
        return why_held(self._watch, self._settings, now)


def _sooner(settings: FailsafeSettings, lost_after_s: int | None) -> FailsafeSettings:
    if lost_after_s is None:
        return settings
    sooner = {
        "vtn_lost_s": min(settings.vtn_lost_s, lost_after_s),
        "server_lost_s": min(settings.server_lost_s, lost_after_s),
    }
    return settings.model_copy(update=sooner)
