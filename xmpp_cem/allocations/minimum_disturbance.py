"""The allocation that changes as few members' present shares as it can."""

import numpy as np

from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.allocations.candidates import Room
from xmpp_cem.allocations.columns import Watts
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
    """Lower the largest shares if there is too much; then raise who changes anyway or can most."""
    shares = np.minimum(room.present_w, room.ceiling_w)
    shares[shares < room.block_w] = 0
    if int(shares.sum()) > target_w:
        # Small shares are kept first, so that few large ones are lowered.
        shares = fill(target_w, shares, Slots(shares, room.block_w, shares))
    missing = target_w - int(shares.sum())
    able = room.ceiling_w - shares
    blocks = np.where(shares == 0, room.block_w, 0)
    changes = np.lexsort((-able, shares == room.present_w))
    ranks = np.empty(len(able), dtype=np.int64)
    ranks[changes] = np.arange(len(able))
    return shares + fill(missing, ranks, Slots(able, blocks, able))
