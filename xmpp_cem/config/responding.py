"""How a resource responds to prices or levels: a curve of steps in the file."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from xmpp_cem.config.section import Section
from xmpp_cem.core.timeline.response import (
    By,
    CurveStep,
    Free,
    Response,
    ResponseCurve,
    ShareOfRated,
    Watts,
)

_Figure = Annotated[Decimal, Field(ge=-(10**6), le=10**6, decimal_places=6)]


class StepConfig(Section):
    """What a resource does from a price or level on; without `power_w` and `share` it is free."""

    at_least: _Figure
    """The lowest price per kWh, or level, that this holds for."""

    power_w: Annotated[int, Field(ge=-(10**9), le=10**9)] | None = None
    """The power it then has, W, signed: positive from grid to customer."""

    share: Annotated[Decimal, Field(ge=-1, le=1, decimal_places=4)] | None = None
    """The share of what it is rated for: 1 is full import, 0 rest, -1 full export."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.power_w is not None and self.share is not None:
            raise ValueError("a step has power_w or share, not both")
        return self

    @property
    def do(self) -> Response:
        """What is done."""
        if self.power_w is not None:
            return Watts(power_w=self.power_w)
        return Free() if self.share is None else ShareOfRated(share=self.share)


class ResponseConfig(Section):
    """How a resource responds: below the first step it is free, and power never rises with it."""

    by: Literal["price", "level"]
    """What it responds to."""

    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""
    """Of a price, ISO 4217."""

    steps: Annotated[tuple[StepConfig, ...], Field(min_length=1, max_length=100)]
    """From the lowest price or level up."""

    @model_validator(mode="after")
    def _is_a_curve(self) -> Self:
        _ = self.curve
        return self

    @property
    def curve(self) -> ResponseCurve:
        """The curve; raises ValueError where the steps make none."""
        steps = tuple(CurveStep(at_least=step.at_least, do=step.do) for step in self.steps)
        try:
            return ResponseCurve(by=By(self.by), unit=self.currency, steps=steps)
        except ValidationError as error:
            flaw = error.errors(include_url=False)[0]["msg"]
            raise ValueError(flaw.removeprefix("Value error, ")) from error
