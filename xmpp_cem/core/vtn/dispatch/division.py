"""Division of a dispatch over the members that are in play: pro rata, as one multiplier for all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from xmpp_cem.core.allocation import multiplier, share
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.calling import part_of
from xmpp_cem.core.vtn.dispatch.closedloop import is_restless, risen
from xmpp_cem.core.vtn.dispatch.individual import allocated
from xmpp_cem.core.vtn.dispatch.rebasing import rebased
from xmpp_cem.core.vtn.dispatch.standing import signed, version_of
from xmpp_cem.core.vtn.vtnstate import VtnState, is_counted
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Change, Event, Order
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Delta, Share
from xmpp_cem.model.time import Interval

MOST_MODIFICATIONS = 1000
"""No event has more versions."""


NO_ROOMS: Mapping[PartyId, int] = MappingProxyType({})
"""No limit bounds any member."""

_NINE_PLACES = Decimal("0.000000001")


@dataclass(frozen=True)
class Division:
    """A dispatch after it was divided anew, and the parts that changed."""

    dispatch: Dispatch
    parts: tuple[Part, ...] = ()

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """What people are told."""
        event = self.dispatch.event
        of = str(event.signal.multiplier) if isinstance(event.signal, Share) else ""
        return (("event_id", event.id), ("why", self.dispatch.why), ("multiplier", of))


def divide(
    state: VtnState,
    dispatch: Dispatch,
    parts: Mapping[PartyId, Part],
    why: str,
    now: datetime,
    rooms: Mapping[PartyId, int] = NO_ROOMS,
) -> Division:
    """Divide the target over who is in play; the event stays as it is when that changes nothing.

    `rooms` is the most that members may change by inside limits and rest, W; others may all.
    """
    playing = [part for part in parts.values() if is_in_play(state, dispatch, part, now)]
    is_none_left = not playing and not state.held_in(dispatch.event.id)
    if is_none_left and (dispatch.target_w or dispatch.is_individual):
        return _explained(dispatch, f"{why}; nobody is left")  # who comes back takes its old share
    if dispatch.is_individual:
        return _individually(state, dispatch, parts, within(playing, rooms), why, now)
    based, moved = rebased(state, dispatch, parts, now)
    playing = [moved.get(part.party, part) for part in playing]
    limits = {part.party: part.limit_w for part in within(playing, rooms)}
    capabilities = {part.party: part.capability_w for part in playing}
    of = multiplier(abs(dispatch.target_w), capabilities, limits)
    order, event = next_order(state, dispatch), with_multiplier(based, of)
    if order.modification > MOST_MODIFICATIONS:
        return _explained(dispatch, f"{why}; too many modifications")
    if event == dispatch.event:
        return _explained(dispatch, f"{why}; nobody can do more")
    asked = {part.party: min(share(of, part.capability_w), limits[part.party]) for part in playing}
    how = how_divided(abs(dispatch.target_w), of, asked, limits)
    divided = dispatch.model_copy(
        update={
            "event": event.model_copy(update={"order": order}),
            "redivisions": dispatch.redivisions + 1,
            "replanned": now,
            "why": f"{why}; {how}"[:256],
        }
    )
    told = {p.party: {"asked_w": signed(divided, asked[p.party])} for p in playing}
    changed = (p.model_copy(update=told[p.party]) for p in playing)
    away = (part for party, part in moved.items() if party not in told)
    return Division(divided, (*changed, *away))


def how_divided(
    target_w: int, of: Decimal, asked_w: Mapping[PartyId, int], limits_w: Mapping[PartyId, int]
) -> str:
    """Return how one multiplier divides a target, for people, and what is left of it.

    Args:
        target_w: the change asked for, W, not signed.
        of: the multiplier.
        asked_w: what members make of it, W, not signed.
        limits_w: the most that each of them can take, W.
    """
    how = f"divided among {len(asked_w)} by one multiplier, {of}"
    left_w, able_w = target_w - sum(asked_w.values()), sum(limits_w.values())
    if able_w < target_w:
        return f"{how}; {left_w} W are missing, as all together can do {able_w} W"
    if left_w == 0:
        return how
    return f"{how}; rounding {'leaves' if left_w > 0 else 'adds'} {abs(left_w)} W"


def with_multiplier(dispatch: Dispatch, of: Decimal) -> Event:
    """Return a dispatch's event with a multiplier, and later ones in proportion."""
    event = dispatch.event
    if not isinstance(event.signal, Share):
        return event
    signal = event.signal.model_copy(update={"multiplier": of})
    changes = tuple(
        change.model_copy(update={"signal": signal.model_copy(update={"multiplier": later})})
        for change in dispatch.changes
        for later in [_in_proportion(of, dispatch, change)]
    )
    return event.model_copy(update={"signal": signal, "changes": changes})


def _in_proportion(of: Decimal, dispatch: Dispatch, change: Change) -> Decimal:
    if not isinstance(change.signal, Delta) or not dispatch.target_w:
        return of
    later = of * abs(change.signal.power_w) / abs(dispatch.target_w)
    return min(Decimal(1), later).quantize(_NINE_PLACES)


def within(parts: Iterable[Part], rooms: Mapping[PartyId, int]) -> list[Part]:
    """Return parts that can do no more than limits in force leave them."""
    return [
        part.model_copy(update={"limit_w": min(part.limit_w, rooms.get(part.party, part.limit_w))})
        for part in parts
    ]


def _individually(
    state: VtnState,
    dispatch: Dispatch,
    parts: Mapping[PartyId, Part],
    playing: list[Part],
    why: str,
    now: datetime,
) -> Division:
    """Ask each member for its own share anew; only whose share changes hears of it."""
    order = next_order(state, dispatch)
    if order.modification > MOST_MODIFICATIONS:
        return _explained(dispatch, f"{why}; too many modifications")
    shares = allocated(state, dispatch, playing, now)
    watts = {**dict.fromkeys(state.held_in(dispatch.event.id), 0), **shares.watts}
    changed = tuple(
        part.model_copy(update={"asked_w": signed(dispatch, watts[part.party]), "order": order})
        for part in parts.values()
        if part.party in watts and watts[part.party] != abs(part.asked_w)
    )
    if not changed:
        return _explained(dispatch, f"{why}; nobody can do more")
    update = {
        "event": dispatch.event.model_copy(update={"order": order}),
        "redivisions": dispatch.redivisions + 1,
        "replanned": now,
        "why": f"{why}; {shares.why}"[:256],
    }
    return Division(dispatch.model_copy(update=update), changed)


def joined(
    state: VtnState, dispatch: Dispatch, party: PartyId, answer: Answer, now: datetime
) -> Part | None:
    """Return the part of a member that takes an event which was divided without it."""
    part = None if dispatch.is_individual else part_of(state, dispatch, state.members[party], now)
    if part is None or part.barred:
        return None
    if not isinstance(dispatch.signal, Delta):
        return Part(event=answer.event, party=party, capability_w=0, limit_w=0, asked_w=0)
    able_w, asked_w = max(part.limit_w, promised_w(dispatch, answer)), answer.power_w
    of = dispatch.event.signal.multiplier if isinstance(dispatch.event.signal, Share) else None
    if of and not part.capability_w and answer.order == dispatch.event.order:
        able_w = max(able_w, round(promised_w(dispatch, answer) / of))  # it took its share
    if answer.is_whole and isinstance(dispatch.event.signal, Share):
        asked_w = signed(dispatch, share(dispatch.event.signal.multiplier, able_w))
    update = {"capability_w": able_w, "limit_w": able_w, "asked_w": asked_w}
    return part.model_copy(update=update)


def raised(dispatch: Dispatch, part: Part, offered_w: int, order: Order) -> Part:
    """Return the part of a member that promises more than it was counted on for, W, not signed.

    What it said before is no bound of what it says now; what it can do is, where that is known, and
    what it was seen to deliver. Where we knew of nothing, as during an override that ends before
    the event, its share says on how much it counts: the share of the version, `order`, to which it
    said it. Of an older version that is not known any more, and all of it would be too much.
    """
    signal, able_w = dispatch.event.signal, part.capability_w or offered_w
    if not part.capability_w and isinstance(signal, Share):
        if order != version_of(dispatch, part):
            return part
        if signal.multiplier:
            able_w = max(able_w, round(offered_w / signal.multiplier))
    limit_w = min(offered_w, able_w)
    if part.conduct.strikes or limit_w <= part.limit_w:
        return part
    return risen(part, able_w, limit_w)


def in_watts(answer: Answer, part: Part) -> Answer:
    """Return an answer that says in W what it promises: a whole yes is all that was asked."""
    if not answer.is_whole:
        return answer
    return answer.model_copy(update={"power_w": part.asked_w, "is_whole": None})


def expected(state: VtnState, dispatch: Dispatch, part: Part, now: datetime) -> int:
    """Return the change that may be counted on from one member, W, not signed."""
    if not is_in_play(state, dispatch, part, now):
        return 0
    if part.answer and part.answer.order == version_of(dispatch, part):
        return min(promised_w(dispatch, part.answer), part.limit_w)
    return min(abs(part.asked_w), part.limit_w)


def promised_w(dispatch: Dispatch, answer: Answer) -> int:
    """Return what an answer promises, W, not signed; the opposite of what was asked is nothing."""
    return max(0, signed(dispatch, answer.power_w))


def is_in_play(state: VtnState, dispatch: Dispatch, part: Part, now: datetime) -> bool:
    """Whether a member may be called, is reachable and free, and has not said no to this time.

    Silence at the deadline is a no, where the event's programme does not say otherwise.
    """
    is_free = part.party not in state.held_in(dispatch.event.id) and not is_restless(part)
    is_free = is_free and not part.barred
    if not is_free or not is_usable(state, part.party, dispatch.active):
        return False
    if part.answer is None:
        return now < dispatch.event.answer_by or state.rules.is_silence_yes(dispatch.event)
    at = max(now, dispatch.active.start)
    return part.answer.opt is Opt.IN and (part.answer.until is None or at < part.answer.until)


def is_usable(state: VtnState, party: PartyId, over: Interval) -> bool:
    """Whether one may count on a member in an event's time."""
    member = state.members.get(party)
    return member is not None and is_counted(member, over)


def next_order(state: VtnState, dispatch: Dispatch) -> Order:
    """Return the order of the next version, in our own epoch."""
    return Order(epoch=state.record.epoch, modification=dispatch.event.order.modification + 1)


def _explained(dispatch: Dispatch, why: str) -> Division:
    return Division(dispatch.model_copy(update={"why": why[:256]}))
