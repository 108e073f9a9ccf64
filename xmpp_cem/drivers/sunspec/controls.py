"""What to write to a SunSpec device so that it takes, keeps and gives up a set point.

Set points are ours: W, positive from grid to customer. SunSpec's powers are positive when the
device generates, so every sign is turned here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from xmpp_cem.drivers.sunspec.models import CONTROLS, DER_CONTROLS
from xmpp_cem.drivers.sunspec.points import Block, Model, encode
from xmpp_cem.errors import DriverError

_WATTS = 1
_LONGEST_16 = 0xFFFE


@dataclass(frozen=True)
class Write:
    """Registers to write at once, counted from the model's id."""

    offset: int
    words: tuple[int, ...]


class Control(Protocol):
    """One way of steering a device."""

    @property
    def model(self) -> Model:
        """The model that is written."""
        ...

    def reverts(self, block: Block) -> bool:
        """Whether the device has a reversion timer for it."""
        ...

    def apply(self, block: Block, power_w: int, revert_s: int) -> Write:
        """Return what puts a set point in force, W, for at most `revert_s` seconds."""
        ...

    def release(self) -> Write:
        """Return what gives the device back to its own plan."""
        ...


def _written(block: Block, names: tuple[str, ...], values: Mapping[str, int]) -> Write:
    """Return neighbouring points in one write; those not named keep what they have."""
    words: list[int] = []
    for name in names:
        point = block.model.points[name]
        end = point.offset + point.kind.words
        if name in values:
            words += encode(point.kind, values[name])
        else:
            words += block.words[point.offset : end]
    return Write(block.model.points[names[0]].offset, tuple(words))


def _percent(block: Block, name: str, power_w: int, full_w: Decimal) -> int:
    """Return the raw share of full power that generates no more than asked, rounded down."""
    if full_w <= 0:
        raise DriverError("the device's full power is 0 W: a limit in per cent of it means nothing")
    share = Decimal(max(0, -power_w)) * 100 / full_w
    return math.floor(min(share, Decimal(100)).scaleb(-block.scale(name)))


@dataclass(frozen=True)
class ImmediateLimit:
    """Model 123: generation is limited to a share of full power, W."""

    full_w: Decimal
    model: Model = CONTROLS

    def reverts(self, block: Block) -> bool:
        """Whether `WMaxLimPct_RvrtTms` is implemented."""
        return block.raw("WMaxLimPct_RvrtTms") is not None

    def apply(self, block: Block, power_w: int, revert_s: int) -> Write:
        """Return limit, times and enabling in one write, so that the timer starts anew."""
        values = {
            "WMaxLimPct": _percent(block, "WMaxLimPct", power_w, self.full_w),
            "WMaxLimPct_WinTms": 0,
            "WMaxLimPct_RvrtTms": min(revert_s, _LONGEST_16),
            "WMaxLimPct_RmpTms": 0,
            "WMaxLim_Ena": 1,
        }
        present = {n: v for n, v in values.items() if block.raw(n) is not None}
        return _written(block, tuple(values), present | {"WMaxLim_Ena": 1})

    def release(self) -> Write:
        """Return the end of the limit."""
        return Write(self.model.points["WMaxLim_Ena"].offset, (0,))


@dataclass(frozen=True)
class Limit:
    """Model 704: generation is limited to a share of full power, W."""

    full_w: Decimal
    model: Model = DER_CONTROLS

    def reverts(self, block: Block) -> bool:
        """Whether `WMaxLimPctRvrtTms` is implemented."""
        return block.raw("WMaxLimPctRvrtTms") is not None

    def apply(self, block: Block, power_w: int, revert_s: int) -> Write:
        """Return limit, timer and enabling in one write; on reversion there is no limit."""
        percent = _percent(block, "WMaxLimPct", power_w, self.full_w)
        values = {"WMaxLimPctEna": 1, "WMaxLimPct": percent}
        if self.reverts(block):
            values |= {"WMaxLimPctEnaRvrt": 0, "WMaxLimPctRvrtTms": revert_s}
        names = ("WMaxLimPctEna", "WMaxLimPct", "WMaxLimPctRvrt")
        return _written(block, (*names, "WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms"), values)

    def release(self) -> Write:
        """Return the end of the limit."""
        return Write(self.model.points["WMaxLimPctEna"].offset, (0,))


@dataclass(frozen=True)
class SetPower:
    """Model 704: the device charges or discharges with a set power."""

    model: Model = DER_CONTROLS

    def reverts(self, block: Block) -> bool:
        """Whether `WSetRvrtTms` is implemented."""
        return block.raw("WSetRvrtTms") is not None

    def apply(self, block: Block, power_w: int, revert_s: int) -> Write:
        """Return power, timer and enabling in one write; on reversion there is no set power."""
        scaled = Decimal(-power_w).scaleb(-block.scale("WSet"))
        values = {"WSetEna": 1, "WSetMod": _WATTS, "WSet": int(scaled)}
        if self.reverts(block):
            values |= {"WSetEnaRvrt": 0, "WSetRvrtTms": revert_s}
        names = ("WSetEna", "WSetMod", "WSet", "WSetRvrt", "WSetPct", "WSetPctRvrt")
        return _written(block, (*names, "WSetEnaRvrt", "WSetRvrtTms"), values)

    def release(self) -> Write:
        """Return the end of the set power."""
        return Write(self.model.points["WSetEna"].offset, (0,))
