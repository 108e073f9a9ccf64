"""A VTN's events as it keeps them: dispatches, their parts, and what is to be published of them."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.call import Asker
from xmpp_cem.core.effects import Effect, Note, Remember
from xmpp_cem.core.lasting import Lasting
from xmpp_cem.core.records import Dispatch, Member, Part
from xmpp_cem.core.vtn.dispatch.closedloop import told_by
from xmpp_cem.core.vtn.dispatch.individual import share_id, told
from xmpp_cem.core.vtn.dispatch.tallying import Tally, Tallying
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.controls import IndexEntry
from xmpp_cem.messages.envelope import MAX_HOPS
from xmpp_cem.messages.events import Status
from xmpp_cem.model.event import Event, EventStatus
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.time import Interval

_ENDED = (EventStatus.CANCELLED, EventStatus.COMPLETED)

MAX_LIVE = 100
"""Live events per node (design: Prosody rewrites all items of a node with each publish)."""


class DispatchBook:
    """All dispatches of a domain and their parts; `outgoing` are the events to publish.

    `size` is how many parts there are; `promises` counts how often a member was asked for, or
    promised, something else in an event.
    """

    def __init__(self, state: VtnState) -> None:
        self._state = state
        self.dispatches: Lasting[Dispatch] = Lasting(_is_live, _over)
        self.parts: dict[EventId, dict[PartyId, Part]] = {}
        self.outgoing: list[Dispatch] = []
        self.touched: set[EventId] = set()
        self._moved: dict[EventId, set[PartyId] | None] = {}
        self._shares: dict[EventId, EventId] = {}
        self.size = 0
        self.promises: Counter[EventId] = Counter()
        self._tallies: dict[EventId, Tallying] = {}

    def restore(self, record: Dispatch | Part) -> None:
        """Take back a record from before a restart."""
        if isinstance(record, Dispatch):
            self.dispatches[record.event.id] = record
            self.parts.setdefault(record.event.id, {})
        elif record.party in self._state.members:
            self._place(record)

    def usable(self, event: EventId, over: Interval) -> Iterable[Member]:
        """Return the members on whose flexibility an event may count in its time."""
        held = self._state.held_in(event)
        return (member for member in self._state.usable(over) if member.party not in held)

    def live(self) -> list[Dispatch]:
        """Return the dispatches that may still change power."""
        return self.dispatches.live()

    def index(self) -> tuple[IndexEntry, ...]:
        """Return what the node's index lists: every live event."""
        digest = self._state.settings.digest
        return tuple(
            IndexEntry(event=d.event.id, order=d.event.order, digest=digest(d.event))
            for d in self.live()
            if not d.is_individual
        )

    def event_of(self, event_id: EventId, party: PartyId = "") -> EventId | None:
        """Return the event that an id means, that of a share (of this party only) included."""
        if event_id in self.dispatches:
            is_shared = party and self.dispatches[event_id].is_individual
            return None if is_shared else event_id
        whole = self._shares.get(event_id)
        if whole is None or whole not in self.dispatches:
            return None
        is_other = party and share_id(whole, party) != event_id
        return None if is_other else whole

    def told(self, party: PartyId) -> tuple[Event, ...]:
        """Return the live events as one member knows them."""
        events = (told(d, self.parts.get(d.event.id, {}), party) for d in self.live())
        return tuple(event for event in events if event)

    def asked_about(
        self, party: PartyId, named: Iterable[EventId]
    ) -> tuple[tuple[Event, ...], tuple[EventId, ...]]:
        """Return those events named by a member that are cancelled, and those it was never asked.

        A member asks about what came to it alone: no index says that it has ended.
        """
        cancelled, unknown = [], []
        for name in named:
            known = self.event_of(name, party)
            event = told(self.dispatches[known], self.parts[known], party) if known else None
            if event is None:
                unknown.append(name)
            elif event.is_cancelled:
                cancelled.append(event)
        return tuple(cancelled), tuple(unknown)

    def passed(self) -> tuple[tuple[str, ...], int]:
        """Return the marks of all gateways that the live events have passed, and the most hops."""
        live = self.live()
        marks = tuple(dict.fromkeys(mark for each in live for mark in each.path))
        return marks[:MAX_HOPS], max((each.hop for each in live), default=0)

    def counted(self, now: datetime) -> list[Effect]:
        """Keep what counts of the calls that have changed, for the budgets of programmes."""
        moved, self._moved = self._moved, {}
        effects: list[Effect] = []
        for event_id, parties in moved.items():
            event, parts = self.dispatches[event_id].event, self.parts[event_id]
            for part in parts.values() if parties is None else map(parts.__getitem__, parties):
                called = () if part.barred else part.resources
                effects += self._state.rules.follow(part.party, event, called, part.answer, now)
        return effects

    def tallied(self, dispatch: Dispatch, now: datetime) -> Tally:
        """Return what the members of an event have said so far."""
        changed, self._state.uncounted = self._state.uncounted, set()
        for event_id in self._tallies if changed else ():
            self.recount(event_id, changed)
        event_id = dispatch.event.id
        tallying = self._tallies.get(event_id) or Tallying(self._state)
        if self.dispatches.is_live(event_id):
            self._tallies[event_id] = tallying
        return tallying.tally(dispatch, self.parts.get(event_id, {}), now)

    def recount(self, event_id: EventId, parties: Iterable[PartyId]) -> None:
        """Count some members anew at the next look at an event's tally."""
        if event_id in self._tallies:
            self._tallies[event_id].changed.update(parties)

    def forget(self, event_id: EventId) -> list[Part]:
        """Drop an event; returns the parts that members had in it."""
        del self.dispatches[event_id]
        self.touched.discard(event_id)
        self._tallies.pop(event_id, None)
        self.promises.pop(event_id, None)
        parts = [*self.parts.pop(event_id, {}).values()]
        self.size -= len(parts)
        for part in parts:
            self._shares.pop(share_id(event_id, part.party), None)
        return parts

    def judge_silence(self, event_id: EventId) -> None:
        """Count the calls of an event anew: at the deadline silence becomes an answer."""
        if self.dispatches[event_id].event.programme:
            self._moved[event_id] = None

    def noted(self, event_id: EventId, asker: Asker | None) -> Remember:
        """Note who waits for an answer to an event, or that nobody does."""
        return self.put(self.dispatches[event_id].model_copy(update={"asker": asker}))

    def put(self, dispatch: Dispatch) -> Remember:
        """Replace a dispatch; the effect keeps it."""
        known, event = self.dispatches.get(dispatch.event.id), dispatch.event
        was = known and (known.event.active, known.event.status)
        if event.programme and was != (event.active, event.status):
            self._moved[event.id] = None
        self.dispatches[event.id] = dispatch
        if not self.dispatches.is_live(event.id):
            self._tallies.pop(event.id, None)
        self.parts.setdefault(event.id, {})
        self.touched.add(dispatch.event.id)
        return Remember(dispatch)

    def put_part(self, part: Part) -> Remember:
        """Replace a part; the effect keeps it."""
        if part.resources and (moved := self._moved.setdefault(part.event, set())) is not None:
            moved.add(part.party)
        before = self._place(part)
        if not before or before.asked_w != part.asked_w or before.answer is not part.answer:
            self.promises[part.event] += 1
        self.recount(part.event, (part.party,))
        return Remember(part)

    def _place(self, part: Part) -> Part | None:
        """Put a part at its place; returns what was there."""
        members = self.parts.setdefault(part.event, {})
        before = members.get(part.party)
        if before is None:
            self.size += 1
            self._shares[share_id(part.event, part.party)] = part.event
        members[part.party] = part
        return before

    def told_of(self, party: PartyId, statuses: Iterable[Status]) -> list[Effect]:
        """Take what a member tells of events: limits not kept, what it cannot cover."""
        effects: list[Effect] = []
        for status in statuses:
            known = self.event_of(status.event or "", party)
            part = self.parts.get(known or "", {}).get(party)
            if part is None or (after := told_by(part, status)) == part:
                continue
            self.touched.add(part.event)
            effects.append(self.put_part(after))
            if after.alarm != part.alarm:
                fields = (("party", party), ("event_id", part.event), ("why", after.alarm))
                effects.append(Note("error", "a limit is not kept", fields))
        return effects


def _is_live(dispatch: Dispatch) -> bool:
    return dispatch.event.status not in _ENDED


def _over(dispatch: Dispatch) -> datetime:
    return dispatch.active.end
