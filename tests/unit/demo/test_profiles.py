import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from xmpp_cem.demo.profiles import DAY, write_profiles
from xmpp_cem.drivers.profile import Profile, load_profile

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Profile]:
    folder = tmp_path_factory.mktemp("demo") / "profiles"
    return {name: load_profile(path) for name, path in write_profiles(folder).items()}


def daily_kwh(profile: Profile) -> float:
    return sum(profile.power_w) * profile.step_s / 3_600_000


def hours(profile: Profile, start: int, end: int) -> tuple[int, ...]:
    return profile.power_w[start * 4 : end * 4]


def test_each_file_holds_the_quarter_hours_of_one_day(profiles: dict[str, Profile]):
    assert set(profiles) == {"household", "commerce", "heat-pump", "pv"}
    for profile in profiles.values():
        assert len(profile.power_w) == 96
        assert (profile.start, profile.step_s) == (DAY, 900)
        assert profile.source


def test_a_day_is_about_a_365th_of_the_year(profiles: dict[str, Profile]):
    assert daily_kwh(profiles["household"]) == pytest.approx(4000 / 365, rel=0.2)
    assert daily_kwh(profiles["commerce"]) == pytest.approx(30_000 / 365, rel=0.3)


def test_a_households_evening_peak_is_above_its_night(profiles: dict[str, Profile]):
    household = profiles["household"]
    assert max(hours(household, 16, 20)) > 2 * min(hours(household, 0, 4))
    assert max(household.power_w) in hours(household, 16, 20)


def test_commerce_works_by_day(profiles: dict[str, Profile]):
    commerce = profiles["commerce"]
    assert min(hours(commerce, 7, 12)) > 2 * max(hours(commerce, 0, 2))


def test_the_plant_exports_by_day_and_nothing_at_night(profiles: dict[str, Profile]):
    plant = profiles["pv"]
    assert set(hours(plant, 0, 4) + hours(plant, 19, 24)) == {0}
    assert -10_000 < min(plant.power_w) < -6000
    assert plant.power_w.index(min(plant.power_w)) / 4 == pytest.approx(11.1, abs=0.5)
    assert -70 < daily_kwh(plant) < -40


def test_sun_and_heating_overlap_in_the_evening(profiles: dict[str, Profile]):
    evening = DAY + timedelta(hours=16)
    assert profiles["pv"].at(evening) < -500
    assert profiles["heat-pump"].at(evening) > 500


def test_the_heat_pump_runs_all_day_within_a_plausible_range(profiles: dict[str, Profile]):
    pump = profiles["heat-pump"]
    assert min(pump.power_w) > 200
    assert max(pump.power_w) < 3000
    # A cool April day needs more than the year's mean, less than a winter's day.
    assert 1.0 < daily_kwh(pump) / (20_000 / 3.5 / 365) < 2.0


def test_reading_profiles_needs_no_pandas(tmp_path: Path):
    program = (
        "import sys, xmpp_cem.drivers.simulated_config, xmpp_cem.demo.profiles; "
        "assert not {'pandas', 'numpy', 'pvlib', 'demandlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
