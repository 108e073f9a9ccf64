"""Decides which members are on where shares are 0 or at least a block."""

import numpy as np

from xmpp_cem.allocations.columns import Flags, Places, Watts
from xmpp_cem.allocations.proportion import between
from xmpp_cem.allocations.search import searched
from xmpp_cem.allocations.slots import Slots, by_rank

_PASSES = 64


def switched_on(target_w: int, order: Watts, slots: Slots) -> Flags:
    """Return who is on, so that all blocks fit and as much of the target as possible is met.

    Members without a block are always on: they may take 0. First rank after rank takes what fits,
    then lower ranks make room for blocks if something is missing, then the patterns of members
    next to the cut are searched.

    Args:
        target_w: what to divide, W, above 0 and below all that can be taken.
        order: ranks 0, 1 and so on.
        slots: what each may take, above 0 each.
    """
    on = _rank_after_rank(target_w, order, slots)
    on |= slots.block_w == 0
    if slots.most_w(on) < target_w:
        off = np.flatnonzero(~on)
        off = off[np.argsort(order[off], kind="stable")]
        slack, missing = target_w - slots.least_w(on), target_w - slots.most_w(on)
        on[_fitting(off, slots, slack, missing)] = True
    if slots.most_w(on) < target_w:
        on = searched(target_w, order, slots, on)
    return on


def _rank_after_rank(target_w: int, order: Watts, slots: Slots) -> Flags:
    """Walk up the ranks and pass over blocks that do not fit in what is left."""
    on: Flags = np.zeros(len(order), dtype=np.bool_)
    waiting, left = np.arange(len(order)), target_w
    for _ in range(_PASSES):
        waiting = waiting[slots.block_w[waiting] <= left]
        if left == 0 or len(waiting) == 0:
            break
        ranks = order[waiting]
        sums = np.cumsum(by_rank(ranks, slots.ceiling_w[waiting]))
        last = int(np.searchsorted(sums, left, side="right"))
        on[waiting[ranks < last]] = True
        left -= int(sums[last - 1]) if last else 0
        group = waiting[ranks == last]
        waiting = waiting[ranks > last]
        if left > 0 and len(group):
            chosen = group[_in_one_rank(left, slots.at(group))]
            on[chosen] = True
            left -= min(left, int(slots.ceiling_w[chosen].sum()))
    return on


def _in_one_rank(left_w: int, slots: Slots) -> Flags:
    """Switch on who reaches its block in proportion, and of the others as many as they carry."""
    none = np.zeros(len(slots.weight), dtype=np.int64)
    ideal = between(left_w, slots.weight, none, slots.ceiling_w)
    on: Flags = ideal >= slots.block_w
    below = np.flatnonzero(~on)
    below = below[np.argsort(-ideal[below] / slots.block_w[below], kind="stable")]
    fits = np.searchsorted(np.cumsum(slots.block_w[below]), ideal[below].sum(), side="right")
    on[below[:fits]] = True
    slack, missing = left_w - slots.least_w(on), left_w - slots.most_w(on)
    on[_fitting(below[fits:], slots, slack, missing)] = True
    return on


def _fitting(waiting: Places, slots: Slots, slack_w: int, missing_w: int) -> Places:
    """Return who may be switched on, first come first served, until nothing is missing."""
    taken: list[Places] = [waiting[:0]]
    for _ in range(_PASSES):
        waiting = waiting[slots.block_w[waiting] <= slack_w]
        if missing_w <= 0 or len(waiting) == 0:
            break
        blocks = np.cumsum(slots.block_w[waiting])
        ceilings = np.cumsum(slots.ceiling_w[waiting])
        fits = int(np.searchsorted(blocks, slack_w, side="right"))
        count = min(fits, int(np.searchsorted(ceilings, missing_w)) + 1)
        taken.append(waiting[:count])
        slack_w -= int(blocks[count - 1])
        missing_w -= int(ceilings[count - 1])
        waiting = waiting[count:]
    return np.concatenate(taken)
