"""The energy resources of a site and the drivers that reach them."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails

from xmpp_cem.config.drivers import usable_driver
from xmpp_cem.config.responding import ResponseConfig
from xmpp_cem.config.section import Section
from xmpp_cem.drivers.plugin import DriverPlugin
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import ResourceId

_OURS = frozenset({"id", "driver", "response"})


class ResourceConfig(Section):
    """A resource: the driver's own keys stand beside `id`, `driver` and `response`."""

    id: ResourceId
    """Its mRID; outlives box, account and certificate."""

    driver: str
    """Which driver reaches it: `simulated`, `script`, `sunspec`, `s2`, or an installed one."""

    response: Annotated[tuple[ResponseConfig, ...], Field(max_length=2)] = ()
    """How it responds to prices and to levels, a table for each; without one it does not."""

    settings: Any
    """The driver's own keys."""

    @property
    def label(self) -> str:
        """Driver and kind for people."""
        return f"{self.driver} {getattr(self.settings, 'kind', '')}".rstrip()

    @model_validator(mode="before")
    @classmethod
    def _grouped(cls, given: Any, info: ValidationInfo) -> Any:
        """Take the driver's keys together and have them judged by the driver's own model."""
        if not isinstance(given, dict) or isinstance(given.get("settings"), BaseModel):
            return given
        own = {key: value for key, value in given.items() if key in _OURS}
        rest = {key: value for key, value in given.items() if key not in _OURS}
        name = own.get("driver")
        if not isinstance(name, str):
            return own | {"settings": rest}
        return own | {"settings": _judged(name, _usable(name), rest, info.context)}


def _usable(name: str) -> DriverPlugin:
    try:
        return usable_driver(name)
    except ConfigError as error:
        fault = InitErrorDetails(
            type="value_error", loc=(), input=name, ctx={"error": ValueError(str(error))}
        )
        raise _located("driver", [fault]) from error


def _judged(name: str, plugin: DriverPlugin, given: Any, context: Any) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(plugin.settings)
    try:
        return adapter.validate_python(given, context=context)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise _located(name, [_again(fault) for fault in faults]) from None


def _again(fault: ErrorDetails) -> InitErrorDetails:
    """Return what raises the same error once more."""
    again = {"type": fault["type"], "loc": fault["loc"], "input": fault["input"]}
    if "ctx" in fault:
        again["ctx"] = fault["ctx"]
    return cast(InitErrorDetails, again)


def _located(place: str, faults: list[InitErrorDetails]) -> ValidationError:
    """Return the faults with the key or the driver's name before their places."""
    for fault in faults:
        fault["loc"] = (place, *fault.get("loc", ()))
    return ValidationError.from_exception_data("resource", faults)
