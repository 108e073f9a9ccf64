"""Whole watts in proportion to weights, between floors and ceilings, to the watt."""

import numpy as np

from xmpp_cem.allocations.columns import Flags, Places, Watts

_STEPS = 64


def in_proportion(total: int, weights: Watts) -> Watts:
    """Divide a total; the watts that rounding down leaves go to the largest fractions first.

    Equal fractions are served in the order of the column.

    Args:
        total: what to divide, 0 to 10^12.
        weights: at least 0 and at most 10^12 each; their sum is above 0 and at most 10^18.

    Returns:
        Shares that sum exactly to the total.
    """
    whole = int(weights.sum())
    shares = (weights * (total / whole)).astype(np.int64)
    # The products overflow, their difference does not: it is less than two wholes and exact.
    fractions = weights * np.int64(total) - shares * np.int64(whole)
    low, high = fractions < 0, fractions >= whole
    shares += high.astype(np.int64) - low.astype(np.int64)
    fractions += whole * (low.astype(np.int64) - high.astype(np.int64))
    rest = total - int(shares.sum())
    if rest > 0:
        shares[_largest(fractions, rest)] += 1
    return shares


def between(total: int, weights: Watts, floors: Watts, ceilings: Watts) -> Watts:
    """Divide a total in proportion to weights as far as floors and ceilings let it.

    Args:
        total: at least the sum of floors and at most the sum of ceilings.
        weights: above 0 where the ceiling is.
        floors: the least that each takes, W.
        ceilings: the most that each takes, W, at least the floor.

    Returns:
        Shares that sum exactly to the total.
    """
    low, high = _bound(total, weights, floors, ceilings)
    free: Flags = ~(low | high)
    shares = np.where(low, floors, ceilings)
    rest = total - int(shares[~free].sum())
    if free.any() and rest >= 0:
        shares[free] = in_proportion(rest, weights[free])
    shares = np.clip(shares, floors, ceilings)
    missing = total - int(shares.sum())
    # Only the rounding of the level leaves something; who comes first settles it.
    if missing > 0:
        shares += _taken(missing, ceilings - shares)
    elif missing < 0:
        shares -= _taken(-missing, shares - floors)
    return shares


def _bound(total: int, weights: Watts, floors: Watts, ceilings: Watts) -> tuple[Flags, Flags]:
    """Return who is held at its floor and who at its ceiling at the common level."""
    least, most = 0.0, np.inf
    level = total / max(int(weights.sum()), 1)
    for _ in range(_STEPS):
        wanted = weights * level
        low: Flags = wanted <= floors
        high: Flags = (wanted >= ceilings) & ~low
        held = int(floors[low].sum()) + int(ceilings[high].sum())
        slope = int(weights[~(low | high)].sum())
        missing = total - held - level * slope
        if missing > 0:
            least = max(least, level)
        else:
            most = min(most, level)
        following = (total - held) / slope if slope else np.inf if missing > 0 else 0.0
        if not least < following < most:
            following = (least + most) / 2 if most < np.inf else 2 * max(level, 1e-12)
        if missing == 0 or following == level:
            break
        level = following
    return low, high


def _taken(total: int, room: Watts) -> Watts:
    before = np.cumsum(room) - room
    taken: Watts = np.clip(total - before, 0, room)
    return taken


def _largest(values: Watts, count: int) -> Places:
    """Return the places of the largest values, of equal ones the first."""
    bound = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > bound)
    equal = np.flatnonzero(values == bound)[: count - len(above)]
    return np.concatenate((above, equal))
