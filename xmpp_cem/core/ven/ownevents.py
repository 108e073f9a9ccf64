"""Events that came to a VEN alone: no index can end them, so it asks its VTN about them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Query, SetTimer
from xmpp_cem.core.life.life import NOT_LISTED, Cause
from xmpp_cem.core.questions import MOST_NAMED
from xmpp_cem.core.ven.catchup import ask_for_events
from xmpp_cem.core.ven.eventacts import Happening, Word
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.envelope import ReplyError, RequestMessage
from xmpp_cem.model.ids import EventId

OWN_TIMER = "ven/own"

GRACE = timedelta(seconds=60)
"""So long its VTN may not know an event before it ends: one whose store was put back makes it again
once it has heard from above, and a limit must not be let go of meanwhile."""


class OwnEvents:
    """Asks about them after each registration, and again about what the VTN does not know."""

    def __init__(self, state: VenState, book: EventBook) -> None:
        self._state = state
        self._book = book
        self._unknown: dict[EventId, datetime] = {}

    def ask(self, now: datetime) -> Query:
        """Ask for the live events and name these, those that begin first, not too many."""
        alone = [known for known in self._book.live() if known.is_own]
        alone.sort(key=lambda known: (known.event.active.start, known.key))
        named = tuple(known.key for known in alone[:MOST_NAMED])
        return ask_for_events(self._state.letters, self._state.settings.vtn, now, named)

    def told(
        self, asked: RequestMessage, errors: Iterable[ReplyError], now: datetime
    ) -> list[Effect]:
        """End what the VTN has not known for a while: its store was put back, or is another."""
        if not asked.names:
            return []
        before, self._unknown = self._unknown, {}
        effects: list[Effect] = []
        for error in errors:
            known = self._book.commitments.get(error.id.text) if error.id else None
            if known is None or not known.is_own or error.code != NOT_LISTED:
                continue
            since = before.get(known.key, now)
            if now - since >= GRACE:
                effects += self._book.happened(known.key, Happening(Cause.OMITTED, Word(), now))
            else:
                self._unknown[known.key] = since
        if self._unknown:
            effects.append(SetTimer(OWN_TIMER, min(self._unknown.values()) + GRACE))
        return effects
