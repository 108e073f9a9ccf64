"""Fills a demand rank by rank, members of equal rank in proportion, blocks included."""

import numpy as np

from xmpp_cem.allocations.blocks import switched_on
from xmpp_cem.allocations.columns import Numbers, Watts
from xmpp_cem.allocations.proportion import between
from xmpp_cem.allocations.slots import Slots, by_rank


def fill(target_w: int, ranks: Watts | Numbers | None, slots: Slots) -> Watts:
    """Return shares that meet a target as well as they can, and never exceed it.

    A lower rank takes all it can before a higher one takes anything; within a rank shares are in
    proportion to weights. A block that does not fit in what is left is passed over; only when
    something is missing otherwise are lower ranks lowered to make room for it.

    Args:
        target_w: what to divide, W, at least 0.
        ranks: who goes first; None: all are equal.
        slots: what each may take.
    """
    shares = np.zeros(len(slots.ceiling_w), dtype=np.int64)
    able = np.flatnonzero(slots.ceiling_w)
    if target_w == 0 or len(able) == 0:
        return shares
    slots = slots.at(able)
    order = np.zeros(len(able), dtype=np.int64)
    if ranks is not None:
        order = np.unique(ranks[able], return_inverse=True)[1].astype(np.int64)
    if target_w < slots.total_w and slots.block_w.any():
        on = np.flatnonzero(switched_on(target_w, order, slots))
        able, order, slots = able[on], order[on], slots.at(on)
    shares[able] = _in_turn(min(target_w, slots.total_w), order, slots)
    return shares


def _in_turn(total_w: int, order: Watts, slots: Slots) -> Watts:
    """Divide over members that all are on: all take their blocks, then rank after rank."""
    if len(order) == 0:
        return np.zeros(0, dtype=np.int64)
    floors, ceilings = slots.block_w, slots.ceiling_w
    room = by_rank(order, ceilings - floors)
    left = total_w - int(floors.sum())
    last = int(np.searchsorted(np.cumsum(room), left))
    shares = np.where(order < last, ceilings, floors)
    group = np.flatnonzero(order == last)
    rest = left - int(room[:last].sum()) + int(floors[group].sum())
    shares[group] = between(rest, slots.weight[group], floors[group], ceilings[group])
    return shares
