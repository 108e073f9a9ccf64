"""Makes the levels of a gateway agree, one difference after the other, by a cascade's table."""

from datetime import datetime

from xmpp_cem.core.cascade import baselines
from xmpp_cem.core.cascade.alarms import Alarms
from xmpp_cem.core.cascade.calls import Rules
from xmpp_cem.core.cascade.case import Case, case_of
from xmpp_cem.core.cascade.circles import Circles
from xmpp_cem.core.cascade.contention import Contention, held_below
from xmpp_cem.core.cascade.ends import Lower, Upper
from xmpp_cem.core.cascade.naming import Naming
from xmpp_cem.core.cascade.planning import is_of_power, targets
from xmpp_cem.core.cascade.promising import Saying, missing_w, saying, tolerance_w
from xmpp_cem.core.cascade.saga import TABLE, Deed, Sign
from xmpp_cem.core.cascade.settings import GatewaySettings, Policy
from xmpp_cem.core.cascade.signs import signs
from xmpp_cem.core.effects import Effect, Note
from xmpp_cem.core.life.lifecycle import ENDED
from xmpp_cem.core.records import Commitment, Dispatch
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.ids import EventId, derived_id

_AT_ONCE = 3
"""So many differences of one event are made good in one step; the rest at the next look."""

_TAKEN = "another domain above has an event of this id"
_TURNED = "members were asked for the opposite before"
_RELEASED = "the event was cancelled below"
_PAST = "the event is over below; what is still wanted needs an event of its own"
_GONE = "nobody above asks for it any more"


class Cascading:
    """Compares what is committed above with what is dispatched below, and makes them agree."""

    def __init__(
        self, settings: GatewaySettings, uppers: tuple[Upper, ...], lowers: tuple[Lower, ...]
    ) -> None:
        self._settings = settings
        self._uppers = uppers
        self._lowers = lowers
        self._naming = Naming(settings.names_told)
        self._alarms = Alarms(self._naming)
        self._rules = Rules(settings)
        self.contentions = {lower.domain: Contention(lower.role.dispatching) for lower in lowers}
        self.circles = Circles(self._rules.tokens, uppers, lowers)

    def agreed(self, now: datetime) -> list[Effect]:
        """Make every lower level follow the upper ones, and the answers above the lower ones."""
        links = self.circles.links
        self._rules.closed = frozenset(up.domain for up in self._uppers if up.link in links)
        effects: list[Effect] = []
        below = (d.upper for lower in self._lowers for d in lower.role.dispatching.live())
        going_on = {upper for upper in below if upper}
        for upper in self._uppers:
            known = upper.role.book.commitments
            unended = {each.event.id for each in known.after(now)}
            for commitment in known.live_or(going_on | unended):
                is_over = commitment.status in ENDED and now >= commitment.event.active.end
                if not is_over or commitment.event.id in going_on:
                    effects += self._made_good(upper, commitment, now)
        effects += self._abandoned(now)
        if len(self._uppers) > 1:
            for lower in self._lowers:
                held = self.contentions[lower.domain].held(now)
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
            sign = next(signs(self._rules, case, now), None)
            if sign is None or sign is last:
                return [*effects, *self._told(case, now)]  # nothing was done since it was looked at
            move = TABLE[case.phase(now), sign]
            for deed in move.deeds:
                effects += self._done(deed, case, sign, now)
            last = sign
        if known := upper.role.book.commitments.get(commitment.event.id):
            effects += self._told(case_of(upper, known, self._lowers), now)
        return effects

    def _told(self, case: Case, now: datetime) -> list[Effect]:
        """Tell above what is wrong, and what the members' baselines come to."""
        return [*self._alarms.look(case, now), *baselines.told(case, now)]

    def _done(self, deed: Deed, case: Case, sign: Sign, now: datetime) -> list[Effect]:
        """Do one deed of a step."""
        match deed:
            case Deed.CREATE:
                return self._created(case, now)
            case Deed.MODIFY | Deed.DIVIDE:
                return self._modified(case, sign, now)
            case Deed.CANCEL:
                return self._released(case, sign, now)
            case Deed.ANSWER:
                return self._said(case, now)
            case Deed.REPORT:
                return self._reported(case, now)
            case Deed.REFUSE:
                return self._refused(case, sign, now)

    def _released(self, case: Case, sign: Sign, now: datetime) -> list[Effect]:
        above = case.commitment.event.reason or "cancelled above"
        why = _TURNED if sign is Sign.TURNED else above
        return [effect for lower, d in case.live for effect in self._cancelled(lower, d, why, now)]

    def _said(self, case: Case, now: datetime) -> list[Effect]:
        said = saying(case, self._settings.policy, now)
        return self._answered(case, said, now) if said else []

    def _refused(self, case: Case, sign: Sign, now: datetime) -> list[Effect]:
        looped = self._rules.why_looped(case)
        if self._rules.is_circular(case.commitment):
            self.circles.proved(case.upper)
        reasons = {Sign.LOOPED: looped, Sign.TAKEN: _TAKEN, Sign.TURNED: _TURNED}
        is_cancelled = all(e.dispatch and e.dispatch.event.is_cancelled for e in case.known)
        why = reasons.get(sign, _RELEASED if is_cancelled else _PAST)
        refused = self._answered(case, Saying(0, why, is_final=True, opt=Opt.OUT), now)
        return [*refused, *_alarmed(case, looped)] if sign is Sign.LOOPED else refused

    def _created(self, case: Case, now: datetime) -> list[Effect]:
        """Plan below what was asked above, without members that another event goes first with."""
        effects: list[Effect] = []
        if len(self._uppers) > 1:
            for each in case.below:
                dispatching = each.lower.role.dispatching
                held = held_below(dispatching, now, self._rules.call(case, each.lower, 0, now))
                effects += each.lower.placed(dispatching.hold(held, now))
        wanted = targets(case, now)
        for each in case.below:
            is_alone = len(case.below) == 1 or not is_of_power(case.commitment.event.signal)
            if each.dispatch is None and (wanted[each.lower.domain] or is_alone):
                effects += self._create(case, each.lower, wanted[each.lower.domain], now)
        return effects

    def _create(self, case: Case, lower: Lower, target_w: int, now: datetime) -> list[Effect]:
        call = self._rules.call(case, lower, target_w, now)
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
            call = self._rules.call(case, lower, wanted[lower.domain], now)
            effects += lower.placed(lower.role.dispatching.modify(call, why, now))
        for each in case.below:
            if each.dispatch is None and wanted[each.lower.domain]:
                effects += self._create(case, each.lower, wanted[each.lower.domain], now)
        return effects

    def _cancelled(self, lower: Lower, dispatch: Dispatch, why: str, now: datetime) -> list[Effect]:
        return lower.placed(lower.role.dispatching.cancel(dispatch.event.id, why, now))

    def _answered(self, case: Case, said: Saying, now: datetime) -> list[Effect]:
        book = case.upper.role.book
        known, opt, power_w = case.commitment, said.opt, said.power_w
        reason = self._naming.said(case, said.reason, now)
        made = book.answer(known, opt, power_w, reason, now, said.until)
        return case.upper.placed(made)

    def _reported(self, case: Case, now: datetime) -> list[Effect]:
        """Tell what is missing, or that nothing is any more."""
        commitment, upper = case.commitment, case.upper
        missing = missing_w(case, saying(case, Policy.FIRM, now)) or 0
        missing = missing if missing > tolerance_w(case) else 0
        asked_w = commitment.asked_w
        text = f"{kilowatts(missing)} of {kilowatts(abs(asked_w))} cannot be covered"
        event = commitment.event.id
        status = Status(
            id=derived_id("shortfall", self._settings.upper.party, event, missing, now),
            type=StatusType.SHORTFALL,
            at=now,
            event=event,
            power_w=-missing if asked_w < 0 else missing,
            reason=self._naming.said(case, text, now) if missing else "all is covered again",
        )
        told = upper.role.book.keep(commitment.model_copy(update={"short_w": missing}))
        return upper.placed([told, *upper.role.tell(status, now)])

    def _is_known(self, origin: str, event: EventId) -> bool:
        """Whether an event is known above, in the domain that it came from."""
        from_there = (up for up in self._uppers if origin in {"", up.domain})
        return any(event in upper.role.book.commitments for upper in from_there)

    def _abandoned(self, now: datetime) -> list[Effect]:
        """Cancel what came from above and is known to nobody there any more."""
        return [
            effect
            for lower in self._lowers
            for dispatch in lower.role.dispatching.live()
            if dispatch.upper and now < dispatch.active.end
            if not self._is_known(dispatch.origin, dispatch.upper)
            for effect in self._cancelled(lower, dispatch, _GONE, now)
        ]


def _alarmed(case: Case, why: str) -> list[Effect]:
    """Tell people of a hierarchy that was wired in a circle, or has too many levels."""
    event, hop = case.commitment.event, str(case.commitment.hop)
    fields = (("event_id", event.id), ("domain", case.upper.domain), ("hop", hop), ("why", why))
    return [Note("error", "an event goes in a circle", fields)]
