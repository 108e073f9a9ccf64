"""What of a limit or a set point each domain below is asked for: parts that sum to the whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.cascade.case import Below, Case
from xmpp_cem.core.vtn.dispatch.group_set_point import Row, aim
from xmpp_cem.core.vtn.vtnstate import is_counted
from xmpp_cem.model.ids import DomainId
from xmpp_cem.model.signal import Limit, Place, Signal, TargetPower

Parts = Mapping[DomainId, tuple[Signal, ...]]
"""What each domain is asked for, one signal after the other."""


def split(case: Case, now: datetime) -> Parts:
    """Return what each domain below is asked for of a signal that binds all together.

    What is divided stands as long as it sums to the whole: a limit moves in proportion, so that no
    domain's rises while another's still has to fall; a set point is divided anew where one domain
    misses its part and another can do more. Prices and levels are for all alike.
    """
    event = case.commitment.event
    signals = (event.signal, *(change.signal for change in event.changes))
    if len(case.below) == 1 or not isinstance(event.signal, Limit | TargetPower):
        return {each.lower.domain: signals for each in case.below}
    present = _present(case, len(signals))
    if isinstance(event.signal, TargetPower):
        return _set_points(case, [s for s in signals if isinstance(s, TargetPower)], present, now)
    return _limits(case, [s for s in signals if isinstance(s, Limit)], present)


def _present(case: Case, count: int) -> Parts:
    """Return what the domains are asked for now; nothing where one of them is not asked."""
    found = {
        each.lower.domain: (live.signal, *(change.signal for change in live.changes))
        for each in case.below
        if (live := each.live)
    }
    is_whole = len(found) == len(case.below) and all(len(s) == count for s in found.values())
    return found if is_whole else {}


def _limits(case: Case, signals: Sequence[Limit], present: Parts) -> Parts:
    parts: dict[DomainId, tuple[Signal, ...]] = {each.lower.domain: () for each in case.below}
    for place, signal in enumerate(signals):
        before = {
            d: s.limit_w for d, told in present.items() if isinstance(s := told[place], Limit)
        }
        weights = before if any(before.values()) else _rated_w(case, signal)
        for domain, limit_w in _in_proportion(signal.limit_w, weights).items():
            parts[domain] += (signal.model_copy(update={"limit_w": limit_w}),)
    return parts


def _in_proportion(total_w: int, weights: Mapping[DomainId, int]) -> Mapping[DomainId, int]:
    """Divide a total exactly, whatever its size; alike where nothing weighs."""
    known = weights if any(weights.values()) else dict.fromkeys(weights, 1)
    times = total_w // sum(known.values()) + 1
    return pro_rata(total_w, {domain: times * weight for domain, weight in known.items()})


def _rated_w(case: Case, limit: Limit) -> Mapping[DomainId, int]:
    """Return the most that can flow in each domain, W: of its members, and beside them."""
    rated = {}
    for each in case.below:
        role = each.lower.role
        able = (m.capability for m in role.members.values() if m.is_admitted)
        rated_w = sum(known.most_w(limit.direction) for known in able if known)
        if limit.at is not Place.TERMINALS:
            is_import = limit.direction == "import"
            settings = role.settings
            rated_w += settings.unmanaged_import_w if is_import else settings.unmanaged_export_w
        rated[each.lower.domain] = rated_w
    return rated


def _set_points(case: Case, signals: Sequence[TargetPower], present: Parts, now: datetime) -> Parts:
    sums = [
        sum(_power_w(told[place]) for told in present.values()) for place in range(len(signals))
    ]
    is_summed = bool(present) and sums == [signal.power_w for signal in signals]
    short = _short(case, now)
    if is_summed and len(short) in {0, len(case.below)}:
        return present
    parts: dict[DomainId, tuple[Signal, ...]] = {each.lower.domain: () for each in case.below}
    for place, signal in enumerate(signals):
        rows = [
            Row(domain, _power_w(present[domain][place]) + short[domain])
            if (domain := each.lower.domain) in short and domain in present
            else _able(case, each, now)
            for each in case.below
        ]
        made = aim(signal.power_w, rows, lambda _: {})
        if is_summed and made.missed_w >= sum(map(abs, short.values())):
            return present
        first = next(row.party for row in rows if row.takes)
        rest_w = signal.power_w - sum(made.powers_w.values())
        rest_w -= sum(row.power_w for row in rows if not row.takes)
        for row in rows:
            power_w = made.powers_w.get(row.party, row.power_w) + rest_w * (row.party == first)
            parts[row.party] += (signal.model_copy(update={"power_w": power_w}),)
    return parts


def _short(case: Case, now: datetime) -> Mapping[DomainId, int]:
    """Return by how much domains come to more than their part, W, signed, where they miss it."""
    return {
        each.lower.domain: each.lower.role.dispatching.dividing.missed_w(live, now)
        for each in case.below
        if (live := each.live) and live.excess_w > each.lower.role.settings.tolerance_w
    }


def _able(case: Case, below: Below, now: datetime) -> Row:
    """Return what a domain's members do without events, and can; while presence is unknown, all."""
    role, over = below.lower.role, case.commitment.event.active
    power_w = fall_w = rise_w = 0
    for member in role.members.values():
        able = member.capability
        if able is None or not member.is_admitted:
            continue
        power_w += able.power_w - able.committed_w
        if is_counted(member, over) or not role.knows_presence(now):
            fall_w += able.able_w(over, is_fall=True) - able.committed_w
            rise_w += able.able_w(over, is_fall=False) + able.committed_w
    return Row(below.lower.domain, power_w, max(0, fall_w), max(0, rise_w), takes=True)


def _power_w(signal: Signal) -> int:
    return signal.power_w if isinstance(signal, TargetPower) else 0
