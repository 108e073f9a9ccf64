"""Events that came to a VEN alone: no index can end them, so it asks its VTN about them."""

from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.life.life import NOT_LISTED, Cause
from xmpp_cem.core.questions import MOST_NAMED
from xmpp_cem.core.ven.eventacts import Happening, Word
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.messages.envelope import ReplyError
from xmpp_cem.model.ids import EventId


def own(book: EventBook) -> tuple[EventId, ...]:
    """Return the live ones, those that begin first, as many as may be named in one query."""
    known = (commitment for commitment in book.live() if commitment.is_own)
    by_start = sorted(known, key=lambda commitment: (commitment.event.active.start, commitment.key))
    return tuple(commitment.key for commitment in by_start[:MOST_NAMED])


def nobodys(book: EventBook, errors: Iterable[ReplyError], now: datetime) -> list[Effect]:
    """End those that the VTN says it does not know: its store was put back, or is another."""
    effects: list[Effect] = []
    for error in errors:
        known = book.commitments.get(error.id.text) if error.id else None
        if known and known.is_own and error.code == NOT_LISTED:
            effects += book.happened(known.key, Happening(Cause.OMITTED, Word(), now))
    return effects
