"""Power and energy with their sign and unit rules (design: sign).

Power is an integer in W, positive from grid to customer, negative for export, at the resource's
terminals. Flexibility is an increase or a decrease of that signed value, both at least 0.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

LARGEST_W = 10**12
"""The most that a power can be, W."""
LARGEST_WH = 10**15
"""The most that an energy can be, Wh."""
LARGEST_COUNT = 2**31
"""The most parties that can be told to stand behind something."""

Power = Annotated[int, Field(ge=-LARGEST_W, le=LARGEST_W, strict=True)]
"""Signed power in W: consumption and charging positive, export and discharge negative."""

Flexibility = Annotated[int, Field(ge=0, le=LARGEST_W, strict=True)]
"""How much the signed power can change in one direction, in W, never negative."""

Energy = Annotated[int, Field(ge=0, le=LARGEST_WH, strict=True)]
"""Energy in Wh, of one direction, never negative."""

Reactive = Annotated[int, Field(ge=-LARGEST_W, le=LARGEST_W, strict=True)]
"""Signed reactive power in VAr."""

Millivolt = Annotated[int, Field(ge=0, le=10**9, strict=True)]
"""Voltage in mV, at most 1 MV."""

PerMille = Annotated[int, Field(ge=0, le=1000, strict=True)]
"""Thousandths of a whole."""

Cosine = Annotated[int, Field(ge=-1000, le=1000, strict=True)]
"""Thousandths of a power factor."""

Multiplier = Annotated[Decimal, Field(ge=0, le=1, max_digits=10, decimal_places=9)]
"""Share of a confirmed capability, 0 to 1, nine decimals: 1 W of 1 GW."""

Number = Annotated[int, Field(ge=0, le=LARGEST_COUNT, strict=True)]
"""How many parties there are."""


def bounded(power_w: int) -> int:
    """Keep a sum of what many claim within what a message can carry, W."""
    return max(-LARGEST_W, min(LARGEST_W, power_w))


def countable(number: int) -> int:
    """Keep a sum of how many parties many claim to be within what a message can carry."""
    return min(LARGEST_COUNT, number)
