"""By which rules a VTN settles events."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from xmpp_cem.config.fields import Bounds, NewPath
from xmpp_cem.config.section import Section
from xmpp_cem.model.programme import BaselineMethod, Zone


class SettlementConfig(Section):
    """How baselines are made and when a result stands; `readings --evidence` tells it."""

    zone: Zone = "UTC"
    """Zone of the IANA database in which days and quarter-hours are counted."""

    baseline: BaselineMethod = BaselineMethod.METER_BEFORE
    """`meter-before`: the mean of the last three windows before the event. `same-time-of-days`:
    the mean of the same quarter-hours of days without events."""

    days: Annotated[int, Field(ge=1, le=30)] = 10
    """At so many days without events `same-time-of-days` looks."""

    used: Annotated[int, Field(ge=1, le=30)] = 8
    """Of so many of these it takes the mean: those in the middle by their power."""

    adjusted: bool = True
    """Whether that mean is moved by what the two hours before differ from those of these days."""

    freeze_after: Annotated[timedelta, Bounds(0, 31_622_400)] = timedelta(hours=48)
    """Readings that come later after the event's end are told, and do not change its result."""

    key: NewPath | None = None
    """The Ed25519 key that signs evidence (PEM), made at the first start where there is none;
    default: beside the file of `store`. With a database it must be given."""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.used > self.days:
            raise ValueError(f"used {self.used} is more than days {self.days}; lower it")
        return self
