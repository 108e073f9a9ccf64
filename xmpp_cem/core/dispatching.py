"""A VTN's events: divided over members, answered, divided anew, measured, ended."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.call import Call
from xmpp_cem.core.dispatchbook import DispatchBook
from xmpp_cem.core.division import (
    Division,
    divide,
    expected,
    in_watts,
    joined,
    next_order,
    promised_w,
    version_of,
)
from xmpp_cem.core.effects import Effect, Note, SetTimer
from xmpp_cem.core.metering import Metering, Window
from xmpp_cem.core.modifying import modified
from xmpp_cem.core.opening import opened, renewed
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.standing import all_counted, signed, standing
from xmpp_cem.core.tallying import Tally, tally
from xmpp_cem.core.vtnstate import VtnState
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.text import one_line

_REDIVIDE_EVERY = timedelta(seconds=1)


class Dispatching(DispatchBook):
    """What happens to a domain's events."""

    def __init__(self, state: VtnState, metering: Metering) -> None:
        super().__init__(state)
        self._metering = metering

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: put events in their order again, wait for deadlines and ends."""
        by_age = sorted(self.dispatches.values(), key=lambda dispatch: dispatch.event.created)
        self.dispatches = {dispatch.event.id: dispatch for dispatch in by_age}
        shown = [d for d in by_age if not d.event.is_cancelled or now < d.active.end]
        over = EventStatus.COMPLETED
        return [t for d in shown if d.event.status is not over for t in self._timers(d)]

    def create(self, call: Call, now: datetime) -> list[Effect]:
        """Divide a new event over the usable members; a known one is left as it is."""
        if call.event in self.dispatches:
            return []
        made = opened(self._state, call, now)
        self.outgoing.append(made.dispatch)
        effects: list[Effect] = [self.put(made.dispatch), *map(self.put_part, made.parts)]
        return [*effects, *self._timers(made.dispatch)]

    def modify(self, call: Call, why: str, now: datetime) -> list[Effect]:
        """Make a live event what is called for now; nothing happens when it is that already."""
        dispatch = self.dispatches[call.event]
        changed = modified(dispatch, call, why)
        if changed is None or dispatch not in self.live():
            return []
        parts = self.parts[call.event]
        division = divide(self._state, changed, parts, why, now)
        if changed.target_w == dispatch.target_w:
            division = Division(changed)
        division = renewed(self._state, dispatch, division, parts)
        made = division.dispatch
        self.outgoing.append(made)
        effects: list[Effect] = [self.put(made), *map(self.put_part, division.parts)]
        return [*effects, *self._timers(made), Note("info", "event modified", division.fields)]

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
        return [self.put(cancelled)]

    def answer(self, party: PartyId, answer: Answer, now: datetime) -> list[Effect] | None:
        """Take a member's answer; None when there is no such event.

        Everybody in the domain reads the event, so that a member which was not there when it was
        divided may answer it too, and then counts.
        A later sequence wins, or a later instant, as a member with an older store counts anew. A
        promise below what was asked lowers the member's limit: it is not asked for more again.
        """
        event_id = self.event_of(answer.event, party)
        if event_id is None:
            return None
        dispatch = self.dispatches[event_id]
        part = self.parts[event_id].get(party) or joined(self._state, dispatch, party, answer)
        if part is None:
            return None
        if (last := part.answer) and answer.sequence <= last.sequence and answer.at <= last.at:
            return []
        answer = in_watts(answer, part)
        update: dict[str, object] = {"answer": answer}
        offered_w = promised_w(dispatch, answer)
        is_less = offered_w < abs(part.asked_w)
        if answer.opt is Opt.IN and answer.order == version_of(dispatch, part) and is_less:
            update["limit_w"] = offered_w
        effects: list[Effect] = [self.put_part(part.model_copy(update=update))]
        why = f"{party} {answer.opt.value}" + (f" ({answer.reason})" if answer.reason else "")
        return effects + self.reconsider(event_id, why, now)

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
            held = self.put(dispatch.model_copy(update={"why": why[:256]}))
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
        """Count what a member changed inside events: with a new baseline, in all that is held."""
        effects: list[Effect] = []
        for event_id, parts in self.parts.items():
            if (part := parts.get(party)) is None:
                continue
            active, known = self.dispatches[event_id].active, list(windows)
            if part.baseline_w is None:
                known += self._metering.held(party)
            baseline_w = part.baseline_w
            if baseline_w is None:
                baseline_w = self._metering.baseline(party, active.start)
            changed = all_counted(part, known, baseline_w, active)
            if changed is not part:
                effects.append(self.put_part(changed))
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

    def tally(self, dispatch: Dispatch, now: datetime) -> Tally:
        """Return what the members have said of an event so far."""
        parts = self.parts.get(dispatch.event.id, {})
        return tally(self._state, dispatch, parts.values(), now)

    def hold(self, held: Mapping[EventId, frozenset[PartyId]], now: datetime) -> list[Effect]:
        """Let events do without members that are committed elsewhere, and divide what changed."""
        before, self._state.held = self._state.held, held
        effects: list[Effect] = []
        for dispatch in self.live():
            event_id = dispatch.event.id
            lost = held.get(event_id, frozenset()) - before.get(event_id, frozenset())
            won = before.get(event_id, frozenset()) - held.get(event_id, frozenset())
            if lost or won:
                why = f"{len(lost)} members are committed to an event that goes first"
                why = why if lost else f"{len(won)} members are free again"
                effects += self.reconsider(event_id, why, now)
        return effects

    def fire(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Do what is due: judge silence at the deadline, end the event at its end."""
        dispatch = self.dispatches.get(event_id)
        if dispatch is None or dispatch not in self.live():
            return []
        if now >= dispatch.active.end:
            event = dispatch.event.model_copy(update={"status": EventStatus.COMPLETED})
            done = dispatch.model_copy(update={"event": event, "why": "completed"})
            self.touched.add(event_id)
            return [
                *self._called(dispatch),
                self.put(done),
                Note("info", "event completed", (("event_id", event_id),)),
            ]
        return self.reconsider(event_id, "the deadline for answers has passed", now)

    def _called(self, dispatch: Dispatch) -> list[Effect]:
        """Count for how long the event has called each member that took part."""
        seconds = int(dispatch.active.duration.total_seconds())
        effects: list[Effect] = []
        for part in self.parts[dispatch.event.id].values():
            if part.asked_w and part.answer and part.answer.opt is Opt.IN:
                member = self._state.members[part.party]
                effects.append(self._state.change(member, called_s=member.called_s + seconds))
            effects += self._kept(dispatch, part, seconds)
        return effects

    def _kept(self, dispatch: Dispatch, part: Part, seconds: int) -> list[Effect]:
        """Remember how much of what was asked of a member it did; what is not measured is left out.

        Whoever said no or nothing did nothing of it.
        """
        is_yes = part.answer is not None and part.answer.opt is Opt.IN
        if not part.asked_w or (is_yes and not part.measured_s):
            return []
        length_s = part.measured_s if is_yes else seconds
        asked_wh = abs(part.asked_w) * length_s // 3600
        done_wh = max(0, signed(dispatch, part.delivered_ws)) // 3600 if is_yes else 0
        member = self._state.members[part.party]
        kept_wh = member.kept_wh + min(done_wh, asked_wh)
        return [self._state.change(member, asked_wh=member.asked_wh + asked_wh, kept_wh=kept_wh)]

    def record(self, dispatch: Dispatch, now: datetime) -> DispatchRecord:
        """Return how an event stands, for operators."""
        parts = self.parts.get(dispatch.event.id, {})
        expected_w = signed(dispatch, self.expected_w(dispatch, now))
        return standing(self._state, dispatch, parts, expected_w, now)

    def _divide(self, dispatch: Dispatch, why: str, now: datetime) -> list[Effect]:
        division = divide(self._state, dispatch, self.parts[dispatch.event.id], why, now)
        effects: list[Effect] = [self.put(division.dispatch)]
        effects += [self.put_part(part) for part in division.parts]
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
