from datetime import UTC, datetime
from decimal import Decimal

import pytest

from xmpp_cem.wire.scalars import BOOLEAN, INSTANT, INTEGER, MILLI, SHARE, TEXT, TOKEN, TOKENS


@pytest.mark.parametrize(
    "text", ["+5", "5.0", "1e3", "1_000", "", " ", "0x1", "٣", "9" * 19, "9" * 5000, "-", "--1"]
)
def test_what_is_no_plain_whole_number_is_refused(text):
    with pytest.raises(ValueError, match="whole number"):
        INTEGER.read(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-60000", -60000), (" 7\n", 7)])
def test_a_whole_number_is_read(text, value):
    assert INTEGER.read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00+00:00",
        "2026-01-31",
        "2026-01-31 12:00:00Z",
        "2026-02-31T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00.1234567Z",
        "0000-01-31T12:00:00Z",
        "20260131T120000Z",
        "",
    ],
)
def test_what_is_no_instant_in_utc_is_refused(text):
    with pytest.raises(ValueError, match=r"instant|range|must be in"):
        INSTANT.read(text)


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, "2026-01-31T12:00:00Z"),
        (250_000, "2026-01-31T12:00:00.250Z"),
        (1, "2026-01-31T12:00:00.000001Z"),
    ],
)
def test_an_instant_has_no_more_of_a_fraction_than_it_needs(microsecond, text):
    instant = datetime(2026, 1, 31, 12, 0, 0, microsecond, tzinfo=UTC)
    assert INSTANT.write(instant) == text
    assert INSTANT.read(text) == instant


def test_a_share_has_nine_decimals_and_no_sign():
    assert SHARE.write(Decimal("0.407332")) == "0.407332000"
    assert SHARE.write(Decimal("-0")) == "0.000000000"
    assert SHARE.write(Decimal("1E-9")) == "0.000000001"
    assert SHARE.read(" 0.407332000 ") == Decimal("0.407332")


@pytest.mark.parametrize("text", ["1e-3", "-0.1", ".5", "0.0000000001", "NaN", "2", ""])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="0 to 1"):
        SHARE.read(text)


def test_a_boolean_is_true_or_false():
    assert [BOOLEAN.read(BOOLEAN.write(value)) for value in (True, False)] == [True, False]
    assert [BOOLEAN.read(text) for text in (" true ", "1", "0")] == [True, True, False]


@pytest.mark.parametrize("text", ["2", "TRUE", "yes", ""])
def test_what_is_no_boolean_is_refused(text):
    with pytest.raises(ValueError, match="true or false"):
        BOOLEAN.read(text)


def test_white_space_matters_in_a_text_only():
    assert TEXT.read(" a b ") == " a b "
    assert TOKEN.read(" a ") == "a"
    assert TOKENS.read(TOKENS.write(("a", "b"))) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-0.000", 0), ("230.417", 230_417), ("-0.5", -500), (" 1.05\n", 1050)],
)
def test_thousandths_are_read(text, value):
    assert MILLI.read(text) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.000"), (7, "0.007"), (-7, "-0.007"), (-230_410, "-230.410")]
)
def test_thousandths_have_three_decimals(value, text):
    assert MILLI.write(value) == text
    assert MILLI.read(text) == value


@pytest.mark.parametrize(
    "text", ["", "+1", "1.", ".1", "1.0000", "1e3", "1,5", "9" * 16, "٣", "NaN"]
)
def test_what_is_no_number_of_thousandths_is_refused(text):
    with pytest.raises(ValueError, match="three decimals"):
        MILLI.read(text)
