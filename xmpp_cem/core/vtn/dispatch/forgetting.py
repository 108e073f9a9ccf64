"""Forgets events that ended long ago, so that what a VTN keeps does not grow for ever."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Forget
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import EventId


class Forgetting:
    """Drops ended events with their parts: after a time, and sooner when they are too many."""

    def __init__(self, settings: VtnSettings, dispatching: Dispatching) -> None:
        self._settings = settings
        self._dispatching = dispatching
        self._strangers: dict[EventId, list[Part]] = {}

    def restore(self, part: Part) -> None:
        """Note the part of a member that is no longer configured: it goes with its event."""
        self._strangers.setdefault(part.event, []).append(part)

    def sweep(self, now: datetime) -> list[Effect]:
        """Forget what ended before the time that is configured, and the oldest above the bound."""
        ended = [d for d in self._dispatching.dispatches.values() if self._has_ended(d, now)]
        ended.sort(key=lambda dispatch: dispatch.active.end)
        surplus = sum(map(self._size, ended)) - self._settings.ended_parts
        effects: list[Effect] = []
        for dispatch in ended:
            if surplus <= 0 and now < dispatch.active.end + self._settings.ended_for:
                break
            surplus -= self._size(dispatch)
            effects += self._forget(dispatch)
        return effects

    def _has_ended(self, dispatch: Dispatch, now: datetime) -> bool:
        is_over = dispatch.event.status in {EventStatus.CANCELLED, EventStatus.COMPLETED}
        return is_over and dispatch.asker is None and now >= dispatch.active.end

    def _size(self, dispatch: Dispatch) -> int:
        return 1 + len(self._dispatching.parts.get(dispatch.event.id, {}))

    def _forget(self, dispatch: Dispatch) -> list[Effect]:
        event_id = dispatch.event.id
        parts = self._dispatching.forget(event_id)
        parts += self._strangers.pop(event_id, [])
        return [*map(Forget, parts), Forget(dispatch)]
