"""Makes the levels of a gateway agree, one difference after the other, by a cascade's table."""

from collections.abc import Iterator
from datetime import datetime

from xmpp_cem.core.call import Call
from xmpp_cem.core.cascade.case import Case, case_of
from xmpp_cem.core.cascade.contention import held_below
from xmpp_cem.core.cascade.ends import Lower, Upper
from xmpp_cem.core.cascade.planning import is_missed, targets
from xmpp_cem.core.cascade.promising import is_news, saying
from xmpp_cem.core.cascade.saga import TABLE, Deed, Phase, Sign
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.eventacts import asks
from xmpp_cem.core.life import State
from xmpp_cem.core.modifying import modified, turns
from xmpp_cem.core.records import Commitment, Dispatch
from xmpp_cem.messages.envelope import MAX_HOPS
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id, lower_event_id
from xmpp_cem.model.signal import Delta

_AT_ONCE = 3
"""So many differences of one event are made good in one step; the rest at the next look."""

_LOOPED = "this event has already passed here"
_DEEP = "too many levels"
_TAKEN = "another domain above has an event of this id"
_TURNED = "members were asked for the opposite before"
_RELEASED = "the event was cancelled below"
_GONE = "nobody above asks for it any more"


class Cascading:
    """Compares what is committed above with what is dispatched below, and makes them agree."""

    def __init__(
        self, settings: GatewaySettings, uppers: tuple[Upper, ...], lowers: tuple[Lower, ...]
    ) -> None:
        self._settings = settings
        self._uppers = uppers
        self._lowers = lowers
        party = settings.upper.party
        self._tokens = {each.domain: derived_id("path", party, each.domain)[:13] for each in lowers}

    def agreed(self, now: datetime) -> list[Effect]:
        """Make every lower level follow the upper ones, and the answers above the lower ones."""
        effects: list[Effect] = []
        for upper in self._uppers:
            for commitment in list(upper.role.book.commitments.values()):
                effects += self._made_good(upper, commitment, now)
        effects += self._abandoned(now)
        if len(self._uppers) > 1:
            for lower in self._lowers:
                held = held_below(lower.role.dispatching, now)
                effects += lower.placed(lower.role.dispatching.hold(held, now))
        return effects

    def _made_good(self, upper: Upper, commitment: Commitment, now: datetime) -> list[Effect]:
        """Make one event agree, sign by sign."""
        effects: list[Effect] = []
        last: Sign | None = None
        for _ in range(_AT_ONCE):
            known = upper.role.book.commitments.get(commitment.event.id)
            if known is None:
                break
            case = case_of(upper, known, self._lowers)
            sign = next(self._signs(case, now), None)
            if sign is None or sign is last:
                break
            move = TABLE[case.phase(now), sign]
            for deed in move.deeds:
                effects += self._done(deed, case, sign, now)
            last = sign
        return effects

    def _signs(self, case: Case, now: datetime) -> Iterator[Sign]:
        """Yield what differs between the levels of an event, the most urgent first."""
        event = case.commitment.event
        phase = case.phase(now)
        if phase is Phase.OVER:
            if case.is_ended_above and any(now < d.active.end for _, d in case.live):
                yield Sign.ENDED
        elif not case.known:
            yield from self._signs_before(case, now)
        elif not case.live:
            if all(each.dispatch and each.dispatch.event.is_cancelled for each in case.known):
                answer = case.commitment.answer
                is_told = answer is not None and answer.opt is Opt.OUT
                if not (is_told and answer and answer.order == event.order):
                    yield Sign.RELEASED
        else:
            yield from self._signs_between(case, now)

    def _signs_before(self, case: Case, now: datetime) -> Iterator[Sign]:
        """Yield what can be seen of an event of which nothing was asked below."""
        commitment = case.commitment
        if commitment.status is State.REFUSED:
            return
        if self._why_looped(commitment):
            yield Sign.LOOPED
        if any(each.event in each.lower.role.dispatching.dispatches for each in case.below):
            yield Sign.TAKEN
        deadline = commitment.event.answer_by - self._settings.margin
        if now >= deadline or all(e.lower.role.knows_presence(now) for e in case.below):
            yield Sign.PLANNABLE

    def _signs_between(self, case: Case, now: datetime) -> Iterator[Sign]:
        """Yield what differs between an event above and those that were made of it below."""
        event = case.commitment.event
        is_barred = bool(case.upper.role.book.why_barred(event))
        is_something = bool(case.commitment.asked_w)
        calls = {
            lower.domain: self._call(case, lower, is_something * abs(dispatch.target_w), now)
            for lower, dispatch in case.live
        }
        if now < min(event.active.end, *(d.active.end for _, d in case.live)):
            if is_barred and any(d.target_w for _, d in case.live):
                yield Sign.BARRED
            if any(turns(d, calls[lower.domain]) for lower, d in case.live):
                yield Sign.TURNED
            total = sum(abs(d.target_w) for _, d in case.live)
            if total != abs(case.commitment.asked_w) or any(
                modified(d, calls[lower.domain], "") for lower, d in case.live
            ):
                yield Sign.CHANGED
            if is_missed(case, now):
                yield Sign.MISSED
        if asks(event) and not is_barred:
            said = saying(case, self._settings.policy, now)
            if said and is_news(case, said):
                yield Sign.ANSWERABLE

    def _done(self, deed: Deed, case: Case, sign: Sign, now: datetime) -> list[Effect]:
        """Do one deed of a step."""
        match deed:
            case Deed.CREATE:
                return self._created(case, now)
            case Deed.MODIFY | Deed.DIVIDE:
                return self._modified(case, sign, now)
            case Deed.CANCEL:
                above = case.commitment.event.reason or "cancelled above"
                why = _TURNED if sign is Sign.TURNED else above
                return [e for lower, d in case.live for e in self._cancelled(lower, d, why)]
            case Deed.ANSWER:
                said = saying(case, self._settings.policy, now)
                if said is None:
                    return []
                return self._answered(case, said.power_w, said.reason, now)
            case Deed.REFUSE:
                looped = self._why_looped(case.commitment)
                reasons = {Sign.LOOPED: looped, Sign.TAKEN: _TAKEN, Sign.TURNED: _TURNED}
                return self._answered(case, 0, reasons.get(sign, _RELEASED), now)

    def _created(self, case: Case, now: datetime) -> list[Effect]:
        """Plan below what was asked above, without members that another event goes first with."""
        effects: list[Effect] = []
        if len(self._uppers) > 1:
            for each in case.below:
                dispatching = each.lower.role.dispatching
                held = held_below(dispatching, now, self._call(case, each.lower, 0, now))
                effects += each.lower.placed(dispatching.hold(held, now))
        wanted = targets(case, now)
        for each in case.below:
            if each.dispatch is None and (wanted[each.lower.domain] or len(case.below) == 1):
                effects += self._create(case, each.lower, wanted[each.lower.domain], now)
        return effects

    def _create(self, case: Case, lower: Lower, target_w: int, now: datetime) -> list[Effect]:
        call = self._call(case, lower, target_w, now)
        fields = (
            ("upper", case.commitment.event.id),
            ("lower", call.event),
            ("watts", str(call.target_w)),
        )
        made = lower.placed(lower.role.dispatching.create(call, now))
        return [Note("info", "event cascades", fields), *made]

    def _modified(self, case: Case, sign: Sign, now: datetime) -> list[Effect]:
        """Make the events below what the one above is; a deadline that has passed stands."""
        effects: list[Effect] = []
        wanted = targets(case, now)
        why = f"asked for {case.commitment.asked_w} W from above"
        why = why if sign is not Sign.MISSED else "another domain below falls short"
        for lower, _ in case.live:
            call = self._call(case, lower, wanted[lower.domain], now)
            effects += lower.placed(lower.role.dispatching.modify(call, why, now))
        for each in case.below:
            if each.dispatch is None and wanted[each.lower.domain]:
                effects += self._create(case, each.lower, wanted[each.lower.domain], now)
        return effects

    def _cancelled(self, lower: Lower, dispatch: Dispatch, why: str) -> list[Effect]:
        return lower.placed(lower.role.dispatching.cancel(dispatch.event.id, why))

    def _answered(self, case: Case, power_w: int, reason: str, now: datetime) -> list[Effect]:
        opt = Opt.IN if power_w else Opt.OUT
        book = case.upper.role.book
        return case.upper.placed(book.answer(case.commitment, opt, power_w, reason, now))

    def _why_looped(self, commitment: Commitment) -> str:
        if set(self._tokens.values()) & set(commitment.path):
            return _LOOPED
        return _DEEP if commitment.hop >= MAX_HOPS else ""

    def _abandoned(self, now: datetime) -> list[Effect]:
        """Cancel what came from above and is known to nobody there any more."""
        known = {
            lower_event_id(event, lower.domain)
            for upper in self._uppers
            for event in upper.role.book.commitments
            for lower in self._lowers
        }
        return [
            effect
            for lower in self._lowers
            for dispatch in lower.role.dispatching.live()
            if dispatch.upper and dispatch.event.id not in known and now < dispatch.active.end
            for effect in self._cancelled(lower, dispatch, _GONE)
        ]

    def _call(self, case: Case, lower: Lower, target_w: int, now: datetime) -> Call:
        """Return what the members of a domain are to be asked for; a deadline that passed stands.

        Args:
            case: the event.
            lower: the domain.
            target_w: its part, W, not signed.
            now: the present.
        """
        commitment = case.commitment
        event, deadline = commitment.event, commitment.event.answer_by - self._settings.margin
        below = next(each for each in case.below if each.lower is lower)
        answer_by = max(deadline, now)
        if below.live and now >= deadline:
            answer_by = min(below.live.event.answer_by, event.active.end)
        return Call(
            event=below.event,
            signal=Delta(power_w=-target_w if commitment.asked_w < 0 else target_w),
            active=event.active,
            answer_by=answer_by,
            mode=event.mode,
            priority=event.priority,
            reason=event.reason,
            upper=event.id,
            origin=case.upper.domain,
            path=(*commitment.path, self._tokens[lower.domain]),
            hop=commitment.hop + 1,
            randomise_s=event.randomise_s,
            ramp_s=event.ramp_s,
            recovery_s=event.recovery_s,
        )
