"""Forgets events that ended long ago, so that what a VTN keeps does not grow for ever."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Forget
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.vtnstate import VtnSettings
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
        book = self._dispatching
        kept = len(book.dispatches) + book.size - sum(map(self._size, book.live()))
        surplus, over = kept - self._settings.ended_parts, []
        for dispatch in book.dispatches.oldest():
            until = dispatch.active.end
            if now < (until if surplus > 0 else until + self._settings.ended_for):
                break
            if dispatch.asker is None and not book.dispatches.is_live(dispatch.event.id):
                surplus -= self._size(dispatch)
                over.append(dispatch)
        return [effect for dispatch in over for effect in self._forget(dispatch)]

    def _size(self, dispatch: Dispatch) -> int:
        return 1 + len(self._dispatching.parts.get(dispatch.event.id, {}))

    def _forget(self, dispatch: Dispatch) -> list[Effect]:
        event_id = dispatch.event.id
        parts = self._dispatching.forget(event_id)
        parts += self._strangers.pop(event_id, [])
        return [*map(Forget, parts), Forget(dispatch)]
