"""How evenly a burden is spread over members, such as the hours they were called in a season."""

from collections.abc import Sequence


def gini(burdens: Sequence[float]) -> float:
    """Return the Gini coefficient: 0 all bear the same, towards 1 one bears everything.

    Args:
        burdens: one per member, at least 0, in any unit; none or all 0 is perfectly even.
    """
    total = sum(burdens)
    if total <= 0:
        return 0.0
    count = len(burdens)
    ranked = sum(place * burden for place, burden in enumerate(sorted(burdens), start=1))
    return max(0.0, 2 * ranked / (count * total) - (count + 1) / count)


def peak(burdens: Sequence[float]) -> float:
    """Return the largest burden as a multiple of the mean; 1 is perfectly even.

    Args:
        burdens: one per member, at least 0, in any unit; none or all 0 is perfectly even.
    """
    total = sum(burdens)
    return max(burdens) * len(burdens) / total if total > 0 else 1.0
