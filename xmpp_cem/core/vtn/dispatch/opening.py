"""How a call becomes a dispatch, and how a dispatch that changed becomes its next version."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.allocation import multiplier, share
from xmpp_cem.core.call import Call
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.calling import part_of
from xmpp_cem.core.vtn.dispatch.division import (
    Division,
    how_divided,
    next_order,
    with_multiplier,
    within,
)
from xmpp_cem.core.vtn.dispatch.individual import allocated, is_individual
from xmpp_cem.core.vtn.dispatch.standing import signed
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Delta, Share, Signal


def begun(state: VtnState, call: Call, now: datetime) -> Dispatch:
    """Return the dispatch of a call, before it is divided."""
    event = Event(
        id=call.event,
        order=Order(epoch=state.record.epoch, modification=0),
        mode=call.mode,
        priority=call.priority,
        active=call.active,
        targets=call.targets,
        signal=_told_first(call, now),
        created=now,
        answer_by=call.answer_by,
        reason=call.reason,
        programme=call.programme,
        **call.spread,
    )
    return Dispatch(
        event=event,
        target_w=call.target_w,
        called=call.signal,
        changes=call.changes,
        upper=call.upper,
        origin=call.origin,
        path=call.path,
        hop=call.hop,
        why="created",
        is_individual=is_individual(state, call.signal) or bool(state.held_in(call.event)),
    )


def divided_first(
    state: VtnState, dispatch: Dispatch, rooms: Mapping[PartyId, int], now: datetime
) -> Division:
    """Divide a change of power over the members on whom one may count now.

    Args:
        state: whose members.
        dispatch: as it has begun.
        rooms: the most that members may change by inside limits and rest, W; others may all.
        now: the present.
    """
    called = (part_of(state, dispatch, member, now) for member in state.usable(dispatch.active))
    parts = [part for part in called if part]
    bounded = within(parts, rooms)
    if not dispatch.is_individual:
        return _by_multiplier(dispatch, parts, bounded)
    return _individually(state, dispatch, parts, bounded, now)


def renewed(
    state: VtnState, before: Dispatch, division: Division, parts: Mapping[PartyId, Part]
) -> Division:
    """Return a division as the next version of a dispatch, for all whom it was asked of."""
    made = division.dispatch
    if made.event.order == before.event.order:
        order = next_order(state, before)
        made = made.model_copy(update={"event": made.event.model_copy(update={"order": order})})
    if not made.is_individual:
        return Division(made, division.parts)
    newest = {**parts, **{part.party: part for part in division.parts}}
    asked = (part for part in newest.values() if part.order is not None)
    update = {"order": made.event.order}
    return Division(made, tuple(part.model_copy(update=update) for part in asked))


def _told_first(call: Call, now: datetime) -> Signal:
    """Return what the event asks before it is divided."""
    if not isinstance(call.signal, Delta):
        return call.signal
    direction = "decrease" if call.target_w < 0 else "increase"
    return Share.model_validate({"direction": direction, "multiplier": 0, "basis": now})


def _by_multiplier(dispatch: Dispatch, parts: list[Part], bounded: list[Part]) -> Division:
    capabilities = {part.party: part.capability_w for part in parts}
    limits = {part.party: part.limit_w for part in bounded}
    of = multiplier(abs(dispatch.target_w), capabilities, limits)
    watts = {part.party: min(share(of, part.capability_w), limits[part.party]) for part in parts}
    asked = (p.model_copy(update={"asked_w": signed(dispatch, watts[p.party])}) for p in parts)
    how = how_divided(abs(dispatch.target_w), of, watts, limits) if parts else "nobody is there"
    update = {"event": with_multiplier(dispatch, of), "why": f"created; {how}"[:256]}
    return Division(dispatch.model_copy(update=update), tuple(asked))


def _individually(
    state: VtnState, dispatch: Dispatch, parts: list[Part], bounded: list[Part], now: datetime
) -> Division:
    held = state.held_in(dispatch.event.id)
    free = [part for part in bounded if part.party not in held and not part.barred]
    shares = allocated(state, dispatch, free, now)
    watts = {**dict.fromkeys(held, 0), **shares.watts}
    asked = (
        part
        if part.barred
        else part.model_copy(
            update={
                "asked_w": signed(dispatch, watts[part.party]),
                "order": dispatch.event.order if watts[part.party] else None,
            }
        )
        for part in parts
    )
    why = f"created; each its own share; {shares.why}"[:256]
    return Division(dispatch.model_copy(update={"why": why}), tuple(asked))
