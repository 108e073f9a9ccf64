"""How much of an event each domain below is asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.cascade.case import Below, Case
from xmpp_cem.model.event import Change
from xmpp_cem.model.ids import DomainId
from xmpp_cem.model.signal import Delta, Share, Signal, in_proportion

MOST_MODIFICATIONS = 200
"""So often at most the event of a domain is made another because others fall short."""


def is_of_power(signal: Signal) -> bool:
    """Whether a signal asks for a change of power, so that domains below share it."""
    return isinstance(signal, Delta | Share)


def called_for(signal: Signal, changes: tuple[Change, ...], target_w: int) -> dict[str, Any]:
    """Return what a domain is called for: its part of a change of power, any other as given.

    Args:
        signal: what the domain is asked for of any other signal, of a change of power the whole.
        changes: what follows on it.
        target_w: the domain's part of a change of power, W, signed.
    """
    if not is_of_power(signal):
        return {"signal": signal, "changes": changes}
    later = tuple(
        Change(
            start=change.start,
            signal=Delta(power_w=in_proportion(target_w, signal, change.signal)),
        )
        for change in changes
    )
    return {"signal": Delta(power_w=target_w), "changes": later}


def targets(case: Case, now: datetime) -> Mapping[DomainId, int]:
    """Return the change of power asked of each domain below, W, not signed; they sum to the whole.

    What is divided stays as it is as long as it covers what can be covered, within a tolerance.
    What nobody can cover is asked of the domain that can do most, where it shows as a shortfall.
    """
    total = abs(case.commitment.asked_w)
    if len(case.below) == 1:
        return {case.below[0].lower.domain: total}
    present = {lower.domain: abs(dispatch.target_w) for lower, dispatch in case.live}
    rooms = {each.lower.domain: room(case, each, now) for each in case.below}
    if present and sum(present.values()) == total and not _misses(case, total, present, rooms):
        return dict.fromkeys(rooms, 0) | present
    able = min(total, sum(rooms.values()))
    shares = pro_rata(able, rooms)
    first = max(shares, key=lambda domain: rooms[domain])
    return {**shares, first: shares[first] + total - able}


def is_missed(case: Case, now: datetime) -> bool:
    """Whether a domain falls short of its part of what another one could do."""
    live = case.live
    if len(case.below) == 1 or not live or not is_of_power(case.commitment.event.signal):
        return False
    if max(d.event.order.modification for _, d in live) >= MOST_MODIFICATIONS:
        return False
    wanted = targets(case, now)
    return any(wanted[lower.domain] != abs(dispatch.target_w) for lower, dispatch in live) or any(
        wanted[each.lower.domain] for each in case.below if each.dispatch is None
    )


def room(case: Case, below: Below, now: datetime) -> int:
    """Return the most that a domain could do for an event now, W, not signed.

    As long as its members' presence is not known, they do what they were asked.
    """
    if below.live and not below.lower.role.knows_presence(now):
        return abs(below.live.target_w)
    if below.live:
        return below.lower.role.dispatching.tally(below.live, now).room_w
    if below.dispatch or not below.lower.role.knows_presence(now):
        return 0
    is_fall = case.commitment.asked_w < 0
    over = case.commitment.event.active
    return sum(
        able.able_w(over, is_fall=is_fall)
        for member in below.lower.role.dispatching.usable(below.event, over)
        if (able := member.capability)
    )


def _misses(
    case: Case, total: int, present: Mapping[DomainId, int], rooms: Mapping[DomainId, int]
) -> bool:
    covered = sum(min(asked, rooms[domain]) for domain, asked in present.items())
    able = min(total, sum(rooms.values()))
    tolerance = max(each.lower.role.settings.tolerance_w for each in case.below)
    return able - covered > max(tolerance, total // 100)
