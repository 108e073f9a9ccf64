"""An allocation: how a target becomes a share of each member, checked whoever wrote it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xmpp_cem.allocations.candidates import Candidates, Demand, Room
from xmpp_cem.allocations.columns import Watts
from xmpp_cem.errors import AllocationError

Filling = Callable[[int, Room], tuple[Watts, str]]
"""From a target in W and what each may take to shares in W, and why, a sentence without its stop.

Pure and deterministic; shares keep the room's bounds and never sum to more than the target.
"""


@dataclass(frozen=True, eq=False)
class Shares:
    """What a division asks of each member.

    Args:
        keys: the members, in order.
        watts: their shares, W, not signed.
        shortfall_w: what is missing to the target, W, at least 0.
        why: one sentence for people.
    """

    keys: tuple[str, ...]
    watts: Watts
    shortfall_w: int
    why: str

    def by_key(self) -> dict[str, int]:
        """Return each member's share in W, also those of 0."""
        return dict(zip(self.keys, self.watts.tolist(), strict=True))


@dataclass(frozen=True)
class Allocation:
    """A strategy of division by name; entry points of `xmpp_cem.allocations` are such values.

    Args:
        name: how configurations call it.
        filling: what it does.
    """

    name: str
    filling: Filling

    def divide(self, demand: Demand, candidates: Candidates) -> Shares:
        """Divide a demand; equal input gives equal shares, in whatever order members came.

        Raises:
            AllocationError: the filling broke a bound; that is a fault of its author's.
        """
        room = candidates.room(demand)
        watts, why = self.filling(demand.target_w, room)
        self._check(demand.target_w, room, watts)
        watts.setflags(write=False)
        shortfall = demand.target_w - int(watts.sum())
        missing = _missing(shortfall, int(room.ceiling_w.sum()), demand.target_w)
        return Shares(candidates.keys, watts, shortfall, f"{why}{missing}.")

    def _check(self, target_w: int, room: Room, watts: Watts) -> None:
        if watts.dtype != np.int64 or watts.shape != room.ceiling_w.shape:
            raise AllocationError(f"{self.name}: shares are not one whole number per member")
        if ((watts < 0) | (watts > room.ceiling_w)).any():
            raise AllocationError(f"{self.name}: a share is beyond what its member can take")
        if ((watts > 0) & (watts < room.block_w)).any():
            raise AllocationError(f"{self.name}: a share is below its member's block")
        if int(watts.sum()) > target_w:
            raise AllocationError(f"{self.name}: shares sum to more than the target")


def _missing(shortfall_w: int, able_w: int, target_w: int) -> str:
    if shortfall_w == 0:
        return ""
    if able_w < target_w:
        return f"; {shortfall_w} W are missing, as all together can do {able_w} W"
    return f"; {shortfall_w} W are missing, as blocks do not add up to the target"
