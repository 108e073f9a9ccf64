"""How a call becomes a dispatch, and how a dispatch that changed becomes its next version."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.allocation import multiplier, share
from xmpp_cem.core.call import Call
from xmpp_cem.core.division import Division, next_order
from xmpp_cem.core.individual import allocated, is_individual
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.standing import signed
from xmpp_cem.core.vtnstate import VtnState
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Share


def opened(state: VtnState, call: Call, now: datetime) -> Division:
    """Divide what is called for over the members on whom one may count now."""
    is_fall = call.target_w < 0
    event = Event(
        id=call.event,
        order=Order(epoch=state.record.epoch, modification=0),
        mode=call.mode,
        priority=call.priority,
        active=call.active,
        targets=call.targets,
        signal=Share(direction="decrease" if is_fall else "increase", multiplier=0, basis=now),
        created=now,
        answer_by=call.answer_by,
        reason=call.reason,
        **call.spread,
    )
    dispatch = Dispatch(
        event=event,
        target_w=call.target_w,
        called=call.signal,
        changes=call.changes,
        upper=call.upper,
        origin=call.origin,
        path=call.path,
        hop=call.hop,
        why="created",
        is_individual=is_individual(state) or bool(state.held_in(call.event)),
    )
    parts = [
        _part(call, member.party, flexible_w)
        for member in state.usable()
        if (able := member.capability)
        for flexible_w in [able.decrease_w if is_fall else able.increase_w]
    ]
    divide = _individually if dispatch.is_individual else _by_multiplier
    return divide(state, dispatch, parts, now)


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


def _part(call: Call, party: PartyId, flexible_w: int) -> Part:
    return Part(
        event=call.event, party=party, capability_w=flexible_w, limit_w=flexible_w, asked_w=0
    )


def _by_multiplier(
    _state: VtnState, dispatch: Dispatch, parts: list[Part], _now: datetime
) -> Division:
    limits = {part.party: part.limit_w for part in parts}
    of = multiplier(abs(dispatch.target_w), limits, limits)
    signal = dispatch.event.signal.model_copy(update={"multiplier": of})
    event = dispatch.event.model_copy(update={"signal": signal})
    asked = (
        part.model_copy(update={"asked_w": signed(dispatch, share(of, part.capability_w))})
        for part in parts
    )
    return Division(dispatch.model_copy(update={"event": event}), tuple(asked))


def _individually(
    state: VtnState, dispatch: Dispatch, parts: list[Part], now: datetime
) -> Division:
    held = state.held_in(dispatch.event.id)
    free = [part for part in parts if part.party not in held]
    shares = allocated(state, abs(dispatch.target_w), dispatch.active, free, now)
    watts = {**dict.fromkeys(held, 0), **shares.by_key()}
    asked = (
        part.model_copy(
            update={
                "asked_w": signed(dispatch, watts[part.party]),
                "order": dispatch.event.order if watts[part.party] else None,
            }
        )
        for part in parts
    )
    why = f"created; {shares.why}"[:256]
    return Division(dispatch.model_copy(update={"why": why}), tuple(asked))
