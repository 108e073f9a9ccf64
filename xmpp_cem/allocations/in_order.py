"""The allocations that serve members by one figure: capability, price, priority or calls."""

from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.allocations.candidates import Room
from xmpp_cem.allocations.columns import Flags, Watts
from xmpp_cem.allocations.filling import fill
from xmpp_cem.allocations.slots import Slots


def shared_by_capability(target_w: int, room: Room) -> Watts:
    """Return shares in proportion to confirmed capability, as far as bounds let them be."""
    return fill(target_w, None, _slots(room))


def _pro_rata(target_w: int, room: Room) -> tuple[Watts, str]:
    shares = shared_by_capability(target_w, room)
    asked: Flags = shares > 0
    full = int((asked & (shares == room.ceiling_w)).sum())
    share = 100 * int(shares.sum()) / max(int(room.capability_w[asked].sum()), 1)
    why = f"By capability: {_count(asked)} take {share:.1f} % of theirs"
    return shares, why + (f" on average, {full} of them all they can" if full else "")


def _merit_order(target_w: int, room: Room) -> tuple[Watts, str]:
    shares = fill(target_w, room.price, _slots(room))
    asked: Flags = shares > 0
    last = f", up to a price of {room.price[asked].max():g}" if asked.any() else ""
    return shares, f"Cheapest first: {_count(asked)}{last}"


def _priority(target_w: int, room: Room) -> tuple[Watts, str]:
    shares = fill(target_w, room.priority, _slots(room))
    asked: Flags = shares > 0
    last = f", down to priority {room.priority[asked].max()}" if asked.any() else ""
    return shares, f"By priority: {_count(asked)}{last}"


def _rotation(target_w: int, room: Room) -> tuple[Watts, str]:
    # Members are called one by one, not a little each: calls are what is to be spread.
    ranks = room.called_s.argsort(kind="stable").argsort(kind="stable")
    shares = fill(target_w, ranks, _slots(room))
    asked: Flags = shares > 0
    hours = int(room.called_s[asked].max()) / 3600 if asked.any() else 0
    last = f", called for at most {hours:.1f} h so far" if asked.any() else ""
    return shares, f"Least called first: {_count(asked)}{last}"


PRO_RATA = Allocation("pro-rata", _pro_rata)
"""In proportion to confirmed capability; what one cannot take, the others carry."""

MERIT_ORDER = Allocation("merit-order", _merit_order)
"""Cheapest first; equal prices share in proportion to capability."""

PRIORITY = Allocation("priority", _priority)
"""Priority 0 first; equal priorities share in proportion to capability."""

ROTATION = Allocation("rotation", _rotation)
"""Who was called for the shortest time is called first, one after the other."""


def _slots(room: Room) -> Slots:
    return Slots(room.capability_w, room.block_w, room.ceiling_w)


def _count(asked: Flags) -> str:
    return f"{int(asked.sum())} of {len(asked)} members"
