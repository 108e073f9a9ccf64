"""Searches on and off patterns of the members next to the cut, for a fill that misses less."""

import numpy as np

from xmpp_cem.allocations.columns import Flags, Places, Watts
from xmpp_cem.allocations.slots import Slots

WIDTH = 14
"""How many members are tried in all their patterns; with no more of them the best is found."""

_OF_A_KIND = 3
_ROUNDS = 4


def searched(target_w: int, order: Watts, slots: Slots, on: Flags) -> Flags:
    """Return who is on so that less of a target is missing; who is on stays so if it is as good.

    Bounded: at most four times the 16,384 patterns of fourteen members. Of all patterns that miss
    equally little the one with the fewest changes is taken, then the one that keeps first ranks.

    Args:
        target_w: what to divide, W.
        order: ranks.
        slots: what each may take.
        on: who is on; their blocks fit in the target, and they cannot meet it.
    """
    for _ in range(_ROUNDS):
        window = _window(order, slots, on)
        better = _best(target_w, slots, on, window)
        if slots.most_w(better) <= slots.most_w(on):
            break
        on = better
        if slots.most_w(on) >= target_w:
            break
    return on


def _best(target_w: int, slots: Slots, on: Flags, window: Places) -> Flags:
    """Return the best pattern within a window."""
    bits = np.arange(len(window))
    patterns = np.arange(2 ** len(window))[:, np.newaxis] >> bits & 1
    fixed = on.copy()
    fixed[window] = False
    blocks = slots.least_w(fixed) + patterns @ slots.block_w[window]
    ceilings = slots.most_w(fixed) + patterns @ slots.ceiling_w[window]
    met = np.where(blocks <= target_w, np.minimum(ceilings, target_w), -1)
    changes = (patterns != on[window]).sum(axis=1)
    first = np.lexsort((changes, -met))[0]
    fixed[window] = patterns[first].astype(np.bool_)
    return fixed


def _window(order: Watts, slots: Slots, on: Flags) -> Places:
    """Return the members with a block that are next to the cut, of each size only a few."""
    blocks = np.flatnonzero(slots.block_w)
    blocks = blocks[np.argsort(order[blocks], kind="stable")]
    if len(blocks) > WIDTH:
        cut = int(on[blocks].sum())
        distance = np.abs(2 * np.arange(len(blocks)) + 1 - 2 * cut)
        near = blocks[np.argsort(distance, kind="stable")]
        near = near[_few_of_a_kind(slots.at(near))][:WIDTH]
        blocks = near[np.argsort(order[near], kind="stable")]
    return blocks


def _few_of_a_kind(slots: Slots) -> Flags:
    """Mark the first few of each size: what can be had by changing more of them is alike."""
    kinds = np.lexsort((slots.ceiling_w, slots.block_w))
    block, ceiling = slots.block_w[kinds], slots.ceiling_w[kinds]
    starts = np.ones(len(kinds), dtype=np.bool_)
    starts[1:] = (block[1:] != block[:-1]) | (ceiling[1:] != ceiling[:-1])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(kinds)), 0))
    few: Flags = np.zeros(len(kinds), dtype=np.bool_)
    few[kinds] = np.arange(len(kinds)) - first < _OF_A_KIND
    return few
