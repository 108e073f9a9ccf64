"""A day of power values that a simulated resource follows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from xmpp_cem.errors import ConfigError

DAY_S = 86_400


class Profile(BaseModel):
    """Power over one or more whole days, repeated for ever.

    Args:
        source: where the values come from.
        resource: what they describe.
        start: instant of the first value.
        step_s: seconds between values.
        power_w: W at each instant, positive from grid to customer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    resource: str
    start: AwareDatetime
    step_s: Annotated[int, Field(ge=1, le=DAY_S)]
    power_w: Annotated[
        tuple[Annotated[int, Field(ge=-(10**9), le=10**9)], ...], Field(min_length=1)
    ]

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if len(self.power_w) * self.step_s % DAY_S:
            raise ValueError("the values must fill whole days of 86400 s")
        return self

    def at(self, moment: datetime) -> float:
        """Return the power at an instant, W, interpolated; the last value leads to the first."""
        count = len(self.power_w)
        elapsed_s = (moment - self.start).total_seconds() % (count * self.step_s)
        before, rest_s = divmod(elapsed_s, self.step_s)
        here, there = self.power_w[int(before)], self.power_w[(int(before) + 1) % count]
        share = rest_s / self.step_s
        return here + (there - here) * share

    def mean_w(self) -> float:
        """Return the mean power, W."""
        return sum(self.power_w) / len(self.power_w)

    def scaled(self, factor: float) -> "Profile":
        """Return the same course with every value multiplied."""
        return self.model_copy(
            update={"power_w": tuple(round(value * factor) for value in self.power_w)}
        )


def load_profile(path: Path) -> Profile:
    """Read a profile file.

    Raises:
        ConfigError: the file cannot be read or its content is no profile.
    """
    try:
        return Profile.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be read ({fault.strerror}); name a profile") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigError(
            f"{path}: {field}: {first['msg']}; write the profiles again or correct it"
        ) from fault


def written(profile: Profile) -> str:
    """Return the text of a profile file, its start in UTC."""
    return profile.model_copy(update={"start": profile.start.astimezone(UTC)}).model_dump_json(
        indent=1
    )
