"""How much of a sum of readings was estimated, and from when it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from xmpp_cem.model.reading import Quality

_GRAVITY = (Quality.VALID, Quality.ESTIMATED, Quality.QUESTIONABLE)


@dataclass(frozen=True)
class StandIn:
    """What counts for a member that tells nothing of a window: what it last did, left alone.

    Args:
        power_w: in W; None: nothing is known of it, so that it is left out. Unknown is not zero.
        measured: when that was measured.
    """

    power_w: int | None = None
    measured: datetime | None = None


@dataclass(frozen=True)
class Present:
    """What a party does now, and what that rests upon.

    Args:
        power_w: signed, W.
        estimated_w: how much of it was not measured, W, not signed.
        quality: the worst of what it rests upon.
        oldest: when what was not measured now was measured last; None: nothing such is in it.
    """

    power_w: int = 0
    estimated_w: int = 0
    quality: Quality = Quality.VALID
    oldest: datetime | None = None


def worst(qualities: Iterable[Quality]) -> Quality:
    """Return the worst of some qualities."""
    return max(qualities, key=_GRAVITY.index, default=Quality.VALID)


class Measured(Protocol):
    """A reading, in whatever form."""

    @property
    def power_w(self) -> int:
        """Average power, W."""
        ...

    @property
    def quality(self) -> Quality:
        """How good."""
        ...

    @property
    def expected(self) -> int:
        """How many members should have contributed."""
        ...

    @property
    def reporting(self) -> int:
        """How many have."""
        ...

    @property
    def estimated_share_permille(self) -> int:
        """How much was estimated, as it says."""
        ...


def estimated_w(reading: Measured) -> int:
    """Return how much of a reading's power was estimated, W, not signed, rounded up.

    A reading of one thing alone that is called estimated and no more, as other makes do, is so
    altogether.
    """
    permille = reading.estimated_share_permille
    is_alone = reading.expected <= 1 and reading.reporting >= 1
    if not permille and is_alone and reading.quality is Quality.ESTIMATED:
        permille = 1000
    return part_w(reading.power_w, permille)


def part_w(power_w: int, permille: int) -> int:
    """Return some thousandths of a power, W, not signed, rounded up."""
    return -(-abs(power_w) * permille // 1000)


def share_permille(of_w: int, all_w: int) -> int:
    """Return a part of some power in thousandths, rounded up, so that a little shows; both W."""
    return -(-1000 * of_w // all_w) if all_w else 0
