"""Whom an event may call: members whose resources its programme binds, as far as rules allow."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from xmpp_cem.core.commitments import only
from xmpp_cem.core.programmes.rulebook import Verdict
from xmpp_cem.core.records import Dispatch, Member, Part
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import Event
from xmpp_cem.model.signal import Delta

_MOST_TOLD = 20
"""So many members are named where nobody may be called."""


def part_of(state: VtnState, dispatch: Dispatch, member: Member, now: datetime) -> Part | None:
    """Return a member's part in an event, still without a share; None when it is not its business.

    A member that is enrolled and may not be called now has a part that says why.
    """
    event, able = dispatch.event, member.capability
    if able is None:
        return None
    verdict = state.rules.verdict(member.party, event, able, now)
    if not verdict.is_called:
        return None
    able = only(able, verdict.resources)
    flexible_w = able.able_w(dispatch.active, is_fall=dispatch.target_w < 0)
    return Part(
        event=event.id,
        party=member.party,
        capability_w=flexible_w,
        limit_w=flexible_w,
        asked_w=0,
        resources=verdict.resources or () if event.programme else (),
        barred=verdict.why_nothing,
        revision=able.revision,
    )


def called_in(
    state: VtnState, dispatch: Dispatch, member: Member, part: Part | None, now: datetime
) -> Verdict:
    """Return what a programme lets an event call of a member; once called, that stands."""
    if part is not None and dispatch.event.programme:
        return Verdict(part.resources, barred=part.barred)
    able = member.capability
    if able is None:
        return Verdict((), is_called=False)
    return state.rules.verdict(member.party, dispatch.event, able, now)


def why_nobody(state: VtnState, event: Event, now: datetime) -> str:
    """Return why a programme lets nobody be called, member by member, or nothing."""
    if event.programme is None:
        return ""
    if event.programme not in state.rules.programmes:
        known = ", ".join(sorted(state.rules.programmes)) or "none"
        return f"there is no programme {event.programme} here; there are: {known}"
    whys: list[str] = []
    for member in state.usable(event.active):
        if member.capability is None:
            continue
        verdict = state.rules.verdict(member.party, event, member.capability, now)
        if not verdict.why_nothing:
            return ""
        if verdict.is_called:
            whys.append(f"{member.party}: {verdict.why_nothing}")
    more = f" and {len(whys) - _MOST_TOLD} more" if len(whys) > _MOST_TOLD else ""
    told = "; ".join(whys[:_MOST_TOLD]) or "no member that is ready is enrolled in it"
    return f"{event.programme} lets nobody be called: {told}{more}"


def barred_now(
    state: VtnState, event: Event, parts: Iterable[Part], now: datetime, *, is_new: bool
) -> Iterator[Part]:
    """Yield the parts that rules have come to bar; of what `is_new`, budgets count too."""
    if event.programme is None:
        return
    for part in parts:
        member = state.members.get(part.party)
        if part.barred or member is None or member.capability is None:
            continue
        able = member.capability
        verdict = state.rules.verdict(part.party, event, able, now, is_new=is_new)
        if verdict.why_nothing:
            yield part.model_copy(update={"barred": verdict.why_nothing})


def reckoned(
    state: VtnState, before: Dispatch, dispatch: Dispatch, parts: Iterable[Part]
) -> list[Part]:
    """Return the parts of members who can do more or less at an event's new time than at the old.

    Who tells neither forecast nor offer can do at any time what it can do now.
    """
    if dispatch.active == before.active or not isinstance(dispatch.signal, Delta):
        return []
    is_fall, found = dispatch.target_w < 0, []
    for part in parts:
        able = state.members[part.party].capability if part.party in state.members else None
        if able is None or not any(r.forecast or r.offered for r in able.resources):
            continue
        left = only(able, part.resources or None)
        able_w = left.able_w(dispatch.active, is_fall=is_fall)
        if able_w != part.capability_w:
            is_whole = part.limit_w == part.capability_w
            limit_w = able_w if is_whole else min(part.limit_w, able_w)
            update = {"capability_w": able_w, "limit_w": limit_w, "revision": able.revision}
            found.append(part.model_copy(update=update))
    return found


def retimed(
    state: VtnState, before: Dispatch, dispatch: Dispatch, parts: Iterable[Part], now: datetime
) -> tuple[Dispatch, list[Part]]:
    """Judge other times than before by the rules of a programme, as of a call that is made now.

    Returns:
        The dispatch, created now, and the parts of members that may not be called then, or that
        can do more or less then.
    """
    known = tuple(parts)
    moved = reckoned(state, before, dispatch, known)
    if dispatch.event.programme is None or dispatch.active == before.active:
        return dispatch, moved
    event = dispatch.event.model_copy(update={"created": now})
    barred = {part.party: part for part in barred_now(state, event, known, now, is_new=True)}
    others = (part for part in moved if part.party not in barred)
    return dispatch.model_copy(update={"event": event}), [*barred.values(), *others]
