"""The allocation that changes as few members' present shares as it can."""

import numpy as np

from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.allocations.candidates import Room
from xmpp_cem.allocations.columns import Flags, Watts
from xmpp_cem.allocations.filling import fill
from xmpp_cem.allocations.in_order import shared_by_capability
from xmpp_cem.allocations.slots import Slots


def _minimum_disturbance(target_w: int, room: Room) -> tuple[Watts, str]:
    plans = (_adjusted(target_w, room), shared_by_capability(target_w, room))
    shares = min(plans, key=lambda plan: _disturbance(plan, room.present_w))
    changed = int((shares != room.present_w).sum())
    return shares, f"Fewest changes: {changed} of {len(shares)} members get another share"


MINIMUM_DISTURBANCE = Allocation("minimum-disturbance", _minimum_disturbance)
"""Whoever must change or can change most does; never more members than pro rata would change."""


def _disturbance(shares: Watts, present_w: Watts) -> tuple[int, int, int]:
    """Return what is worse in a plan first: what is missing, who changes, by how much."""
    changes = np.abs(shares - present_w)
    return -int(shares.sum()), int((changes > 0).sum()), int(changes.sum())


def _adjusted(target_w: int, room: Room) -> Watts:
    """Lower the largest shares if there is too much, then raise who can rise most.

    Whoever changes anyway comes first, as that disturbs nobody else.
    """
    shares = np.minimum(room.present_w, room.ceiling_w)
    shares[shares < room.block_w] = 0
    changed: Flags = shares != room.present_w
    if int(shares.sum()) > target_w:
        # Ranks say who keeps its share: small ones first, so that few large ones are lowered.
        ranks = _ranks(changed, shares)
        shares = fill(target_w, ranks, Slots(shares, room.block_w, shares))
    able = room.ceiling_w - shares
    blocks = np.where(shares == 0, room.block_w, 0)
    ranks = _ranks(shares == room.present_w, -able)
    return shares + fill(target_w - int(shares.sum()), ranks, Slots(able, blocks, able))


def _ranks(last: Flags, values: Watts) -> Watts:
    """Return places by value, those marked after all others, equal ones by key."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.lexsort((values, last))] = np.arange(len(values))
    return ranks
