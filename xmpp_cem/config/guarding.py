"""The failsafe of a VEN: what it holds when it knows nothing."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from xmpp_cem.config.fields import Bounds
from xmpp_cem.config.section import Section

_Limit = Annotated[int, Field(ge=0, le=10**9)]
_LOSS = Bounds(10, 86_400)


class AutonomyConfig(Section):
    """What holds when a failsafe has lasted and the VTN is still away."""

    after: Annotated[timedelta, Bounds(60, 2_592_000)]
    """How long the failsafe lasts first."""

    import_w: _Limit | None = None
    """The most that all resources together take from the grid, W; without it no limit."""

    export_w: _Limit | None = None
    """The most that they give to the grid, W; without it no limit."""

    is_unlimited: bool = False
    """Must be said where a direction has no limit."""

    @model_validator(mode="after")
    def _never_silently_unlimited(self) -> Self:
        if (None in (self.import_w, self.export_w)) != self.is_unlimited:
            raise ValueError(
                "say is_unlimited = true if, and only if, import_w or export_w has no value"
            )
        return self


class FailsafeConfig(Section):
    """What a VEN holds after a power cut, without its VTN or server, and with a wrong clock."""

    import_w: _Limit
    """The most that all resources together take from the grid, W."""

    export_w: _Limit
    """The most that they give to the grid, W."""

    vtn_lost_after: Annotated[timedelta, _LOSS] = timedelta(minutes=5)
    """So long without a valid index of its VTN."""

    server_lost_after: Annotated[timedelta, _LOSS] = timedelta(minutes=5)
    """So long without a connection."""

    state_lost_after: Annotated[timedelta, _LOSS] = timedelta(minutes=10)
    """So long without the events that the index lists."""

    longest_delay: Annotated[timedelta, Bounds(0, 1800)] = timedelta(minutes=10)
    """After a start of the machine a random time up to this passes first."""

    skew: Annotated[timedelta, Bounds(1, 600)] = timedelta(seconds=60)
    """By how much the VTN's clock may differ from ours."""

    autonomy: AutonomyConfig | None = None
    """What follows on a lasting failsafe; without it the failsafe stays."""
