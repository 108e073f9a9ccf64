"""A gateway: a VEN above and the VTN below, between which events and readings cascade."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xmpp_cem.core.call import Call
from xmpp_cem.core.concerns import Concern, about_vtn
from xmpp_cem.core.effects import AskDecision, Effect, Note, SetTimer
from xmpp_cem.core.eventacts import asks
from xmpp_cem.core.inputs import Input, Link, Started, TimerFired
from xmpp_cem.core.life import State
from xmpp_cem.core.modifying import turns
from xmpp_cem.core.records import Commitment, Dispatch, Record
from xmpp_cem.core.standing import bounded, signed
from xmpp_cem.core.ven import Ven
from xmpp_cem.core.venstate import VenSettings
from xmpp_cem.core.vtn import Vtn
from xmpp_cem.core.vtnstate import USABLE, VtnSettings
from xmpp_cem.messages.envelope import MAX_HOPS
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, combined
from xmpp_cem.model.ids import EventId, derived_id, lower_event_id
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.signal import Delta

_TICK = "cascade/tick"


@dataclass(frozen=True)
class GatewaySettings:
    """What a gateway is configured with.

    Args:
        upper: as a VEN.
        lower: as a VTN.
        margin: how much earlier than to us members must answer us.
    """

    upper: VenSettings
    lower: VtnSettings
    margin: timedelta = timedelta(seconds=2)


class Gateway:
    """The cascade: what is committed above and dispatched below is reconciled after every input.

    The lower event's id follows from the upper one, so that a crash between any two steps leads
    to the same lower event and the same answer.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self.ven = Ven(settings.upper)
        self.vtn = Vtn(settings.lower, is_summed=True)
        self._token = derived_id("path", settings.upper.party, settings.lower.domain)[:13]

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart."""
        self.ven.restore(record)
        self.vtn.restore(record)

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to, on both levels."""
        effects: list[Effect] = []
        if isinstance(what, Started):
            effects += [*self.ven.handle(what, now), *self.vtn.handle(what, now)]
            effects.append(SetTimer(_TICK, now))
        elif isinstance(what, TimerFired):
            effects += self._timer(what, now)
        elif getattr(what, "link", Link.UPPER) is Link.LOWER:
            effects += self.vtn.handle(what, now)
        else:
            effects += self.ven.handle(what, now)
        effects = [e for e in effects if not isinstance(e, AskDecision)]
        return effects + self._reconcile(now)

    def concerns(self, now: datetime) -> tuple[Concern, ...]:
        """Return what is not as it should be, above and below."""
        return (*about_vtn(self.ven.vtn_silent_since), *self.vtn.concerns(now))

    def _timer(self, what: TimerFired, now: datetime) -> list[Effect]:
        if what.key == _TICK:
            return [SetTimer(_TICK, now + timedelta(seconds=1)), *self._roll_up(now)]
        side = self.ven if what.key.startswith("ven/") else self.vtn
        return side.handle(what, now)

    def _reconcile(self, now: datetime) -> list[Effect]:
        """Make the lower level follow the upper one, and the upper answer follow the lower ones."""
        effects: list[Effect] = []
        for commitment in list(self.ven.book.commitments.values()):
            lower_id = lower_event_id(commitment.event.id, self._settings.lower.domain)
            dispatch = self.vtn.dispatching.dispatches.get(lower_id)
            if not _is_followed(commitment, now):
                effects += self._ended(commitment, dispatch)
            elif dispatch is None:
                effects += self._opened(commitment, lower_id, now)
            else:
                effects += self._followed(commitment, dispatch, now)
        effects += self._shown(now)
        return effects + self.vtn.publish_changes(now)

    def _ended(self, commitment: Commitment, dispatch: Dispatch | None) -> list[Effect]:
        """Cascade a cancel; an event that is over ends below by its own clock."""
        if dispatch is None or commitment.status is not State.CANCELLED:
            return []
        why = commitment.event.reason or "cancelled above"
        return self.vtn.dispatching.cancel(dispatch.event.id, why)

    def _opened(self, commitment: Commitment, lower_id: str, now: datetime) -> list[Effect]:
        """Plan below what was asked above, once the members' presence is known."""
        event = commitment.event
        if commitment.status is State.REFUSED:
            return []
        looped = self._token in commitment.path
        if looped or commitment.hop >= MAX_HOPS:
            why = "this event has already passed here" if looped else "too many levels"
            return self.ven.book.answer(commitment, Opt.OUT, 0, why, now)
        call = self._call(commitment, lower_id, now)
        if not self.vtn.knows_presence(now) and now < call.answer_by:
            return []
        fields = (("upper", event.id), ("lower", lower_id), ("watts", str(commitment.asked_w)))
        return [Note("info", "event cascades", fields), *self.vtn.dispatching.create(call, now)]

    def _call(self, commitment: Commitment, lower_id: EventId, now: datetime) -> Call:
        """Return what the members are to be asked for."""
        event = commitment.event
        return Call(
            event=lower_id,
            signal=Delta(power_w=commitment.asked_w),
            active=event.active,
            answer_by=max(event.answer_by - self._settings.margin, now),
            mode=event.mode,
            priority=event.priority,
            reason=event.reason,
            upper=event.id,
            path=(*commitment.path, self._token),
            hop=commitment.hop + 1,
            randomise_s=event.randomise_s,
            ramp_s=event.ramp_s,
            recovery_s=event.recovery_s,
        )

    def _followed(self, commitment: Commitment, dispatch: Dispatch, now: datetime) -> list[Effect]:
        """Carry a modification down; carry up what the members' answers add up to."""
        effects = self._modified(commitment, dispatch, now)
        dispatch = self.vtn.dispatching.dispatches[dispatch.event.id]
        if not self.vtn.dispatching.is_settled(dispatch, now) or effects:
            return effects
        if not asks(commitment.event) or self.ven.book.why_barred(commitment.event):
            return effects
        promised_w = bounded(signed(dispatch, self.vtn.dispatching.expected_w(dispatch, now)))
        opt = Opt.IN if promised_w else Opt.OUT
        parts = self.vtn.dispatching.parts[dispatch.event.id].values()
        usable = {p.party for p in self.vtn.members.values() if p.availability in USABLE}
        ins = sum(1 for p in parts if p.answer and p.answer.opt is Opt.IN and p.party in usable)
        reason = f"{ins} of {len(parts)} members"
        return self.ven.book.answer(commitment, opt, promised_w, reason, now)

    def _modified(self, commitment: Commitment, dispatch: Dispatch, now: datetime) -> list[Effect]:
        """Make the lower event what the upper one is; a deadline that has passed stands.

        What members cannot be asked for within the same event is answered with no.
        """
        event, known = commitment.event, dispatch.event
        call = self._call(commitment, known.id, now)
        deadline = event.answer_by - self._settings.margin
        if now >= deadline:
            call = replace(call, answer_by=min(known.answer_by, event.active.end))
        if now >= min(known.active.end, event.active.end):
            return []
        if turns(dispatch, call):
            why = "members were asked for the opposite before"
            cancelled = self.vtn.dispatching.cancel(known.id, why)
            return [*cancelled, *self.ven.book.answer(commitment, Opt.OUT, 0, why, now)]
        why = f"asked for {commitment.asked_w} W from above"
        return self.vtn.dispatching.modify(call, why, now)

    def _roll_up(self, now: datetime) -> list[Effect]:
        """Report the sum of what the members reported, the missing ones as if left alone."""
        estimates = {
            party: self.vtn.dispatching.left_alone_w(party)
            if member.availability is Availability.UNREACHABLE
            else None
            for party, member in self.vtn.members.items()
        }
        party = self._settings.upper.party
        grace = None if self.vtn.recovery.is_busy(now) else self.vtn.settings.report_every
        readings = self.vtn.metering.roll_up(party, estimates, now, grace)
        return self.ven.report(readings, now) if readings else []

    def _shown(self, now: datetime) -> list[Effect]:
        """Show above, as one virtual resource, what the members show below: presence cascades."""
        members = tuple(self.vtn.members.values())
        if not self.vtn.knows_presence(now):
            return []
        usable = [m for m in members if m.availability in USABLE and m.capability]
        reachable = [m for m in members if m.availability is not Availability.UNREACHABLE]
        together = combined(m.availability for m in members if m in reachable)
        if len(reachable) < len(members) and together in USABLE:
            together = Availability.LIMITED
        virtual = Resource(
            id=self._settings.upper.party,
            kind="virtual",
            state=_STATE[together],
            power_w=sum(self.vtn.metering.power(m.party) or 0 for m in reachable),
            increase_w=sum(m.capability.increase_w for m in usable if m.capability),
            decrease_w=sum(m.capability.decrease_w for m in usable if m.capability),
        )
        return self.ven.update((virtual,), now, (len(members), len(reachable)))


def _is_followed(commitment: Commitment, now: datetime) -> bool:
    """Whether what members say still counts: a no can be taken back while the event lasts."""
    if commitment.status is State.REFUSED:
        return now < commitment.event.active.end
    return commitment.is_live


_STATE: dict[Availability, ResourceState] = {
    Availability.AVAILABLE: ResourceState.AVAILABLE,
    Availability.OFFERING: ResourceState.AVAILABLE,
    Availability.LIMITED: ResourceState.LIMITED,
    Availability.OPTED_OUT: ResourceState.OPTED_OUT,
    Availability.OUT_OF_SERVICE: ResourceState.OUT_OF_SERVICE,
    Availability.UNREACHABLE: ResourceState.OUT_OF_SERVICE,
}
