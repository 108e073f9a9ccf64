"""One event between the levels: what is kept of it above and below, and the phase that makes."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from xmpp_cem.core.cascade.ends import Lower, Upper
from xmpp_cem.core.cascade.saga import Phase
from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment, Dispatch
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import EventId, lower_event_id

_ENDED_BELOW = frozenset({EventStatus.CANCELLED, EventStatus.COMPLETED})
_ENDED_ABOVE = frozenset({State.CANCELLED, State.COMPLETED, State.EXPIRED})


@dataclass(frozen=True)
class Below:
    """One domain's event of a case; `dispatch` is None where nothing was asked there."""

    lower: Lower
    event: EventId
    dispatch: Dispatch | None

    @property
    def live(self) -> Dispatch | None:
        """The dispatch, as long as it may change power."""
        if self.dispatch is None or self.dispatch.event.status in _ENDED_BELOW:
            return None
        return self.dispatch


@dataclass(frozen=True)
class Case:
    """One event of a domain above and all that was made of it below.

    Args:
        upper: the domain above.
        commitment: the event there.
        below: every domain below.
        known: those that were asked.
        live: those where its event may still change power.
    """

    upper: Upper
    commitment: Commitment
    below: tuple[Below, ...]
    known: tuple[Below, ...]
    live: tuple[tuple[Lower, Dispatch], ...]

    @cached_property
    def is_barred(self) -> bool:
        """Whether nobody here is asked about it, and the answer is no."""
        return bool(self.upper.role.book.why_barred(self.commitment.event))

    @property
    def is_ended_above(self) -> bool:
        """Whether nobody above asks for it any more."""
        return self.commitment.status in _ENDED_ABOVE

    def phase(self, now: datetime) -> Phase:
        """Return where it stands."""
        commitment, answer = self.commitment, self.commitment.answer
        if self.is_ended_above or now >= commitment.event.active.end:
            return Phase.OVER
        is_no = answer is not None and answer.opt is Opt.OUT
        if not self.known:
            return Phase.DECLINED if commitment.status is State.REFUSED or is_no else Phase.WAITING
        if is_no or commitment.status is State.REFUSED:
            return Phase.DECLINED
        return Phase.PROMISED if answer else Phase.ASKING


def case_of(upper: Upper, commitment: Commitment, lowers: tuple[Lower, ...]) -> Case:
    """Return what there is of an event; what another domain above has under its id is not."""
    below, known, live = [], [], []
    for lower in lowers:
        event = lower_event_id(commitment.event.id, lower.domain)
        found = lower.role.dispatching.dispatches.get(event)
        is_own = found is None or not found.origin or found.origin == upper.domain
        each = Below(lower, event, found if is_own else None)
        below.append(each)
        if each.dispatch:
            known.append(each)
        if each.live:
            live.append((lower, each.live))
    return Case(upper, commitment, tuple(below), tuple(known), tuple(live))
