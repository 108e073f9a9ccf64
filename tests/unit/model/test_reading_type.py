import re
from pathlib import Path

import pytest

from xmpp_cem.model.reading import READINGS, Reading
from xmpp_cem.model.reading_type import (
    Accumulation,
    Commodity,
    FlowDirection,
    MeasurementKind,
    MeasuringPeriod,
    Phases,
    ReadingType,
    Unit,
)

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "messages.md"
FORWARD_KWH = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"


def test_the_eighteen_places_have_names():
    assert ReadingType.parse(FORWARD_KWH) == ReadingType(
        measuring_period=MeasuringPeriod.MINUTES_15,
        accumulation=Accumulation.DELTA,
        flow=FlowDirection.FORWARD,
        commodity=Commodity.ELECTRICITY_SECONDARY,
        kind=MeasurementKind.ENERGY,
        multiplier=3,
        unit=Unit.WATT_HOUR,
    )
    assert len(ReadingType.model_fields) == 18


def test_a_known_code_has_its_name_and_an_unknown_one_stays_a_number():
    kind = ReadingType.parse("0.0.0.6.0.1.54.0.0.0.0.0.0.0.129.0.29.0")
    assert isinstance(kind.kind, MeasurementKind)
    assert kind.phases == 129
    assert not isinstance(kind.phases, Phases)


@pytest.mark.parametrize(
    "text",
    [
        FORWARD_KWH,
        "0.0.0.12.0.1.54.0.0.0.0.0.0.0.128.-3.29.0",
        "32767.1.1.1.1.1.1.1.1.1.1.1.1.1.1.-32767.1.32767",
        ".".join(["0"] * 18),
    ],
)
def test_a_reading_type_is_written_as_it_was_read(text):
    assert str(ReadingType.parse(text)) == text
    assert ReadingType.model_validate(text) == ReadingType.parse(text)
    assert ReadingType.parse(text).model_dump_json() == f'"{text}"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "18 numbers"),
        ("power", "18 numbers"),
        (FORWARD_KWH + ".0", "not 19"),
        (FORWARD_KWH[:-2], "not 17"),
        (FORWARD_KWH.replace("72", "32768"), "unit"),
        (FORWARD_KWH.replace("72", "-72"), "unit"),
        (FORWARD_KWH.replace("72", ""), "unit"),
        (FORWARD_KWH.replace("72", " 72"), "unit"),
        (FORWARD_KWH.replace("72", "7 2"), "unit"),
        (FORWARD_KWH.replace("72", "W"), "unit"),
        (FORWARD_KWH.replace("72", "\u0667"), "unit"),
        (FORWARD_KWH.replace("72", "072"), "unit"),
        (FORWARD_KWH.replace(".3.", ".-0."), "multiplier"),
        (FORWARD_KWH.replace(".3.", ".-32768."), "multiplier"),
        (FORWARD_KWH.replace(".3.", ".+3."), "multiplier"),
    ],
)
def test_a_broken_reading_type_is_refused_with_the_place(text, reason):
    with pytest.raises(ValueError, match=reason):
        ReadingType.parse(text)
    with pytest.raises(ValueError, match=reason):
        ReadingType.model_validate(text)


def test_a_reading_type_can_be_a_key_and_cannot_change():
    kind = ReadingType.parse(FORWARD_KWH)
    assert {kind: 1}[ReadingType.parse(FORWARD_KWH)] == 1
    with pytest.raises(ValueError, match="frozen"):
        kind.unit = 38


def test_every_quantity_of_a_reading_has_one_type_of_its_own():
    rest = {"resource", "window", "quality", "revision", "expected", "reporting"}
    rest |= {"oldest", "estimated_share_permille"}
    assert set(READINGS) == set(Reading.model_fields) - rest
    assert len(set(READINGS.values())) == len(READINGS)


def test_power_and_voltage_have_the_codes_of_mrids_and_not_those_of_cims_order():
    assert READINGS["power_w"].kind == 37
    assert READINGS["voltage_a_mv"].kind == 54
    assert [READINGS[f"voltage_{phase}_mv"].phases for phase in "abc"] == [128, 64, 32]


def test_state_of_charge_is_a_level_of_energy_without_a_unit():
    kind = READINGS["state_of_charge_permille"]
    assert (kind.kind, kind.accumulation, kind.flow, kind.unit) == (12, 6, 0, 0)


def test_the_page_lists_every_reading_type():
    rows = re.findall(r"^\| `((?:\d+\.){17}\d+)` \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [(str(kind), field) for field, kind in READINGS.items()]
