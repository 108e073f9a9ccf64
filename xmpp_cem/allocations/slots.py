"""What each member may take, as a filling sees it: a weight, a block and a ceiling."""

from typing import NamedTuple, Self

import numpy as np

from xmpp_cem.allocations.columns import Flags, Places, Watts


class Slots(NamedTuple):
    """Bounds of shares: each is 0, or at least `block_w` and at most `ceiling_w`.

    `weight` is above 0 wherever the ceiling is, and no block is above its ceiling but where that
    is 0.
    """

    weight: Watts
    block_w: Watts
    ceiling_w: Watts

    @property
    def total_w(self) -> int:
        """All that can be taken, W."""
        return int(self.ceiling_w.sum())

    def at(self, places: Places) -> Self:
        """Return some of them."""
        return type(self)(self.weight[places], self.block_w[places], self.ceiling_w[places])

    def least_w(self, on: Flags) -> int:
        """Return what members that are on take at least, W."""
        return int(self.block_w[on].sum())

    def most_w(self, on: Flags) -> int:
        """Return what members that are on take at most, W."""
        return int(self.ceiling_w[on].sum())


def by_rank(order: Watts, values: Watts) -> Watts:
    """Return the sum of values of each rank, which are 0, 1 and so on."""
    sums = np.zeros(int(order.max()) + 1, dtype=np.int64)
    np.add.at(sums, order, values)
    return sums
