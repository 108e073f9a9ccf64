"""A VTN's events: divided over members, answered, divided anew, measured, ended."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from xmpp_cem.core.breaching import alarmed
from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import Effect, Note, SetTimer
from xmpp_cem.core.readings.estimating import StandIn
from xmpp_cem.core.readings.metering import Counted, Metering
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.calling import retimed
from xmpp_cem.core.vtn.dispatch.closedloop import returned
from xmpp_cem.core.vtn.dispatch.delivering import called, delivered, left_alone
from xmpp_cem.core.vtn.dispatch.dispatchbook import DispatchBook
from xmpp_cem.core.vtn.dispatch.dividing import Dividing
from xmpp_cem.core.vtn.dispatch.division import (
    Division,
    expected,
    in_watts,
    is_in_play,
    joined,
    next_order,
    promised_w,
    raised,
)
from xmpp_cem.core.vtn.dispatch.duetimes import due_times, ends_of_promise
from xmpp_cem.core.vtn.dispatch.limiting import confirmed
from xmpp_cem.core.vtn.dispatch.modifying import modified
from xmpp_cem.core.vtn.dispatch.opening import renewed
from xmpp_cem.core.vtn.dispatch.standing import follows, signed, standing, version_of
from xmpp_cem.core.vtn.dispatch.tallying import Tally, is_off, is_watched
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.signal import Delta, Limit
from xmpp_cem.model.text import one_line

_LATE = "the deadline for answers has passed"
_REDIVIDE_EVERY = timedelta(seconds=1)


class Dispatching(DispatchBook):
    """What happens to a domain's events."""

    def __init__(self, state: VtnState, metering: Metering) -> None:
        super().__init__(state)
        self.metering = metering
        self.dividing = Dividing(state, metering, self)
        self._looked: datetime | None = None
        self._put_off: dict[EventId, bool] = {}

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: put events in their order again, wait for deadlines and ends."""
        by_age = sorted(self.dispatches.values(), key=lambda dispatch: dispatch.event.created)
        self.dispatches.clear()
        self.dispatches.update({dispatch.event.id: dispatch for dispatch in by_age})
        shown = [d for d in by_age if not d.event.is_cancelled or now < d.active.end]
        over = EventStatus.COMPLETED
        return [t for d in shown if d.event.status is not over for t in self._due(d)]

    def create(self, call: Call, now: datetime) -> list[Effect]:
        """Divide a new event over the usable members; a known one is left as it is."""
        if call.event in self.dispatches:
            return []
        made = self.dividing.first(call, now)
        self.outgoing.append(made.dispatch)
        effects: list[Effect] = [self.put(made.dispatch), *map(self.put_part, made.parts)]
        effects += self._limits_moved(made.dispatch, now)
        return [*effects, *self._due(made.dispatch)]

    def modify(self, call: Call, why: str, now: datetime) -> list[Effect]:
        """Make a live event what is called for now; nothing happens when it is that already."""
        dispatch = self.dispatches[call.event]
        changed = modified(dispatch, call, why)
        if changed is None or not self.dispatches.is_live(call.event):
            return []
        parts = self.parts[call.event]
        changed, anew = retimed(self._state, dispatch, changed, parts.values(), now)
        effects: list[Effect] = [*map(self.put_part, anew)]
        division = Division(changed)
        is_moved = any(not part.barred for part in anew)
        if is_moved or (changed.signal, changed.changes) != (dispatch.signal, dispatch.changes):
            division = self.dividing.anew(changed, parts, why, now)
        division = renewed(self._state, dispatch, division, parts)
        made = division.dispatch
        self.outgoing.append(made)
        effects += [self.put(made), *map(self.put_part, division.parts)]
        effects += self._limits_moved(made, now)
        return [*effects, *self._due(made), Note("info", "event modified", division.fields)]

    def cancel(self, event_id: EventId, why: str, now: datetime) -> list[Effect]:
        """End an event before its time: a cancel is a published modification."""
        dispatch = self.dispatches[event_id]
        if not self.dispatches.is_live(event_id):
            return []
        event = dispatch.event.model_copy(
            update={
                "status": EventStatus.CANCELLED,
                "order": next_order(self._state, dispatch),
                "reason": one_line(why)[:256],
            }
        )
        update = {"event": event, "why": f"cancelled: {why}"[:256], "stopped": now}
        cancelled = dispatch.model_copy(update=update)
        self.outgoing.append(cancelled)
        return [self.put(cancelled)]

    def answer(
        self, party: PartyId, answer: Answer, now: datetime, said: datetime | None = None
    ) -> list[Effect] | None:
        """Take a member's answer, which it `said` then to be its last; None without such an event.

        Everybody reads the event: who was not there when it was divided may answer it and counts.
        A promise below what was asked lowers the member's limit: it is not asked for more again.
        """
        event_id = self.event_of(answer.event, party)
        if event_id is None:
            return None
        dispatch = self.dispatches[event_id]
        part = self.parts[event_id].get(party)
        if part is None or (part.barred and answer.opt is Opt.IN):
            part = joined(self._state, dispatch, party, answer, now)
        if part is None:
            return None
        if (last := part.answer) and not follows(answer, last, said):
            return []
        answer = in_watts(answer, part)
        update: dict[str, object] = {"answer": answer}
        offered_w = promised_w(dispatch, answer)
        part, is_less = (
            raised(dispatch, part, offered_w, answer.order),
            offered_w < abs(part.asked_w),
        )
        if last and last.opt is Opt.OUT and answer.opt is Opt.IN:
            part = returned(part)
        if answer.opt is Opt.IN and answer.order == version_of(dispatch, part) and is_less:
            update["limit_w"] = offered_w
        taken = confirmed(part.model_copy(update=update))
        taken, alarms = alarmed(taken, self._state.rules.programmes, dispatch.event, last, answer)
        effects: list[Effect] = [self.put_part(taken), *ends_of_promise(taken), *alarms]
        why = f"{party} {answer.opt.value}" + (f" ({answer.reason})" if answer.reason else "")
        return effects + self.reconsider(event_id, why, now)

    def reconsider(self, event_id: EventId, why: str, now: datetime) -> list[Effect]:
        """Divide the target anew if what is expected misses it and somebody can change that."""
        dispatch = self.dispatches[event_id]
        self.touched.add(event_id)
        self._put_off.pop(event_id, None)
        if not self.dispatches.is_live(event_id) or now >= dispatch.active.end:
            return []
        expected_w, slack_w = self.expected_w(dispatch, now), self._state.settings.tolerance_w
        if not is_off(dispatch, expected_w, slack_w) or self._state.known_from is None:
            return []
        earliest = self._state.known_from
        if dispatch.replanned:
            earliest = max(earliest, dispatch.replanned + _REDIVIDE_EVERY)
        if now < earliest:
            self._put_off[event_id] = now >= self._state.known_from
            held = self.put(dispatch.model_copy(update={"why": why[:256]}))
            return [held, SetTimer(f"vtn/again/{event_id}", earliest)]
        return self._divide(dispatch, why, now)

    def look(self, now: datetime) -> list[Effect]:
        """Divide limits and set points anew, once a second, where load, silence or a loss asks."""
        if self._looked and now < self._looked + _REDIVIDE_EVERY:
            return []
        limits = [d for d in self.live() if is_watched(d) and now < d.active.end]
        self._looked = now if limits else self._looked
        if self._state.known_from is None or now < self._state.known_from:
            return []
        return [e for d in limits for e in self._divide(d, "what is there has changed", now)]

    def again(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Reconsider an event for the reason for which it had to wait."""
        dispatch = self.dispatches.get(event_id)
        return self.reconsider(event_id, dispatch.why, now) if dispatch else []

    def member_changed(
        self, party: PartyId, why: str, now: datetime, *, is_back: bool = False
    ) -> list[Effect]:
        """Reconsider every live event in which a member takes part; `is_back`: it was away."""
        effects: list[Effect] = []
        for dispatch in self.live():
            part = self.parts.get(dispatch.event.id, {}).get(party)
            if part is not None:
                if is_back and self._state.knows_presence(now):
                    effects.append(self.put_part(returned(part)))
                effects += self.reconsider(dispatch.event.id, why, now)
        return effects

    def measured(self, party: PartyId, windows: Iterable[Counted], now: datetime) -> list[Effect]:
        """Count what a member changed inside events: with a new baseline, in all that is held.

        A correction takes the place of what was counted. What is delivered is compared with what
        was asked, and decides what the member is counted on for.
        """
        slack_w, known = self._state.settings.tolerance_w, self.metering
        found = delivered(party, windows, self.dispatches, self.parts, known, slack_w)
        effects: list[Effect] = [self.put_part(part) for part, _ in found]
        self.touched.update(part.event for part, _ in found)
        for part, why in found:
            effects += self.reconsider(part.event, why, now) if why else []
        return effects

    def left_alone(self, party: PartyId) -> StandIn:
        """Return what counts for a lost member: what it does without events."""
        newest = reversed(self.dispatches)
        return left_alone(party, newest, self.dispatches, self.parts, self.metering)

    def takes_part(self, dispatch: Dispatch, part: Part, now: datetime) -> bool:
        """Whether one counts on a member in an event now."""
        return is_in_play(self._state, dispatch, part, now)

    def expected_w(self, dispatch: Dispatch, now: datetime) -> int:
        """Return the change that may be counted on now, W, not signed."""
        parts, rooms = self.parts.get(dispatch.event.id, {}), self.dividing.rooms(dispatch)
        return sum(
            min(power_w, rooms.get(part.party, power_w))
            for part in parts.values()
            for power_w in [expected(self._state, dispatch, part, now)]
        )

    def promised_w(self, dispatch: Dispatch, now: datetime) -> int:
        """Return the change that may be counted on now, W, signed, of whatever signal."""
        if isinstance(dispatch.signal, Delta):
            return signed(dispatch, self.expected_w(dispatch, now))
        return self.tally(dispatch, now).followed_w

    def tally(self, dispatch: Dispatch, now: datetime) -> Tally:
        """Return what members have said so far; not final while a restart puts off a division."""
        made, is_paced = self.tallied(dispatch, now), self._put_off.get(dispatch.event.id)
        if is_paced is None:
            return made
        return replace(made, is_paced=is_paced, is_final=made.is_final and is_paced)

    def hold(self, held: Mapping[EventId, frozenset[PartyId]], now: datetime) -> list[Effect]:
        """Let events do without members that are committed elsewhere, and divide what changed."""
        if held is self._state.held:
            return []
        before, self._state.held = self._state.held, held
        effects: list[Effect] = []
        for dispatch in self.live():
            event_id = dispatch.event.id
            lost = held.get(event_id, frozenset()) - before.get(event_id, frozenset())
            won = before.get(event_id, frozenset()) - held.get(event_id, frozenset())
            if lost or won:
                self.recount(event_id, lost | won)
                why = f"{len(lost)} members are committed to an event that goes first"
                why = why if lost else f"{len(won)} members are free again"
                effects += self.reconsider(event_id, why, now)
        return effects

    def _due(self, dispatch: Dispatch) -> list[SetTimer]:
        return due_times(dispatch, self.parts[dispatch.event.id].values())

    def fire(self, event_id: EventId, now: datetime, why: str = _LATE) -> list[Effect]:
        """Do what is due: judge silence at the deadline, end a promise or the event at its end."""
        dispatch = self.dispatches.get(event_id)
        if dispatch is None or not self.dispatches.is_live(event_id):
            return []
        if now >= dispatch.active.end:
            event = dispatch.event.model_copy(update={"status": EventStatus.COMPLETED})
            done = dispatch.model_copy(update={"event": event, "why": "completed"})
            self.touched.add(event_id)
            return [
                *called(self._state, dispatch, self.parts[event_id].values()),
                self.put(done),
                Note("info", "event completed", (("event_id", event_id),)),
            ]
        self.judge_silence(event_id)
        return self.reconsider(event_id, why, now)

    def record(self, dispatch: Dispatch, now: datetime) -> DispatchRecord:
        """Return how an event stands, for operators."""
        parts = self.parts.get(dispatch.event.id, {})
        return standing(self._state, dispatch, parts, self.promised_w(dispatch, now), now)

    def _divide(self, dispatch: Dispatch, why: str, now: datetime) -> list[Effect]:
        division = self.dividing.anew(dispatch, self.parts[dispatch.event.id], why, now)
        if division == Division(dispatch):
            return []
        effects: list[Effect] = [self.put(division.dispatch)]
        effects += [self.put_part(part) for part in division.parts]
        if division.dispatch.event == dispatch.event:
            return effects
        self.outgoing.append(division.dispatch)
        effects += self._limits_moved(division.dispatch, now)
        return [*effects, Note("info", "target divided anew", division.fields)]

    def _limits_moved(self, dispatch: Dispatch, now: datetime) -> list[Effect]:
        """Let changes of power give way to a limit that was divided."""
        if not isinstance(dispatch.signal, Limit):
            return []
        powers = [d.event.id for d in self.live() if not isinstance(d.signal, Limit)]
        why = "the limits in force have changed"
        return [effect for event_id in powers for effect in self.reconsider(event_id, why, now)]
