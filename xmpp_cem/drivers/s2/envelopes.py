"""Power envelopes (S2, PEBC): which limits of power a resource manager accepts, and which to send.

S2's power is positive for consumption, as ours is. `3_PHASE_SYMMETRIC` is the sum of the phases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from s2python.common import CommodityQuantity
from s2python.generated.gen_s2 import PEBCPowerEnvelopeLimitType
from s2python.pebc import PEBCPowerConstraints

from xmpp_cem.errors import DriverError

ELECTRIC = (
    CommodityQuantity.ELECTRIC_POWER_L1,
    CommodityQuantity.ELECTRIC_POWER_L2,
    CommodityQuantity.ELECTRIC_POWER_L3,
    CommodityQuantity.ELECTRIC_POWER_3_PHASE_SYMMETRIC,
)

Range = tuple[float, float]


@dataclass(frozen=True)
class Band:
    """Where one quantity's limits may lie, W: ranges of the upper and of the lower limit."""

    quantity: CommodityQuantity
    upper: tuple[Range, ...]
    lower: tuple[Range, ...]


@dataclass(frozen=True)
class Envelope:
    """The limits to send for one quantity, W."""

    quantity: CommodityQuantity
    upper_w: float
    lower_w: float


def bands(constraints: PEBCPowerConstraints) -> tuple[Band, ...]:
    """Return what a resource manager accepts in normal operation.

    Raises:
        DriverError: nothing electric.
    """
    found = []
    for quantity in ELECTRIC:
        upper = _ranges(constraints, quantity, PEBCPowerEnvelopeLimitType.UPPER_LIMIT)
        lower = _ranges(constraints, quantity, PEBCPowerEnvelopeLimitType.LOWER_LIMIT)
        if upper and lower:
            found.append(Band(quantity, upper, lower))
    if not found:
        raise DriverError("the resource manager accepts no limit of electric power")
    return tuple(found)


def _ranges(
    constraints: PEBCPowerConstraints,
    quantity: CommodityQuantity,
    kind: PEBCPowerEnvelopeLimitType,
) -> tuple[Range, ...]:
    return tuple(
        sorted(
            (part.range_boundary.start_of_range, part.range_boundary.end_of_range)
            for part in constraints.allowed_limit_ranges
            if part.commodity_quantity is quantity
            and part.limit_type is kind
            and not part.abnormal_condition_only
        )
    )


def ratings(found: Sequence[Band]) -> tuple[int, int]:
    """Return the highest power in and out that limits speak of, W."""
    highest = sum(max(end for _, end in band.upper) for band in found)
    lowest = sum(band.lower[0][0] for band in found)
    return max(0, round(highest)), max(0, round(-lowest))


def forced(found: Sequence[Band]) -> tuple[float, float]:
    """Return the lowest and highest power that limits can force, W.

    An upper limit forces power down to where it starts at least, a lower one up to where it ends at
    most; between them the device does what it wants.
    """
    lowest = sum(band.upper[0][0] for band in found)
    highest = sum(max(end for _, end in band.lower) for band in found)
    return lowest, highest


def envelopes(found: Sequence[Band], power_w: int) -> tuple[Envelope, ...]:
    """Return limits that hold a resource at a power, or beyond it on the safe side.

    Args:
        found: what is accepted.
        power_w: the set point, W, divided evenly over the phases.
    """
    share, rest = divmod(power_w, len(found))
    return tuple(
        _enveloped(band, share + (1 if number < rest else 0)) for number, band in enumerate(found)
    )


def widest(found: Sequence[Band]) -> tuple[Envelope, ...]:
    """Return limits that leave a resource as free as it can be."""
    return tuple(
        Envelope(band.quantity, max(end for _, end in band.upper), band.lower[0][0])
        for band in found
    )


def _enveloped(band: Band, power_w: float) -> Envelope:
    upper, lower = _at_most(band.upper, power_w), _at_least(band.lower, power_w)
    if lower > upper and power_w >= 0:
        lower = _at_most(band.lower, upper)
    elif lower > upper:
        upper = _at_least(band.upper, lower)
    return Envelope(band.quantity, upper, lower)


def _at_most(ranges: tuple[Range, ...], power_w: float) -> float:
    """Return the highest value of the ranges that is not above, else their lowest."""
    below = [min(end, power_w) for start, end in ranges if start <= power_w]
    return max(below, default=ranges[0][0])


def _at_least(ranges: tuple[Range, ...], power_w: float) -> float:
    """Return the lowest value of the ranges that is not below, else their highest."""
    above = [max(start, power_w) for start, end in ranges if end >= power_w]
    return min(above, default=max(end for _, end in ranges))
