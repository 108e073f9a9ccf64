import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from xmpp_cem.drivers.profile import Profile, load_profile, written
from xmpp_cem.errors import ConfigError

START = datetime(2025, 4, 10, tzinfo=UTC)


def profile(*values: int) -> Profile:
    return Profile(
        source="test",
        resource="test",
        start=START,
        step_s=86_400 // len(values),
        power_w=values,
    )


def test_power_between_two_values_is_interpolated():
    assert profile(0, 400, 800, 400).at(START + timedelta(hours=3)) == 200


def test_the_last_value_leads_to_the_first():
    assert profile(100, 200).at(START + timedelta(hours=18)) == 150


@pytest.mark.parametrize("days", [-400, -1, 1, 30])
def test_the_day_repeats_before_and_after(days: int):
    course = profile(0, 400, 800, 100)
    moment = START + timedelta(hours=8)
    assert course.at(moment + timedelta(days=days)) == course.at(moment)


def test_a_zone_other_than_utc_means_the_same_instant():
    course = profile(0, 400, 800, 100)
    moment = START + timedelta(hours=8)
    assert course.at(moment.astimezone(timezone(timedelta(hours=2)))) == course.at(moment)


def test_scaling_multiplies_every_value():
    assert profile(1, -3).scaled(2.5).power_w == (2, -8)
    assert profile(10, 30).mean_w() == 20


def test_a_written_profile_is_read_back(tmp_path: Path):
    path = tmp_path / "p.json"
    path.write_text(written(profile(1, 2, 3, 4)))
    assert load_profile(path) == profile(1, 2, 3, 4)
    assert json.loads(path.read_text())["start"] == "2025-04-10T00:00:00Z"


def test_a_missing_profile_is_the_operators_to_fix(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"absent\.json: cannot be read"):
        load_profile(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"power_w": [1, 2, 3]}, "whole days"),
        ({"power_w": []}, "power_w"),
        ({"power_w": [1.5, 2]}, r"power_w\.0"),
        ({"start": "2025-04-10T00:00:00"}, "start"),
        ({"step_s": 0}, "step_s"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_profile_names_its_field(tmp_path: Path, change: dict, named: str):
    good = {
        "source": "test",
        "resource": "test",
        "start": "2025-04-10T00:00:00Z",
        "step_s": 43_200,
        "power_w": [1, 2],
    }
    path = tmp_path / "p.json"
    path.write_text(json.dumps(good | change))
    with pytest.raises(ConfigError, match=named):
        load_profile(path)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path):
    path = tmp_path / "p.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="file"):
        load_profile(path)
