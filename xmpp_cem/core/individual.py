"""Individual shares: a division whose members are each asked for their own, by transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from xmpp_cem.allocations.allocation import Shares
from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.in_order import PRO_RATA
from xmpp_cem.core.effects import Effect, Transact
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtnstate import Terms, VtnState
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, Jid, PartyId, derived_id
from xmpp_cem.model.signal import Delta, Level, Price, Signal, in_proportion
from xmpp_cem.model.time import Interval


def share_id(event: EventId, party: PartyId) -> EventId:
    """Return the id of what one member is asked within an event: the same on every attempt."""
    return derived_id("share", event, party)


def is_individual(state: VtnState, signal: Signal) -> bool:
    """Whether a domain's members have to be asked each for what no event for all can say."""
    if isinstance(signal, Price | Level):
        return False
    if not isinstance(signal, Delta):
        return True
    has_blocks = any(terms.block_w for terms in state.settings.terms.values())
    return has_blocks or state.settings.allocation is not PRO_RATA


def allocated(
    state: VtnState, target_w: int, active: Interval, parts: Iterable[Part], now: datetime
) -> Shares:
    """Divide by the domain's allocation.

    Args:
        state: whose terms with its members count.
        target_w: the change asked for, W, not signed.
        active: when it is asked for.
        parts: of the members that can take a share.
        now: the present.
    """
    start = max(active.start, now)
    demand = Demand(target_w=target_w, start=start, duration=active.end - start)
    return state.settings.allocation.divide(demand, Candidates(_candidate(state, p) for p in parts))


def asked_event(dispatch: Dispatch, part: Part) -> Event | None:
    """Return what a member is asked within an individual division, None if it never was."""
    if part.order is None:
        return None
    event = dispatch.event
    order = event.order if event.is_cancelled else part.order
    signal, *later = part.told or _shares(dispatch, part)
    changes = zip(dispatch.changes, later, strict=False)
    update = {
        "id": share_id(event.id, part.party),
        "order": order,
        "signal": signal,
        "changes": tuple(each.model_copy(update={"signal": other}) for each, other in changes),
    }
    return event.model_copy(update=update)


def _shares(dispatch: Dispatch, part: Part) -> tuple[Signal, ...]:
    """Return a member's share of what was called for, one signal after the other."""
    later = (
        in_proportion(part.asked_w, dispatch.signal, change.signal) for change in dispatch.changes
    )
    return tuple(Delta(power_w=power_w) for power_w in (part.asked_w, *later))


def told(dispatch: Dispatch, parts: Mapping[PartyId, Part], party: PartyId) -> Event | None:
    """Return an event as one member knows it; None when it is not asked of it."""
    if not dispatch.is_individual:
        return dispatch.event
    part = parts.get(party)
    return asked_event(dispatch, part) if part else None


def sent(
    state: VtnState, dispatch: Dispatch, parts: Mapping[PartyId, Part], now: datetime
) -> list[Effect]:
    """Send the newest version of an individual division to everybody whom it concerns."""
    event = dispatch.event
    effects: list[Effect] = []
    for part in parts.values():
        share = asked_event(dispatch, part)
        if share is None or share.order != event.order:
            continue
        verb = Verb.CHANGE if event.order.modification else Verb.CREATE
        verb = Verb.CANCEL if event.is_cancelled else verb
        order = share.order
        header = Header(
            verb=verb,
            noun=Noun.CONTROLS,
            message_id=derived_id(share.id, order.epoch, order.modification, verb, part.party),
            timestamp=now,
            source=state.settings.party,
            trace=event.id,
            path=dispatch.path,
            hop=dispatch.hop,
            expires=event.active.end,
        )
        message = RequestMessage(header=header, body=EndDeviceControls(events=(share,)))
        to = Jid(state.members[part.party].account, "ven")
        effects.append(Transact(Link.LOWER, to, message, event.active.end))
    return effects


def _candidate(state: VtnState, part: Part) -> Candidate:
    terms = state.settings.terms.get(part.party, Terms())
    member = state.members[part.party]
    return Candidate(
        key=part.party,
        capability_w=part.capability_w,
        limit_w=part.limit_w,
        block_w=min(terms.block_w, part.capability_w),
        price=terms.price,
        priority=terms.priority,
        called_s=member.called_s,
        present_w=abs(part.asked_w),
    )
