from datetime import UTC, datetime, timedelta

import pytest
import typer

from xmpp_cem.cli.arguments import amount, duration, instant, power, programme


@pytest.mark.parametrize(
    ("text", "watts"),
    [
        ("-60kW", -60_000),
        ("+5 kW", 5_000),
        ("500W", 500),
        ("1.5MW", 1_500_000),
        ("0.001kW", 1),
        ("-2kw", -2_000),
        (" 7 W ", 7),
    ],
)
def test_power_is_written_with_its_unit(text: str, watts: int):
    assert power(text) == watts


@pytest.mark.parametrize("text", ["60", "60 kVA", "60mW", "kW", "1e3W", "--5W", "6 0W", "", "60k"])
def test_power_without_a_unit_is_refused_with_the_remedy(text: str):
    with pytest.raises(typer.BadParameter, match="write it with W, kW or MW"):
        power(text)


def test_a_fraction_of_a_watt_is_refused():
    with pytest.raises(typer.BadParameter, match="write whole watts"):
        power("0.0005kW")


@pytest.mark.parametrize("text", ["0W", "-1W"])
def test_an_amount_is_above_0(text: str):
    with pytest.raises(typer.BadParameter, match="not above 0; --power takes signed values"):
        amount(text)
    assert amount("60kW") == 60_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1h30m", 5400),
        ("5min", 300),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("0s", 0),
        ("PT10S", 10),
        ("PT1H30M", 5400),
        ("P1D", 86_400),
        ("PT0.5S", 0.5),
    ],
)
def test_a_length_of_time_is_written_with_its_unit(text: str, seconds: float):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["10", "s", "-10s", "10 s x", "10s5", "P", "PT", "", "1y"])
def test_a_length_of_time_without_a_unit_is_refused(text: str):
    with pytest.raises(typer.BadParameter, match="write it as 10s, 5m, 1h30m"):
        duration(text)


@pytest.mark.parametrize(
    "text", ["367d", "999999999h", "P999999D", "P99999999999D", "999999999d9d"]
)
def test_a_length_of_time_is_bounded(text: str):
    with pytest.raises(typer.BadParameter, match="at most 366 days"):
        duration(text)


def test_an_instant_is_brought_to_utc():
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert instant("2026-01-31T12:00:00Z") == noon
    assert instant("2026-01-31T13:00:00+01:00") == noon


@pytest.mark.parametrize(
    ("text", "said"), [("noon", "write it as 2026"), ("2026-01-31T12:00:00", "end it with Z")]
)
def test_an_instant_needs_its_zone(text: str, said: str):
    with pytest.raises(typer.BadParameter, match=said):
        instant(text)


def test_a_programme_is_named_by_its_id():
    assert programme("peak-1") == "peak-1"
    with pytest.raises(typer.BadParameter, match="'Peak' is no programme"):
        programme("Peak")
