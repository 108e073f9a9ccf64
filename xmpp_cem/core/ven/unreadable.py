"""What a VEN does about events that it was told and could not read: each is refused for itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.ven.eventacts import refusal
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.controls import Unread
from xmpp_cem.messages.envelope import Noun, ReplyError, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import EventId, derived_id
from xmpp_cem.model.text import one_line

LIFE = timedelta(hours=1)
"""So long an answer is repeated to an event of which nothing else is known."""


class Unreadable:
    """Refuses events one by one; what was promised to an older version of one is taken back."""

    def __init__(self, state: VenState, book: EventBook) -> None:
        self._state = state
        self._book = book

    def refuse(
        self, unread: Iterable[Unread], now: datetime
    ) -> tuple[list[Effect], tuple[ReplyError, ...]]:
        """Return what to do, and what whoever told them is to be told of each."""
        effects: list[Effect] = []
        errors: list[ReplyError] = []
        for each in unread:
            errors.append(refusal(each.event or "", each.code, each.reason))
            fields = (("event_id", each.event or ""), ("code", each.code), ("why", each.reason))
            effects.append(Note("warning", "event not read", fields))
            effects += self._refused(each, now)
        return effects, tuple(errors)

    def _refused(self, unread: Unread, now: datetime) -> list[Effect]:
        """Act on no version that a newer one has replaced, and say no to that where it asks."""
        if unread.event is None or unread.order is None:
            return []
        known = self._book.commitments.get(unread.event)
        if known is not None and not known.newest < unread.order:
            return []
        effects: list[Effect] = []
        if known is not None and known.is_live:
            effects += self._book.answer(known, Opt.OUT, 0, _reason(unread), now)
        return effects + (self._answer(unread.event, unread, now) if unread.wants_answer else [])

    def _answer(self, event: EventId, unread: Unread, now: datetime) -> list[Effect]:
        known, party = self._book.commitments.get(event), self._state.settings.party
        last = known.said if known else None
        answer = Answer(
            id=derived_id("answer", event, party),
            event=event,
            order=unread.order,
            opt=Opt.OUT,
            power_w=0,
            revision=self._state.record.revision,
            sequence=last.sequence + 1 if last else 1,
            at=now,
            reason=_reason(unread),
            code=unread.code,
        )
        verb, body = Verb.CHANGE if last else Verb.CREATE, EndDeviceEvents(answers=(answer,))
        expires = known.event.active.end if known else now + LIFE
        return [*self._state.request(verb, Noun.EVENTS, body, now, expires)]


def _reason(unread: Unread) -> str:
    return one_line(unread.reason)[:256]
