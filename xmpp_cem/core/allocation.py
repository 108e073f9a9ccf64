"""Division of a target over members: integers of watts that sum exactly."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

Key = TypeVar("Key")

_NINE_PLACES = Decimal("0.000000001")


def pro_rata(target_w: int, limits_w: Mapping[Key, int]) -> dict[Key, int]:
    """Divide by what each can do; the remainder goes to the largest fractions first.

    Args:
        target_w: what to divide, W, at least 0.
        limits_w: the most that each can take, W, at least 0.

    Returns:
        Shares with 0 <= share <= limit, which sum to the target or, when that is more than all
        can do, to the sum of the limits. Equal input gives equal output.
    """
    total = sum(limits_w.values())
    if target_w >= total:
        return dict(limits_w)
    shares = {key: target_w * limit // total for key, limit in limits_w.items()}
    remainder = target_w - sum(shares.values())
    by_fraction = sorted(
        enumerate(limits_w.items()),
        key=lambda entry: (-(target_w * entry[1][1] % total), entry[0]),
    )
    for _, (key, _limit) in by_fraction[:remainder]:
        shares[key] += 1
    return shares


def multiplier(
    target_w: int, capabilities_w: Mapping[str, int], limits_w: Mapping[str, int]
) -> Decimal:
    """Return the share of its capability that each takes so that all together meet the target.

    A member takes no more than its limit; what it leaves is carried by the rest. Where all are at
    their limits nobody is asked for more than that and the plain share: who could do no more for
    the moment may say so later, and must not do more than is needed then.

    Args:
        target_w: what to divide, W, at least 0.
        capabilities_w: what the share is a share of, by member, W.
        limits_w: the most that each takes, W, at most its capability.
    """
    free = {key: capability for key, capability in capabilities_w.items() if limits_w[key] > 0}
    rest_w = target_w
    while free:
        of = Decimal(rest_w) / Decimal(sum(free.values()))
        full = [key for key, capability in free.items() if of * capability > limits_w[key]]
        if not full:
            return min(of, Decimal(1)).quantize(_NINE_PLACES)
        for key in full:
            rest_w -= limits_w[key]
            del free[key]
    able = {key: limit for key, limit in limits_w.items() if limit > 0}
    if target_w <= 0 or not able:
        return Decimal(0)
    plain = Decimal(target_w) / Decimal(sum(capabilities_w[key] for key in able))
    fullest = max(Decimal(limit) / Decimal(capabilities_w[key]) for key, limit in able.items())
    return min(max(plain, fullest), Decimal(1)).quantize(_NINE_PLACES)


def share(of: Decimal, limit_w: int) -> int:
    """Return what one receiver of a multiplier takes, in whole W."""
    return int((of * limit_w).to_integral_value(ROUND_HALF_UP))
