"""A group's limit: each member gets a limit of its own, so that together they keep it.

What a member may take is never less than what it was told and may still act on. So nobody's limit
rises before those whose limits fall have confirmed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.allocations.limits import Limited, divide_limit
from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.commitments import is_overridden, kept_by_owner, only
from xmpp_cem.core.records import Dispatch, Member, Part
from xmpp_cem.core.vtn.dispatch.calling import called_in
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import stretches
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Limit

SILENT_AFTER = timedelta(seconds=15)
"""So long after it was asked a member that says nothing counts as one that takes no limit."""

_GONE = frozenset({Availability.UNREACHABLE, Availability.OUT_OF_SERVICE})


@dataclass(frozen=True)
class Limiting:
    """A group's limit as it is divided.

    Args:
        told: what each member is told, for each signal of the event in turn.
        counted_w: what counts for each member that takes no limit, W.
        excess_w: by how much the group's limit may be exceeded all the same, W.
        why: one sentence for people.
        called: in a programme, what is called of each member.
    """

    told: Mapping[PartyId, tuple[Limit, ...]]
    counted_w: Mapping[PartyId, int]
    excess_w: int
    why: str
    called: Mapping[PartyId, tuple[ResourceId, ...]] = field(default_factory=dict)


def limiting(
    state: VtnState,
    dispatch: Dispatch,
    parts: Mapping[PartyId, Part],
    unmanaged_w: int,
    now: datetime,
) -> Limiting:
    """Divide a group's limit over all members of the domain whose capability is known.

    In a programme it is over what that calls: what it does not call, it does not bound.

    Args:
        state: whose members.
        dispatch: what was called for.
        parts: as they stand; members may be without one.
        unmanaged_w: the load that takes no limit, W.
        now: the present.
    """
    point = state.settings.connection_point
    # Who leaves in a limit's time keeps its part of it: what it takes is taken all the same.
    staying = {m.party for m in state.enlisted} | parts.keys()
    known = {p: m for p, m in state.members.items() if m.capability and p != point and p in staying}
    if dispatch.event.programme:
        known = _bound(state, dispatch, known, parts, now)
    told: dict[PartyId, tuple[Limit, ...]] = dict.fromkeys(known, ())
    made: list[Limiting] = []
    for place, (_, _, signal) in enumerate(
        stretches(dispatch.active, dispatch.signal, dispatch.changes)
    ):
        if isinstance(signal, Limit):
            rows = [_row(m, dispatch, parts.get(m.party), signal, now) for m in known.values()]
            standing = {p: _standing(parts.get(p), place) for p in known}
            kept_w = {r.key: _kept_w(r, known[r.key], dispatch, signal, now) for r in rows}
            made.append(_divided(signal, rows, kept_w, standing, unmanaged_w))
    for party in known:
        limits = [each.told[party][0] for each in made if party in each.told]
        told[party] = tuple(limits) if len(limits) == len(made) else ()
    worst = max(made, key=lambda each: each.excess_w)
    called = {
        party: tuple(r.id for r in member.capability.resources)
        for party, member in known.items()
        if dispatch.event.programme and member.capability
    }
    given = {p: t for p, t in told.items() if t}
    return Limiting(given, worst.counted_w, worst.excess_w, _unknown(state, worst.why), called)


def _bound(
    state: VtnState,
    dispatch: Dispatch,
    members: Mapping[PartyId, Member],
    parts: Mapping[PartyId, Part],
    now: datetime,
) -> dict[PartyId, Member]:
    """Return the members that a programme calls, with those resources alone."""
    found = {}
    for party, member in members.items():
        verdict = called_in(state, dispatch, member, parts.get(party), now)
        able = member.capability
        if able and verdict.resources and verdict.is_called and not verdict.barred:
            bound = only(able, verdict.resources)
            found[party] = member.model_copy(update={"capability": bound})
    return found


def takes_limits(member: Member, dispatch: Dispatch, part: Part | None, now: datetime) -> bool:
    """Whether a member can be given a limit: it is there, and has not said no nor kept silent.

    Who is overridden takes none either, whether it may say no or not: the customer's hand wins.
    """
    able = member.capability
    if member.availability in _GONE or (able and is_overridden(dispatch.event, able, {}, now)):
        return False
    if part is None or part.answer is None:
        return now < silent_from(dispatch, part, now)
    return part.answer.opt is Opt.IN


def silent_from(dispatch: Dispatch, part: Part | None, now: datetime) -> datetime:
    """Return from when on a member that does not answer is silent."""
    asked = (part.asked_at if part else None) or now
    return max(dispatch.event.answer_by, asked + SILENT_AFTER)


def lapses(capability: Capability, member: Member, now: datetime) -> datetime:
    """Return when a member that is not heard keeps its failsafe limit at the latest."""
    after_s = capability.failsafe.after_s if capability.failsafe else 0
    return (member.last_heard or now) + timedelta(seconds=after_s)


def confirmed(part: Part) -> Part:
    """Return the part of a member after it has answered the version that it was last asked."""
    answer = part.answer
    if answer is None or answer.order != part.order:
        return part
    limits = tuple(signal.limit_w for signal in part.told if isinstance(signal, Limit))
    return part.model_copy(update={"standing_w": limits if answer.opt is Opt.IN else ()})


def standing_after(part: Part, told: tuple[Limit, ...]) -> tuple[int, ...]:
    """Return what a member may act on once it is told other limits, W; nothing where all it may."""
    if not part.standing_w:
        return ()
    now_w = [_standing(part, place) or 0 for place in range(len(told))]
    return tuple(max(w, limit.limit_w) for w, limit in zip(now_w, told, strict=True))


def _divided(
    limit: Limit,
    rows: list[Limited],
    kept_w: Mapping[PartyId, int],
    standing: Mapping[PartyId, int | None],
    unmanaged_w: int,
) -> Limiting:
    """Divide one limit; what owners keep comes first, and bounds their sites only by what is there.

    A site takes what its owner keeps out of its own limit, so that its limit holds for both.
    """
    together_w = sum(kept_w.values())
    free = [row._replace(rated_w=row.rated_w - kept_w[row.key]) for row in rows]
    wanted = divide_limit(limit.limit_w, unmanaged_w + together_w, free)
    room_w = max(0, limit.limit_w - unmanaged_w - sum(wanted.counted_w.values()))
    first = pro_rata(min(room_w, together_w), kept_w)
    limits = {p: w + first[p] for p, w in wanted.limits_w.items()}
    held = _held(room_w, limits, standing)
    told = {p: (limit.model_copy(update={"limit_w": w}),) for p, w in held.items()}
    why = f"{wanted.why} {together_w} W are kept by owners." if together_w else wanted.why
    return Limiting(told, wanted.counted_w, wanted.excess_w, why)


def _kept_w(row: Limited, member: Member, dispatch: Dispatch, limit: Limit, now: datetime) -> int:
    """Return what its owner may take at most of a member that else takes a limit, W."""
    if not row.is_reachable or member.capability is None:
        return 0
    kept = kept_by_owner(dispatch.event, member.capability, {}, now)
    return sum(resource.most_w(limit.direction) for resource in kept)


def _held(
    room_w: int, wanted: Mapping[PartyId, int], standing: Mapping[PartyId, int | None]
) -> dict[PartyId, int]:
    """Return limits of which none rises into what another may still take, W."""
    base = {p: w if (now_w := standing[p]) is None else now_w for p, w in wanted.items()}
    rises = {p: w - base[p] for p, w in wanted.items() if w > base[p]}
    granted = pro_rata(max(0, room_w - sum(base.values())), rises)
    return {p: base[p] + granted[p] if p in granted else w for p, w in wanted.items()}


def _row(
    member: Member, dispatch: Dispatch, part: Part | None, limit: Limit, now: datetime
) -> Limited:
    able = member.capability
    rated_w = able.most_w(limit.direction) if able else 0
    if takes_limits(member, dispatch, part, now):
        return Limited(member.party, rated_w)
    counted_w = rated_w
    if member.availability is Availability.UNREACHABLE and able and able.failsafe:
        failsafe_w = able.failsafe.limit_w(limit.direction)
        standing_w = max(part.standing_w) if part and part.standing_w else rated_w
        is_held = now >= lapses(able, member, now)
        counted_w = failsafe_w if is_held else max(failsafe_w, standing_w)
    return Limited(member.party, rated_w, counted_w, is_reachable=False)


def _standing(part: Part | None, place: int) -> int | None:
    """Return what a member may take by what it was told, W; None where nothing bounds it yet."""
    if part is None or not part.standing_w:
        return None
    limits_w = part.standing_w
    return limits_w[place] if len(limits_w) == len(part.told) > place else max(limits_w)


def _unknown(state: VtnState, why: str) -> str:
    strange = sorted(m.party for m in state.enlisted if m.capability is None)
    if not strange:
        return why
    return f"{why} Not counted, never registered: {', '.join(strange)}"
