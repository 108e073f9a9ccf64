"""The lines that a driver and its script exchange: one JSON object each, with a number."""

import json
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xmpp_cem.drivers.driver import Description, Reading, Reversion
from xmpp_cem.errors import DriverError
from xmpp_cem.model.flexibility import Forecasts, Offered
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.quantity import Energy, Flexibility, PerMille, Power
from xmpp_cem.model.reading import Corrections
from xmpp_cem.model.time import Instant

LONGEST = 65_536
"""A longer line, in bytes, is no answer."""

_Seconds = Annotated[float, Field(gt=0, le=timedelta(days=1).total_seconds())]


class _Answer(BaseModel):
    """What a script says; keys that are not known here are for later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


_A = TypeVar("_A", bound=_Answer)


class _Description(_Answer):
    kind: Annotated[str, Field(max_length=32)]
    rated_import_w: Flexibility
    rated_export_w: Flexibility
    least_import_w: Flexibility = 0
    least_export_w: Flexibility = 0
    step_w: int = 1
    ramp_w_per_s: float | None = None
    min_run_s: int = 0
    min_rest_s: int = 0
    reverts_after_s: _Seconds | None = None
    refresh_s: _Seconds | None = None
    volatile: bool = True

    @model_validator(mode="after")
    def _in_time(self) -> "_Description":
        if self.reverts_after_s and self.refresh_s and self.refresh_s >= self.reverts_after_s:
            raise ValueError("refresh_s must be below reverts_after_s")
        return self


class _Reading(_Answer):
    power_w: Power
    increase_w: Flexibility
    decrease_w: Flexibility
    import_wh: Energy | None = None
    export_wh: Energy | None = None
    stored_wh: Energy | None = None
    overridden: bool = False
    charge_permille: PerMille | None = None
    needed_wh: Energy | None = None
    departs: Instant | None = None
    offered: Offered | None = None
    forecast: Forecasts = ()
    corrections: Corrections = ()


def question(number: int, what: str, **values: int) -> bytes:
    """Return the line that asks a script for something."""
    return json.dumps({"id": number, "do": what, **values}).encode() + b"\n"


def answer(line: bytes) -> tuple[int, dict[str, Any]]:
    """Return the number of the question that a line answers, and what it says.

    Raises:
        DriverError: the line is no answer.
    """
    try:
        said = json.loads(line)
    except ValueError as error:
        raise DriverError(f"the script said {line[:80]!r}, which is no JSON") from error
    if not isinstance(said, dict) or not isinstance(said.get("id"), int):
        raise DriverError(f"the script said {line[:80]!r}, which answers no id")
    return said["id"], said


def description(said: dict[str, Any]) -> Description:
    """Return what a script says that its resource is.

    Raises:
        DriverError: naming the key that is wrong.
    """
    given = _checked(_Description, said)
    reversion = None
    if given.reverts_after_s is not None:
        refresh = given.refresh_s or given.reverts_after_s / 3
        reversion = Reversion(given.reverts_after_s, refresh)
    limits = _limits(given)
    return Description(given.kind, limits, reversion, is_volatile=given.volatile)


def reading(said: dict[str, Any]) -> Reading:
    """Return what a script says that its resource does.

    Raises:
        DriverError: naming the key that is wrong.
    """
    given = _checked(_Reading, said)
    return Reading(**{name: getattr(given, name) for name in _Reading.model_fields})


def _limits(given: _Description) -> Limits:
    names = Limits.model_fields.keys()
    try:
        return Limits(**given.model_dump(include=set(names)))
    except ValidationError as error:
        raise _wrong(error) from error


def _checked(kind: type[_A], said: dict[str, Any]) -> _A:
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise _wrong(error) from error


def _wrong(error: ValidationError) -> DriverError:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "the answer"
    return DriverError(f"the script's {key}: {first['msg']}")
