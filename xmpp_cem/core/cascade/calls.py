"""What a gateway calls its members for, and which events it must not carry on."""

from datetime import datetime

from xmpp_cem.core.call import Call
from xmpp_cem.core.cascade.case import Case
from xmpp_cem.core.cascade.ends import Lower
from xmpp_cem.core.cascade.planning import called_for
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.cascade.splitting import split
from xmpp_cem.core.records import Commitment, Dispatch
from xmpp_cem.messages.envelope import MAX_HOPS
from xmpp_cem.model.ids import DomainId, EventId, derived_id
from xmpp_cem.model.signal import Limit, TargetPower

_LOOPED = "this event has already passed here"
_BELOW = "this domain is below us too"
_DEEP = "too many levels"
_MOST_AGREED = 4096


class Rules:
    """The rules of one gateway; its tokens, one for each domain below, mark what has passed.

    `closed` are the domains above that are below us too: nothing of theirs is carried on.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.closed: frozenset[DomainId] = frozenset()
        party = settings.upper.party
        self.tokens = {
            each.domain: derived_id("path", party, each.domain)[:13] for each in settings.lowers
        }
        self._agreed: dict[EventId, tuple[Commitment, Dispatch, bool, bool]] = {}

    def is_circular(self, commitment: Commitment) -> bool:
        """Whether an event comes from above that has come from us."""
        return bool(set(self.tokens.values()) & set(commitment.path))

    def why_looped(self, case: Case) -> str:
        """Return why an event must not be carried on, or nothing."""
        commitment = case.commitment
        if self.is_circular(commitment):
            return _LOOPED
        if case.upper.domain in self.closed:
            return _BELOW
        return _DEEP if commitment.hop >= MAX_HOPS else ""

    def has_agreed(self, case: Case, dispatch: Dispatch, now: datetime) -> bool:
        """Whether members were asked for just this, when it was looked at last.

        A call follows from two immutable records, the deadline and whether the answer is barred:
        as long as they are the same ones, it is not made and compared again at every input.
        """
        known = self._agreed.get(dispatch.event.id)
        if known is None or known[0] is not case.commitment or known[1] is not dispatch:
            return False
        return known[2:] == (case.is_barred, self._is_late(case, now))

    def agree(self, case: Case, now: datetime) -> None:
        """Remember that members were asked for just this, unless domains share it by what is so."""
        signal = case.commitment.event.signal
        if len(case.below) > 1 and isinstance(signal, Limit | TargetPower):
            return
        if len(self._agreed) > _MOST_AGREED:
            self._agreed.clear()
        state = case.is_barred, self._is_late(case, now)
        for _, dispatch in case.live:
            self._agreed[dispatch.event.id] = (case.commitment, dispatch, *state)

    def _is_late(self, case: Case, now: datetime) -> bool:
        return now >= case.commitment.event.answer_by - self.settings.margin

    def call(self, case: Case, lower: Lower, target_w: int, now: datetime) -> Call:
        """Return what the members of a domain are to be asked for; a deadline that passed stands.

        Args:
            case: the event.
            lower: the domain.
            target_w: its part, W, not signed.
            now: the present.
        """
        commitment = case.commitment
        event, deadline = commitment.event, commitment.event.answer_by - self.settings.margin
        below = next(each for each in case.below if each.lower is lower)
        answer_by = max(deadline, now)
        signal, *later = split(case, now)[lower.domain]
        changes = tuple(
            change.model_copy(update={"signal": other})
            for change, other in zip(event.changes, later, strict=True)
        )
        if below.live and case.is_barred:
            signal, changes = below.live.signal, ()  # members are released from what they know
        if below.live and now >= deadline:
            answer_by = min(below.live.event.answer_by, event.active.end)
        return Call(
            event=below.event,
            **called_for(signal, changes, -target_w if commitment.asked_w < 0 else target_w),
            active=event.active,
            answer_by=answer_by,
            mode=event.mode,
            priority=event.priority,
            reason=event.reason,
            upper=event.id,
            origin=case.upper.domain,
            path=(*commitment.path, self.tokens[lower.domain]),
            hop=commitment.hop + 1,
            randomise_s=event.randomise_s or 0,
            ramp_s=event.ramp_s,
            recovery_s=event.recovery_s,
            programme=self.settings.programme_below(event.programme, lower.role.settings),
        )
