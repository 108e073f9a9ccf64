"""The demo's day, 2025-04-10, made from published load profiles and weather data."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xmpp_cem.drivers.profile import Profile, written

DAY = datetime(2025, 4, 10, tzinfo=UTC)
_STEP_S = 900
_COUNT = 96
_ZONE = "Europe/Berlin"
_WINTER_ZONE = "Etc/GMT-1"  # the weather file is in CET all year
_LATITUDE, _LONGITUDE, _ALTITUDE_M = 52.5, 13.4, 34.0

_HOUSEHOLD_KWH = 4_000
_COMMERCE_KWH = 30_000
_HEAT_KWH = 20_000
_HEAT_PER_ELECTRICITY = 3.5

_PV_W = 10_000
_PV_TILT, _PV_AZIMUTH = 30, 180
_PV_LOSS_PER_K = -0.004
_WIND_M_PER_S = 2.0

_WEATHER = "DWD test reference year 2010, region 4 (Potsdam), in demandlib"


def write_profiles(folder: Path) -> dict[str, Path]:
    """Write the profile files of the demo, 96 quarter-hours in UTC each.

    Needs the extra `demo`; whoever reads the files does not.

    Args:
        folder: where to; made if missing.

    Returns:
        Path of each file by name: `household`, `commerce`, `heat-pump` and `pv`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _foreign_deprecations():
        profiles = {
            "household": _household(),
            "commerce": _commerce(),
            "heat-pump": _heat_pump(),
            "pv": _pv(),
        }
    paths = {name: folder / f"{name}.json" for name in profiles}
    for name, profile in profiles.items():
        paths[name].write_text(written(profile), encoding="utf-8")
    return paths


@contextmanager
def _foreign_deprecations() -> Iterator[None]:
    # demandlib and pvlib call pandas in ways that pandas 3.1 announces to remove: theirs to mend.
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", category=DeprecationWarning, module=r"(demandlib|pvlib)(\.|$)"
        )
        yield


def _profile(source: str, resource: str, power_w: Any) -> Profile:
    values = tuple(round(float(value)) for value in power_w)
    return Profile(source=source, resource=resource, start=DAY, step_s=_STEP_S, power_w=values)


def _quarters(zone: str) -> Any:
    """Return the day's instants as pandas times of a zone."""
    import pandas as pd

    return pd.date_range(DAY, periods=_COUNT, freq="15min").tz_convert(zone)


def _household() -> Profile:
    from demandlib.bdew import H25

    return _profile(
        f"BDEW standard load profile H25 (2025) by demandlib, {_HOUSEHOLD_KWH} kWh a year",
        "household",
        _scaled(H25, _HOUSEHOLD_KWH),
    )


def _commerce() -> Profile:
    from demandlib.bdew import G25

    return _profile(
        f"BDEW standard load profile G25 (2025) by demandlib, {_COMMERCE_KWH} kWh a year",
        "commerce",
        _scaled(G25, _COMMERCE_KWH),
    )


def _scaled(kind: Any, annual_kwh: int) -> Any:
    """Return W; demandlib gives kW for 1 GWh a year, which is W for 1 MWh."""
    return kind(_quarters(_ZONE)).to_numpy() * annual_kwh / 1000


def _temperatures() -> Any:
    """Return the test reference year's air temperature, °C, 8760 hours in CET."""
    from demandlib import vdi

    weather = Path(str(vdi.__file__)).parent / "resources_weather" / "TRY2010_04_Jahr.dat"
    return vdi.read_dwd_weather_file(str(weather))["TAMB"]


def _year(zone: str) -> Any:
    """Return the day's hours as positions in a year of 8760 hours that begins in a zone."""
    moments = _quarters(zone)
    return (moments.day_of_year - 1) * 24 + moments.hour


def _heat_pump() -> Profile:
    import pandas as pd
    from demandlib.bdew import HeatBuilding

    building = HeatBuilding(
        pd.date_range(f"{DAY.year}-01-01", periods=8760, freq="h"),
        temperature=_temperatures(),
        shlp_type="EFH",
        building_class=5,
        wind_class=0,
        annual_heat_demand=_HEAT_KWH,
    )
    heat_kw = building.get_bdew_profile().to_numpy()[_year(_ZONE)]
    return _profile(
        f"BDEW heat profile EFH, class 5, by demandlib, {_HEAT_KWH} kWh heat a year, "
        f"{_HEAT_PER_ELECTRICITY} kWh heat per kWh electricity; temperature: {_WEATHER}",
        "heat-pump",
        heat_kw * 1000 / _HEAT_PER_ELECTRICITY,
    )


def _pv() -> Profile:
    from pvlib import inverter, pvsystem, temperature

    moments = _quarters("UTC")
    irradiance = _irradiance(moments)
    air = _temperatures().to_numpy()[_year(_WINTER_ZONE)]
    cells = temperature.faiman(irradiance, air, _WIND_M_PER_S)
    direct = pvsystem.pvwatts_dc(irradiance, cells, _PV_W, _PV_LOSS_PER_K)
    direct *= 1 - pvsystem.pvwatts_losses() / 100
    return _profile(
        f"pvlib clear sky (Ineichen) and PVWatts at {_LATITUDE} N {_LONGITUDE} E, {_PV_W} W peak, "
        f"{_PV_TILT} degrees to the south; temperature: {_WEATHER}",
        "pv",
        -inverter.pvwatts(direct, _PV_W).fillna(0.0).to_numpy(),
    )


def _irradiance(moments: Any) -> Any:
    """Return the irradiance on the modules under a clear sky, W/m²."""
    from pvlib.irradiance import get_total_irradiance
    from pvlib.location import Location

    place = Location(_LATITUDE, _LONGITUDE, "UTC", _ALTITUDE_M)
    sun = place.get_solarposition(moments)
    sky = place.get_clearsky(moments, solar_position=sun)
    plane = get_total_irradiance(
        _PV_TILT,
        _PV_AZIMUTH,
        sun["apparent_zenith"],
        sun["azimuth"],
        sky["dni"],
        sky["ghi"],
        sky["dhi"],
    )
    return plane["poa_global"].fillna(0.0)
