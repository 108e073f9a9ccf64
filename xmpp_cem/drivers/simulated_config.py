"""What an operator may configure about a simulated resource."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, assert_never

from pydantic import AfterValidator, Field, model_validator

from xmpp_cem.drivers.following import BaseLoad, HeatPump, Pv
from xmpp_cem.drivers.physics import Model
from xmpp_cem.drivers.profile import Profile, load_profile
from xmpp_cem.drivers.settings import LocalFile, LocalPath, Settings
from xmpp_cem.drivers.simulated import SimulatedDriver
from xmpp_cem.drivers.storage import Battery, Ev, least_charging_w
from xmpp_cem.errors import ConfigError

_MOST = 10**9

Power = Annotated[int, Field(ge=1, le=_MOST)]
"""A rating, W."""

Energy = Annotated[int, Field(ge=1, le=_MOST)]
"""An amount of energy, Wh."""

Ramp = Annotated[float, Field(ge=1, le=_MOST)]
"""Fastest change of power, W/s."""

Percent = Annotated[float, Field(ge=0, le=100)]
"""A share, 0 to 100."""


def _zoneless(moment: time) -> time:
    if moment.tzinfo is not None:
        raise ValueError("write the time of day without a zone; it is UTC")
    return moment


TimeOfDay = Annotated[time, AfterValidator(_zoneless)]
"""A time of day, UTC, written without a zone."""


class _Simulation(Settings):
    """What every kind has."""

    offset: Annotated[timedelta, Field(ge=timedelta(-366), le=timedelta(366))] = timedelta(0)
    """Added to the clock, to run through chosen hours at any time."""

    horizon_s: Annotated[int, Field(ge=1, le=86_400)] = 900
    """For how long offered flexibility can be kept up, s."""

    button: LocalPath | None = None
    """While this file exists the customer's override is pressed."""


class BatteryConfig(_Simulation):
    """A battery: ratings in W, store in Wh and per cent of it, `released_w` without a set point."""

    kind: Literal["battery"]
    rated_charge_w: Power
    rated_discharge_w: Power
    capacity_wh: Energy
    soc_min_percent: Percent = 10
    soc_max_percent: Percent = 95
    soc_start_percent: Percent = 50
    round_trip_efficiency_percent: Annotated[float, Field(ge=1, le=100)] = 90
    ramp_w_per_s: Ramp = 1000
    """Fastest change of power, W/s."""
    released_w: Annotated[int, Field(ge=-_MOST, le=_MOST)] = 0
    """Power without a set point, W."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.soc_min_percent <= self.soc_start_percent <= self.soc_max_percent:
            raise ValueError(
                "soc_start_percent must lie between soc_min_percent and soc_max_percent"
            )
        return self


class EvConfig(_Simulation):
    """A charging point: rating in W, energy that the car takes in Wh, times of day in UTC."""

    kind: Literal["ev"]
    rated_w: Power = 11_000
    phases: Annotated[int, Field(ge=1, le=3)] = 3
    energy_needed_wh: Energy = 30_000
    """What the car takes until it is full, Wh."""
    plugged_from: TimeOfDay = time(15)
    """When the car comes."""
    plugged_until: TimeOfDay = time(5)
    """When it leaves."""
    ramp_w_per_s: Ramp = 1000
    """Fastest change of power, W/s."""

    @model_validator(mode="after")
    def _can_charge(self) -> Self:
        least = least_charging_w(self.phases)
        if self.rated_w < least:
            raise ValueError(f"rated_w must be at least {least} W: 6 A on {self.phases} phase(s)")
        return self


class HeatPumpConfig(_Simulation):
    """A heat pump: electrical ratings in W, profile >= 0, store in hours of its mean demand."""

    kind: Literal["heat-pump"]
    rated_w: Power
    min_w: Annotated[int, Field(ge=0, le=_MOST)] = 0
    profile: LocalFile
    """JSON file with the power over a day, W."""
    profile_scale: Annotated[float, Field(gt=0, le=10_000)] = 1
    """Factor on the profile."""
    store_hours: Annotated[float, Field(gt=0, le=48)] = 2
    """Heat store, in hours of mean demand."""
    recovery_s: Annotated[int, Field(ge=60, le=86_400)] = 7200
    """Within how long missed heat is made up for, s."""
    ramp_w_per_s: Ramp = 100
    """Fastest change of power, W/s."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_w > self.rated_w:
            raise ValueError("min_w must not be above rated_w")
        return self


class PvConfig(_Simulation):
    """A photovoltaic plant: rating in W as a magnitude, profile <= 0 because it is export."""

    kind: Literal["pv"]
    rated_w: Power
    profile: LocalFile
    """JSON file with the power over a day, W."""
    profile_scale: Annotated[float, Field(gt=0, le=10_000)] = 1
    """Factor on the profile."""
    ramp_w_per_s: Ramp = 1000
    """Fastest change of power, W/s."""


class BaseLoadConfig(_Simulation):
    """A load that cannot be steered: rating in W, profile >= 0."""

    kind: Literal["base-load"]
    rated_w: Power
    profile: LocalFile
    """JSON file with the power over a day, W."""
    profile_scale: Annotated[float, Field(gt=0, le=10_000)] = 1
    """Factor on the profile."""


SimulatedConfig = Annotated[
    BatteryConfig | EvConfig | HeatPumpConfig | PvConfig | BaseLoadConfig,
    Field(discriminator="kind"),
]
"""Any simulated resource, told apart by `kind`."""


def build(config: SimulatedConfig, clock: Callable[[], datetime]) -> SimulatedDriver:
    """Return the driver of a configured resource.

    Args:
        config: the resource.
        clock: returns the present instant, UTC.

    Raises:
        ConfigError: the profile cannot be read or has the wrong sign.
    """
    return SimulatedDriver(_model(config), clock, config.button, config.offset)


def _model(config: SimulatedConfig) -> Model:
    match config:
        case BatteryConfig():
            return _battery(config)
        case EvConfig():
            return _ev(config)
        case HeatPumpConfig():
            return _heat_pump(config)
        case PvConfig():
            production = _signed(config.profile, config.profile_scale, sign=-1)
            return Pv(config.rated_w, production, config.ramp_w_per_s, config.horizon_s)
        case BaseLoadConfig():
            return BaseLoad(config.rated_w, _signed(config.profile, config.profile_scale, sign=1))
        case _:
            assert_never(config)


def _battery(config: BatteryConfig) -> Battery:
    percent_wh = config.capacity_wh / 100
    return Battery(
        charge_w=config.rated_charge_w,
        discharge_w=config.rated_discharge_w,
        lowest_wh=config.soc_min_percent * percent_wh,
        highest_wh=config.soc_max_percent * percent_wh,
        start_wh=config.soc_start_percent * percent_wh,
        efficiency=config.round_trip_efficiency_percent / 100,
        ramp_w_per_s=config.ramp_w_per_s,
        released_w=config.released_w,
        horizon_s=config.horizon_s,
    )


def _ev(config: EvConfig) -> Ev:
    return Ev(
        rated_w=config.rated_w,
        phases=config.phases,
        needed_wh=config.energy_needed_wh,
        plugged_from=config.plugged_from,
        plugged_until=config.plugged_until,
        ramp_w_per_s=config.ramp_w_per_s,
        horizon_s=config.horizon_s,
    )


def _heat_pump(config: HeatPumpConfig) -> HeatPump:
    return HeatPump(
        rated_w=config.rated_w,
        least_w=config.min_w,
        demand=_signed(config.profile, config.profile_scale, sign=1),
        store_h=config.store_hours,
        recovery_s=config.recovery_s,
        ramp_w_per_s=config.ramp_w_per_s,
        horizon_s=config.horizon_s,
    )


def _signed(path: Path, scale: float, *, sign: int) -> Profile:
    profile = load_profile(path)
    if any(value * sign < 0 for value in profile.power_w):
        wanted = "positive: consumption" if sign > 0 else "negative: export"
        raise ConfigError(f"{path}: power_w: must be 0 or {wanted}; correct the sign")
    return profile.scaled(scale)
