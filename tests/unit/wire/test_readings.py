import re

import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.reading import READINGS
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.reading_types import VALUES
from xmpp_cem.wire.readings import append_readings, read_readings
from xmpp_cem.wire.xml import canonical, parse, root

READING = {
    "resource": "pv-1",
    "window": {"start": "2026-01-31T11:45:00Z", "end": "2026-01-31T12:00:00Z"},
    "power_w": -4200,
}


def body(*changes):
    return MeterReadings.model_validate({"readings": [{**READING, **change} for change in changes]})


def payload(*changes):
    element = root(MESSAGE, "Payload")
    append_readings(element, body(*changes))
    return canonical(element).decode()


def test_an_ordinary_reading_needs_nothing_of_ours():
    assert "quality" not in payload({})
    assert "ReadingQualities" not in payload({})


def test_all_values_of_a_reading_stand_in_one_group():
    text = payload({"import_wh": 5, "export_wh": 6})
    assert text.count("<MeterReading>") == 1
    assert text.count("<Readings>") == 3
    assert text.count("<timeStamp>2026-01-31T12:00:00Z</timeStamp>") == 3


def test_revisions_of_one_reading_in_one_message_return_in_order():
    changes = ({}, {"revision": 2, "power_w": -4100}, {"resource": "ev"}, {"revision": 1})
    assert read_readings(parse(payload(*changes).encode())) == body(*changes)


def test_the_worst_quality_of_a_group_counts():
    text = payload({"import_wh": 5, "quality": "estimated"}).replace("1.8.0", "1.10.0", 1)
    readings = read_readings(parse(text.encode()))
    assert readings == body({"import_wh": 5, "quality": "questionable"})


def test_a_valid_reading_may_say_so():
    text = payload({"quality": "estimated"}).replace("1.8.0", "1.0.0")
    assert read_readings(parse(text.encode())) == body({})


@pytest.mark.parametrize(
    ("pattern", "new", "code", "reason"),
    [
        (r"0\.38\.0", "0.61.0", "2.10", "ReadingType"),
        (r"32\.2\.0", "32.2.0.0", "2.6", "ReadingType"),
        (r"32\.2\.0", "032.2.0", "2.6", "macro_period"),
        (r"1\.8\.0", "1.99.0", "2.29", "ReadingQualityType"),
        (r"<timePeriod>.*?</timePeriod>", "", "1.7", "timePeriod"),
        (r"<timeStamp>2026-01-31T12", "<timeStamp>2026-01-31T13", "1.8", "timeStamp"),
        (r"<value>-4200</value>", "", "1.7", "power_w"),
        (r"<mRID>pv-1</mRID>", "", "1.7", "mRID"),
        (r"<mRID>pv-1</mRID>", "<mRID>pv 1</mRID>", "1.8", "mRID"),
        (r"(<Readings>.*</Readings>)", r"\1\1", "1.8", "more than one"),
        (r'resource="pv-1"', 'resource="pv-2"', "1.8", "quality"),
        (r'revision="1"', 'revision="-1"', "1.8", "revision"),
    ],
)
def test_a_broken_reading_is_refused(pattern, new, code, reason):
    changed = re.sub(pattern, new, payload({"quality": "estimated", "revision": 1}), count=1)
    with pytest.raises(RemoteProtocolError) as caught:
        read_readings(parse(changed.encode()))
    assert caught.value.code == code
    assert reason in caught.value.reason


FULL = {
    "instant_w": -4300,
    "import_wh": 5,
    "export_wh": 6,
    "import_delta_wh": 0,
    "export_delta_wh": 1050,
    "reactive_var": -120,
    "voltage_a_mv": 230_417,
    "voltage_b_mv": 229_000,
    "voltage_c_mv": 1,
    "state_of_charge_permille": 805,
    "power_factor_permille": -970,
}


def test_a_reading_carries_everything_that_has_a_type():
    assert FULL.keys() | {"power_w"} == READINGS.keys() == VALUES.keys()
    text = payload(FULL)
    assert text.count("<Readings>") == len(READINGS)
    assert read_readings(parse(text.encode())) == body(FULL)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("voltage_a_mv", 230_417, "230.417"),
        ("state_of_charge_permille", 1000, "1.000"),
        ("power_factor_permille", -5, "-0.005"),
        ("reactive_var", -120, "-120"),
    ],
)
def test_volts_and_shares_have_three_decimals(field, value, text):
    written = payload({field: value})
    assert f"<value>{text}</value>" in written
    assert read_readings(parse(written.encode())) == body({field: value})


@pytest.mark.parametrize(
    ("text", "thousandths"), [("230", 230_000), ("230.4", 230_400), (" 230.41 ", 230_410)]
)
def test_fewer_decimals_mean_the_same(text, thousandths):
    written = payload({"voltage_b_mv": 1}).replace("0.001", text)
    assert read_readings(parse(written.encode())) == body({"voltage_b_mv": thousandths})


@pytest.mark.parametrize("text", ["0.0001", "1e3", "+1", ".5", "1.", "1,5", "-1", "1.001", "--1"])
def test_a_state_of_charge_is_a_share_with_at_most_three_decimals(text):
    written = payload({"state_of_charge_permille": 1}).replace("0.001", text)
    with pytest.raises(RemoteProtocolError) as caught:
        read_readings(parse(written.encode()))
    assert caught.value.code == "1.8"


def test_all_periods_of_a_reading_must_agree():
    text = payload({"voltage_a_mv": 1}).replace("T11:45:00Z", "T11:44:00Z", 1)
    with pytest.raises(RemoteProtocolError, match="timePeriods differ"):
        read_readings(parse(text.encode()))


def test_no_noun_is_no_body():
    assert read_readings(parse(f"<Payload xmlns='{MESSAGE}'/>".encode())) is None
