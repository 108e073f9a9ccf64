"""Drops what a VTN keeps no longer, also while events without a pause put its heartbeat off."""

from datetime import datetime

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.vtn.dispatch.forgetting import Forgetting
from xmpp_cem.core.vtn.settling.settling import Settling
from xmpp_cem.core.vtn.vtnstate import VtnState


class Sweeping:
    """Forgets ended events at once, and what takes longer to find once in a heartbeat.

    It may not wait for the heartbeat's timer: every index sets that anew.
    """

    def __init__(self, state: VtnState, forgetting: Forgetting, settling: Settling) -> None:
        self._state = state
        self._forgetting = forgetting
        self._settling = settling
        self._due: datetime | None = None

    def sweep(self, now: datetime) -> list[Effect]:
        """Return what drops what is due, at a heartbeat and at the end of an event."""
        effects = self._forgetting.sweep(now)
        if self._due is None or now >= self._due:
            self._due = now + self._state.settings.heartbeat
            effects += [*self._state.rules.sweep(now), *self._settling.sweep(now)]
        return effects
