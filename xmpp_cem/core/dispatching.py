"""A VTN's events: divided over members, answered, divided anew, measured, ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.core.allocation import multiplier, share
from xmpp_cem.core.division import divide, expected, is_usable, joined, next_order, promised_w
from xmpp_cem.core.effects import Effect, Note, Remember, SetTimer
from xmpp_cem.core.metering import Metering, Window
from xmpp_cem.core.records import Asker, Dispatch, Part
from xmpp_cem.core.standing import counted, signed, standing
from xmpp_cem.core.vtnstate import VtnState
from xmpp_cem.messages.controls import IndexEntry
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event, EventStatus, Mode, Order, Share
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.text import one_line
from xmpp_cem.model.time import Interval

MAX_LIVE = 100
"""Live events per node (design: Prosody rewrites all items of a node with each publish)."""

_REDIVIDE_EVERY = timedelta(seconds=1)


@dataclass(frozen=True)
class Call:
    """What is to be dispatched: `target_w` is the change of power asked for, signed, in W."""

    event: EventId
    target_w: int
    active: Interval
    answer_by: datetime
    mode: Mode = Mode.REAL
    priority: int = 100
    reason: str = ""
    upper: EventId | None = None
    path: tuple[str, ...] = ()
    hop: int = 0


class Dispatching:
    """All dispatches of a domain and their parts; `outgoing` are the events to publish."""

    def __init__(self, state: VtnState, metering: Metering) -> None:
        self._state = state
        self._metering = metering
        self.dispatches: dict[EventId, Dispatch] = {}
        self.parts: dict[EventId, dict[PartyId, Part]] = {}
        self.outgoing: list[Dispatch] = []
        self.touched: set[EventId] = set()

    def restore(self, record: Dispatch | Part) -> None:
        """Take back a record from before a restart."""
        if isinstance(record, Dispatch):
            self.dispatches[record.event.id] = record
            self.parts.setdefault(record.event.id, {})
        elif record.party in self._state.members:
            self.parts.setdefault(record.event, {})[record.party] = record

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: put events in their order again, wait for deadlines and ends."""
        by_age = sorted(self.dispatches.values(), key=lambda dispatch: dispatch.event.created)
        self.dispatches = {dispatch.event.id: dispatch for dispatch in by_age}
        shown = [d for d in by_age if not d.event.is_cancelled or now < d.active.end]
        over = EventStatus.COMPLETED
        return [t for d in shown if d.event.status is not over for t in self._timers(d)]

    def live(self) -> list[Dispatch]:
        """Return the dispatches that may still change power."""
        ended = {EventStatus.CANCELLED, EventStatus.COMPLETED}
        return [d for d in self.dispatches.values() if d.event.status not in ended]

    def create(self, call: Call, now: datetime) -> list[Effect]:
        """Divide a new event over the usable members; a known one is left as it is."""
        if call.event in self.dispatches:
            return []
        is_fall = call.target_w < 0
        limits = {
            m.party: m.capability.decrease_w if is_fall else m.capability.increase_w
            for m in self._state.usable()
            if m.capability
        }
        of = multiplier(abs(call.target_w), limits, limits)
        event = Event(
            id=call.event,
            order=Order(epoch=self._state.record.epoch, modification=0),
            mode=call.mode,
            priority=call.priority,
            active=call.active,
            signal=Share(direction="decrease" if is_fall else "increase", multiplier=of, basis=now),
            created=now,
            answer_by=call.answer_by,
            reason=call.reason,
        )
        dispatch = Dispatch(
            event=event,
            target_w=call.target_w,
            upper=call.upper,
            path=call.path,
            hop=call.hop,
            why="created",
        )
        effects: list[Effect] = [self._put(dispatch)]
        for party, limit in limits.items():
            part = Part(
                event=event.id,
                party=party,
                capability_w=limit,
                limit_w=limit,
                asked_w=signed(dispatch, share(of, limit)),
            )
            effects.append(self._put_part(part))
        self.outgoing.append(dispatch)
        return [*effects, *self._timers(dispatch)]

    def retarget(self, event_id: EventId, target_w: int, why: str, now: datetime) -> list[Effect]:
        """Divide a changed target; nothing happens when it is the same."""
        dispatch = self.dispatches[event_id]
        if dispatch.target_w == target_w or dispatch not in self.live():
            return []
        changed = dispatch.model_copy(update={"target_w": target_w, "why": why})
        return [self._put(changed), *self._divide(changed, why, now)]

    def cancel(self, event_id: EventId, why: str) -> list[Effect]:
        """End an event before its time: a cancel is a published modification."""
        dispatch = self.dispatches[event_id]
        if dispatch not in self.live():
            return []
        event = dispatch.event.model_copy(
            update={
                "status": EventStatus.CANCELLED,
                "order": next_order(self._state, dispatch),
                "reason": one_line(why)[:256],
            }
        )
        cancelled = dispatch.model_copy(update={"event": event, "why": f"cancelled: {why}"[:256]})
        self.outgoing.append(cancelled)
        return [self._put(cancelled)]

    def answer(self, party: PartyId, answer: Answer, now: datetime) -> list[Effect] | None:
        """Take a member's answer; None when there is no such event.

        Everybody in the domain reads the event, so that a member which was not there when it was
        divided may answer it too, and then counts.
        A later sequence wins, or a later instant, as a member with an older store counts anew. A
        promise below what was asked lowers the member's limit: it is not asked for more again.
        """
        dispatch = self.dispatches.get(answer.event)
        if dispatch is None:
            return None
        part = self.parts[answer.event].get(party) or joined(self._state, dispatch, party, answer)
        if part is None:
            return None
        if (last := part.answer) and answer.sequence <= last.sequence and answer.at <= last.at:
            return []
        update: dict[str, object] = {"answer": answer}
        offered_w = promised_w(dispatch, answer)
        is_less = offered_w < abs(part.asked_w)
        if answer.opt is Opt.IN and answer.order == dispatch.event.order and is_less:
            update["limit_w"] = offered_w
        effects: list[Effect] = [self._put_part(part.model_copy(update=update))]
        why = f"{party} {answer.opt.value}" + (f" ({answer.reason})" if answer.reason else "")
        return effects + self.reconsider(answer.event, why, now)

    def reconsider(self, event_id: EventId, why: str, now: datetime) -> list[Effect]:
        """Divide the target anew if what is expected misses it and somebody can change that."""
        dispatch = self.dispatches[event_id]
        self.touched.add(event_id)
        if dispatch not in self.live() or now >= dispatch.active.end:
            return []
        target = abs(dispatch.target_w)
        tolerance = max(self._state.settings.tolerance_w, target // 100)
        if abs(target - self.expected_w(dispatch, now)) <= tolerance:
            return []
        if self._state.known_from is None:
            return []
        earliest = self._state.known_from
        if dispatch.replanned:
            earliest = max(earliest, dispatch.replanned + _REDIVIDE_EVERY)
        if now < earliest:
            held = self._put(dispatch.model_copy(update={"why": why[:256]}))
            return [held, SetTimer(f"vtn/again/{event_id}", earliest)]
        return self._divide(dispatch, why, now)

    def again(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Reconsider an event for the reason for which it had to wait."""
        dispatch = self.dispatches.get(event_id)
        return self.reconsider(event_id, dispatch.why, now) if dispatch else []

    def member_changed(self, party: PartyId, why: str, now: datetime) -> list[Effect]:
        """Reconsider every live event in which a member takes part."""
        effects: list[Effect] = []
        for dispatch in self.live():
            if party in self.parts.get(dispatch.event.id, {}):
                effects += self.reconsider(dispatch.event.id, why, now)
        return effects

    def measured(self, party: PartyId, windows: Iterable[Window]) -> list[Effect]:
        """Count what a member changed over windows that lie wholly inside an event."""
        effects: list[Effect] = []
        for event_id, parts in self.parts.items():
            if (part := parts.get(party)) is None:
                continue
            active, is_anew = self.dispatches[event_id].active, part.baseline_w is None
            for window in self._metering.inside(active, party, windows, is_anew=is_anew):
                baseline_w = self._metering.baseline(party, active.start)
                part = counted(part, window, baseline_w, active.start)
                effects.append(self._put_part(part))
                self.touched.add(event_id)
        return effects

    def left_alone_w(self, party: PartyId) -> int:
        """Return the power a lost member has without events, W.

        That is its baseline in the newest event that moved it, else the last power known.
        """
        for event_id in reversed(self.dispatches):
            part = self.parts[event_id].get(party)
            if part and part.baseline_w is not None:
                return part.baseline_w
        return self._metering.power(party) or 0

    def expected_w(self, dispatch: Dispatch, now: datetime) -> int:
        """Return the change that may be counted on now, W, not signed."""
        parts = self.parts.get(dispatch.event.id, {})
        return sum(expected(self._state, dispatch, part, now) for part in parts.values())

    def is_settled(self, dispatch: Dispatch, now: datetime) -> bool:
        """Whether every reachable member has answered some version, or the time for it is over.

        While presences are unknown, as after a restart, nothing is settled.
        """
        if not self._state.knows_presence(now):
            return False
        if now >= dispatch.event.answer_by:
            return True
        parts = self.parts.get(dispatch.event.id, {}).values()
        return all(part.answer or not is_usable(self._state, part.party) for part in parts)

    def fire(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Do what is due: judge silence at the deadline, end the event at its end."""
        dispatch = self.dispatches.get(event_id)
        if dispatch is None or dispatch not in self.live():
            return []
        if now >= dispatch.active.end:
            event = dispatch.event.model_copy(update={"status": EventStatus.COMPLETED})
            done = dispatch.model_copy(update={"event": event, "why": "completed"})
            self.touched.add(event_id)
            return [self._put(done), Note("info", "event completed", (("event_id", event_id),))]
        return self.reconsider(event_id, "the deadline for answers has passed", now)

    def index(self) -> tuple[IndexEntry, ...]:
        """Return what the node's index lists: every live event."""
        digest = self._state.settings.digest
        return tuple(
            IndexEntry(event=d.event.id, order=d.event.order, digest=digest(d.event))
            for d in self.live()
        )

    def record(self, dispatch: Dispatch, now: datetime) -> DispatchRecord:
        """Return how an event stands, for operators."""
        parts = self.parts.get(dispatch.event.id, {})
        expected_w = signed(dispatch, self.expected_w(dispatch, now))
        return standing(self._state, dispatch, parts, expected_w, now)

    def _divide(self, dispatch: Dispatch, why: str, now: datetime) -> list[Effect]:
        division = divide(self._state, dispatch, self.parts[dispatch.event.id], why, now)
        effects: list[Effect] = [self._put(division.dispatch)]
        effects += [self._put_part(part) for part in division.parts]
        if division.dispatch.event == dispatch.event:
            return effects
        self.outgoing.append(division.dispatch)
        return [*effects, Note("info", "target divided anew", division.fields)]

    def _timers(self, dispatch: Dispatch) -> list[Effect]:
        key, event = f"vtn/event/{dispatch.event.id}", dispatch.event
        return [
            SetTimer(f"{key}/silent", event.created + (event.answer_by - event.created) / 2),
            SetTimer(f"{key}/answers", dispatch.event.answer_by),
            SetTimer(f"{key}/end", dispatch.active.end),
        ]

    def noted(self, event_id: EventId, asker: Asker | None) -> Remember:
        """Note who waits for an answer to an event, or that nobody does."""
        return self._put(self.dispatches[event_id].model_copy(update={"asker": asker}))

    def _put(self, dispatch: Dispatch) -> Remember:
        self.dispatches[dispatch.event.id] = dispatch
        self.parts.setdefault(dispatch.event.id, {})
        self.touched.add(dispatch.event.id)
        return Remember(dispatch)

    def _put_part(self, part: Part) -> Remember:
        self.parts[part.event][part.party] = part
        return Remember(part)
