from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import Result

from xmpp_cem.cli.readings import _row, wanted
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WINDOW = Interval(start=NOON, end=NOON + timedelta(minutes=15))
Call = Callable[..., Result]


def test_readings_need_an_operators_file(call: Call):
    result = call("readings", "ven.toml")
    assert result.exit_code == 2
    assert "role: is ven" in result.stderr


def test_a_party_and_a_time_select():
    query = wanted("site-1", NOON, NOON + timedelta(minutes=15))
    assert (query.devices, query.interval) == (("site-1",), WINDOW)
    assert (wanted(None, None, NOON).devices, wanted(None, None, NOON).interval) == ((), None)


def test_a_time_to_come_and_what_is_no_name_are_refused():
    with pytest.raises(typer.BadParameter, match="not in the past"):
        wanted(None, NOON, NOON)
    with pytest.raises(typer.BadParameter, match="'a b' is no name"):
        wanted("a b", None, NOON)


def test_what_is_not_known_is_no_zero():
    reading = Reading(resource="site-1", window=WINDOW, power_w=-1500, export_wh=98_040)
    assert _row(reading) == (
        "2026-01-31 12:00:00 + 900 s",
        "site-1",
        "-1.5 kW",
        "-",
        "98.0 kWh",
        "valid",
    )


def test_a_sum_says_how_many_told_it():
    reading = Reading(
        resource="north",
        window=WINDOW,
        power_w=0,
        quality=Quality.ESTIMATED,
        expected=3,
        reporting=2,
        oldest=NOON - timedelta(minutes=5),
        estimated_share_permille=42,
    )
    assert _row(reading)[-1] == "estimated (2 of 3, 4.2% estimated, oldest 2026-01-31 11:55:00)"
