"""The energy resources of a site and the drivers that reach them."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationInfo, model_validator

from xmpp_cem.config.fields import anchored
from xmpp_cem.config.section import Section
from xmpp_cem.drivers.simulated_config import SimulatedConfig
from xmpp_cem.model.ids import ResourceId

_OURS = frozenset({"id", "driver"})
_PATHS = ("profile", "button")


class ResourceConfig(Section):
    """A resource: the driver's own keys stand beside `id` and `driver`."""

    id: ResourceId
    """Its mRID; outlives box, account and certificate."""

    driver: Literal["simulated"]
    """Which driver reaches it."""

    simulated: SimulatedConfig
    """The keys of the driver `simulated`, by `kind`."""

    @model_validator(mode="before")
    @classmethod
    def _grouped(cls, given: Any, info: ValidationInfo) -> Any:
        """Take the driver's keys together, their paths anchored."""
        if not isinstance(given, dict):
            return given
        own = {key: value for key, value in given.items() if key in _OURS}
        rest = {key: value for key, value in given.items() if key not in _OURS}
        for key in _PATHS:
            if isinstance(rest.get(key), str):
                rest[key] = anchored(Path(rest[key]), info)
        return own | {"simulated": rest}

    @model_validator(mode="after")
    def _readable(self) -> Self:
        profile: Path | None = getattr(self.simulated, "profile", None)
        if profile is not None and not profile.is_file():
            raise ValueError(f"there is no profile {profile}; create it or correct the path")
        return self
