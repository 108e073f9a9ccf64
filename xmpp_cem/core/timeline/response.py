"""How a resource responds to a price or a level: a curve of steps, by its owner's choice."""

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from xmpp_cem.core.timeline.bounds import Physical
from xmpp_cem.model.quantity import Power
from xmpp_cem.model.value import Value

Figure = Annotated[Decimal, Field(ge=-(10**6), le=10**6, decimal_places=6)]
"""A price per kWh, or a level."""


class By(StrEnum):
    """What a curve responds to."""

    PRICE = "price"
    LEVEL = "level"


class Watts(Value):
    """An absolute set point, signed, in W."""

    kind: Literal["watts"] = "watts"
    power_w: Power


class ShareOfRated(Value):
    """A share of what the resource is rated for: 1 is full import, 0 rest, -1 full export."""

    kind: Literal["share"] = "share"
    share: Annotated[Decimal, Field(ge=-1, le=1, decimal_places=4)]


class Free(Value):
    """As the resource would without any signal."""

    kind: Literal["free"] = "free"


Response = Annotated[Watts | ShareOfRated | Free, Field(discriminator="kind")]


class CurveStep(Value):
    """What is done from a figure on, up to the next step.

    Args:
        at_least: the lowest price per kWh, or level, that this holds for.
        do: the response.
    """

    at_least: Figure
    do: Response


class ResponseCurve(Value):
    """What one resource does at each price or level; below the first step it is free.

    The higher the figure, the less power: a resource that took more when energy is dearer, or at a
    higher level of urgency, would work against the signal.

    Args:
        by: what it responds to.
        unit: of a price, its currency by ISO 4217; empty for levels.
        steps: in rising order, all in W or all in shares; at least one.
    """

    by: By
    unit: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""
    steps: tuple[CurveStep, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if (self.by is By.PRICE) != bool(self.unit):
            raise ValueError("a curve by price names its currency, one by level names none")
        figures = [step.at_least for step in self.steps]
        if any(later <= earlier for earlier, later in pairwise(figures)):
            raise ValueError("the steps of a curve must rise, each from a higher figure")
        return self

    @model_validator(mode="after")
    def _works_with_the_signal(self) -> Self:
        asked = [step.do for step in self.steps if not isinstance(step.do, Free)]
        if len({response.kind for response in asked}) > 1:
            raise ValueError("a curve speaks of W or of shares, not of both")
        amounts = [r.power_w if isinstance(r, Watts) else r.share for r in asked]
        if any(later > earlier for earlier, later in pairwise(amounts)):
            raise ValueError("power must not rise with the price or the level")
        return self

    def power_w(self, figure: Decimal, physical: Physical) -> int | None:
        """Return the set point at a price or level, W, inside what the resource can do.

        Returns:
            None where the resource is free. Limits in force are the timeline's to apply.
        """
        response: Response = Free()
        for step in self.steps:
            if figure >= step.at_least:
                response = step.do
        match response:
            case Watts(power_w=power_w):
                return physical.fitted(power_w, physical.range)
            case ShareOfRated(share=share):
                return physical.fitted(_of_rated(share, physical), physical.range)
            case Free():
                return None


def _of_rated(share: Decimal, physical: Physical) -> int:
    rated_w = physical.range.highest_w if share > 0 else -physical.range.lowest_w
    return int((share * rated_w).to_integral_value(ROUND_HALF_UP))
