import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.drivers.simulated import SimulatedDriver
from xmpp_cem.drivers.simulated_config import SimulatedConfig, build
from xmpp_cem.errors import ConfigError

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)
ADAPTER: TypeAdapter[Any] = TypeAdapter(SimulatedConfig)
BATTERY = {
    "kind": "battery",
    "rated_charge_w": 5000,
    "rated_discharge_w": 4000,
    "capacity_wh": 10_000,
}


def profile(folder: Path, *values: int) -> str:
    path = folder / "profile.json"
    path.write_text(
        json.dumps(
            {
                "source": "test",
                "resource": "test",
                "start": "2025-04-10T00:00:00Z",
                "step_s": 86_400 // len(values),
                "power_w": values,
            }
        )
    )
    return str(path)


def made(settings: dict[str, Any]):
    return build(ADAPTER.validate_python(settings), lambda: NOON)


async def rated(driver: SimulatedDriver) -> tuple[str, int, int]:
    what = await driver.describe()
    return what.kind, what.limits.rated_import_w, what.limits.rated_export_w


async def test_a_battery_is_configured_in_per_cent_of_its_capacity():
    battery = made(BATTERY | {"soc_start_percent": 60})
    assert await rated(battery) == ("battery", 5000, 4000)
    assert (await battery.read()).stored_wh == 6000


async def test_a_car_needs_only_its_kind():
    assert await rated(made({"kind": "ev"})) == ("ev", 11_000, 0)


async def test_a_heat_pump_starts_on_its_scaled_demand(tmp_path: Path):
    pump = made(
        {
            "kind": "heat-pump",
            "rated_w": 5000,
            "profile": profile(tmp_path, 800),
            "profile_scale": 2,
        }
    )
    assert await rated(pump) == ("heat-pump", 5000, 0)
    assert (await pump.read()).power_w == 1600


async def test_a_plant_starts_on_its_production(tmp_path: Path):
    plant = made({"kind": "pv", "rated_w": 5000, "profile": profile(tmp_path, -3000)})
    assert await rated(plant) == ("pv", 0, 5000)
    reading = await plant.read()
    assert (reading.power_w, reading.increase_w, reading.decrease_w) == (-3000, 3000, 0)


async def test_an_offset_runs_through_other_hours(tmp_path: Path):
    settings = {"kind": "base-load", "rated_w": 5000, "profile": profile(tmp_path, 0, 400, 800, 0)}
    assert (await made(settings).read()).power_w == 800
    assert (await made(settings | {"offset": "-PT6H"}).read()).power_w == 400
    assert await rated(made(settings)) == ("base-load", 5000, 0)


async def test_the_button_reaches_the_driver(tmp_path: Path):
    button = tmp_path / "override"
    button.touch()
    assert (await made(BATTERY | {"button": str(button)}).read()).overridden


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"kind": "turbine"}, "kind"),
        (BATTERY | {"colour": "red"}, "colour"),
        (BATTERY | {"capacity_wh": 0}, "capacity_wh"),
        (BATTERY | {"soc_start_percent": 5}, "soc_start_percent"),
        (BATTERY | {"horizon_s": 0}, "horizon_s"),
        (BATTERY | {"offset": "P400D"}, "offset"),
        ({"kind": "ev", "rated_w": 4000}, "at least 4140 W"),
        ({"kind": "ev", "plugged_from": "15:00Z"}, "without a zone"),
        ({"kind": "heat-pump", "rated_w": 9, "min_w": 10, "profile": __file__}, "min_w"),
    ],
)
def test_a_bad_setting_is_named(settings: dict[str, Any], named: str):
    with pytest.raises(ValidationError, match=named):
        ADAPTER.validate_python(settings)


def test_a_plant_whose_profile_consumes_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="negative: export"):
        made({"kind": "pv", "rated_w": 5000, "profile": profile(tmp_path, 3000)})


def test_a_load_whose_profile_exports_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="positive: consumption"):
        made({"kind": "base-load", "rated_w": 5000, "profile": profile(tmp_path, -1)})
