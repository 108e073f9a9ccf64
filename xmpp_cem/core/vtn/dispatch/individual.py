"""Individual shares: a division whose members are each asked for their own, by transaction."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.in_order import PRO_RATA
from xmpp_cem.core.commitments import only
from xmpp_cem.core.effects import Effect, Transact
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.vtnstate import Terms, VtnState
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, Jid, PartyId, derived_id
from xmpp_cem.model.resource import dearest
from xmpp_cem.model.signal import Delta, Level, Price, Signal, in_proportion

_OFFERED = " offered"
"""Behind a party's id: the candidate for what it offers beyond its standing capability."""


class Allocated(NamedTuple):
    """What an individual division asks of each member, W, not signed, and why."""

    watts: dict[PartyId, int]
    why: str


def share_id(event: EventId, party: PartyId) -> EventId:
    """Return the id of what one member is asked within an event: the same on every attempt."""
    return derived_id("share", event, party)


def is_individual(state: VtnState, signal: Signal) -> bool:
    """Whether a domain's members have to be asked each for what no event for all can say."""
    if isinstance(signal, Price | Level):
        return False
    if not isinstance(signal, Delta):
        return True
    are_bound = any(terms.is_bound for terms in state.settings.terms.values())
    return are_bound or state.settings.allocation is not PRO_RATA


def allocated(
    state: VtnState, dispatch: Dispatch, parts: Iterable[Part], now: datetime
) -> Allocated:
    """Divide a change of power by the domain's allocation; an offer goes at its own price.

    Args:
        state: whose terms with its members count.
        dispatch: what is asked for, and when.
        parts: of the members that can take a share.
        now: the present.
    """
    active, ramp_s = dispatch.active, dispatch.event.ramp_s
    demand = Demand(
        target_w=abs(dispatch.target_w),
        start=active.start,
        duration=active.duration,
        ramp_time=timedelta(seconds=ramp_s),
    )
    has_begun = now >= active.start
    rows = ((p, _candidate(state, p, ramp_s, has_begun=has_begun)) for p in parts)
    split = (each for part, row in rows for each in _split(state, dispatch, part, row))
    shares = state.settings.allocation.divide(demand, Candidates(split))
    watts: dict[PartyId, int] = {}
    for key, share_w in shares.by_key().items():
        party = key.removesuffix(_OFFERED)
        watts[party] = watts.get(party, 0) + share_w
    return Allocated(watts, shares.why)


def asked_event(dispatch: Dispatch, part: Part) -> Event | None:
    """Return what a member is asked within an individual division, None if it never was."""
    if part.order is None:
        return None
    event = dispatch.event
    order = event.order if event.is_cancelled else part.order
    own = event.targets.model_copy(update={"resources": part.targets})
    signal, *later = part.told or _shares(dispatch, part)
    changes = zip(dispatch.changes, later, strict=False)
    update = {
        "id": share_id(event.id, part.party),
        "order": order,
        "targets": own if part.targets else event.targets,
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
        effects.append(by_transaction(state, dispatch, share, verb, part.party, now))
    return effects


def by_transaction(
    state: VtnState,
    dispatch: Dispatch,
    event: Event,
    verb: Verb,
    party: PartyId,
    now: datetime,
) -> Transact:
    """Return what sends a version to one member: by the same MessageID on every attempt.

    Args:
        state: of the VTN.
        dispatch: the event.
        event: the version, as the member knows it.
        verb: what is to be done with it.
        party: the member.
        now: the present.
    """
    order = event.order
    header = Header(
        verb=verb,
        noun=Noun.CONTROLS,
        message_id=derived_id(event.id, order.epoch, order.modification, verb, party),
        timestamp=now,
        source=state.settings.party,
        trace=dispatch.event.id,
        path=dispatch.path,
        hop=dispatch.hop,
        expires=event.active.end,
    )
    message = RequestMessage(header=header, body=EndDeviceControls(events=(event,)))
    to = Jid(state.members[party].account, "ven")
    return Transact(Link.LOWER, to, message, event.active.end)


def _candidate(state: VtnState, part: Part, ramp_s: int, *, has_begun: bool) -> Candidate:
    """Return a member as an allocation sees it; before the start there is no share to rise from."""
    terms = state.settings.terms.get(part.party, Terms())
    member = state.members[part.party]
    limit_w, ramp = part.limit_w, terms.ramp_w_per_s
    if math.isfinite(ramp) and not has_begun:
        limit_w, ramp = min(limit_w, int(ramp * ramp_s)), math.inf
    return Candidate(
        key=part.party,
        capability_w=part.capability_w,
        limit_w=limit_w,
        ramp_w_per_s=ramp,
        energy_wh=terms.energy_wh,
        block_w=min(terms.block_w, part.capability_w),
        price=terms.price,
        priority=terms.priority,
        called_s=member.called_s,
        present_w=abs(part.asked_w),
    )


def _split(
    state: VtnState, dispatch: Dispatch, part: Part, whole: Candidate
) -> Iterator[Candidate]:
    """Yield what a member can do at its terms, and what it offers at a price of its own.

    One whose terms bind what it does at a time, such as a block, goes as a whole, at its terms.
    """
    terms = state.settings.terms.get(part.party, Terms())
    able = state.members[part.party].capability
    able = only(able, part.resources or None) if able and not terms.is_bound else None
    is_fall = dispatch.target_w < 0
    extra_w = able.offered_w(dispatch.active, is_fall=is_fall) if able else 0
    extra_w = min(extra_w, whole.capability_w)
    if able is None or not extra_w:
        yield whole
        return
    standing_w = whole.capability_w - extra_w
    limit_w, present_w = part.limit_w, abs(part.asked_w)
    first_w = min(limit_w, standing_w)
    yield whole._replace(
        capability_w=standing_w, limit_w=first_w, present_w=min(present_w, standing_w)
    )
    yield whole._replace(
        key=part.party + _OFFERED,
        capability_w=extra_w,
        limit_w=limit_w - first_w,
        price=dearest(able.resources),
        present_w=max(0, present_w - standing_w),
    )
