from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmpp_cem.drivers.sunspec.models import ALL, DER_STORAGE, INVERTER
from xmpp_cem.drivers.sunspec.points import Block, Kind, decode, encode
from xmpp_cem.errors import DriverError

kinds = st.sampled_from(list(Kind))


def block(model, **values):
    words = [0] * model.words
    for name, number in values.items():
        point = model.points[name]
        words[point.offset : point.offset + point.kind.words] = encode(point.kind, number)
    return Block(model, words)


@given(kinds, st.integers(-(2**70), 2**70))
def test_a_number_survives_its_registers_or_is_refused(kind: Kind, number: int):
    try:
        words = encode(kind, number)
    except DriverError:
        return
    assert decode(kind, words) == number
    assert len(words) == kind.words


@given(kinds, st.data())
def test_registers_survive_their_number(kind: Kind, data: st.DataObject):
    words = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=kind.words, max_size=kind.words))
    number = decode(kind, words)
    assume(number is not None)
    assert encode(kind, number) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.INT16, [0x8000]),
        (Kind.UINT16, [0xFFFF]),
        (Kind.ENUM16, [0xFFFF]),
        (Kind.SUNSSF, [0x8000]),
        (Kind.INT32, [0x8000, 0]),
        (Kind.UINT32, [0xFFFF, 0xFFFF]),
        (Kind.UINT64, [0xFFFF] * 4),
        (Kind.ACC32, [0, 0]),
    ],
)
def test_what_a_device_does_not_have_is_absent_and_cannot_be_written(kind, words):
    assert decode(kind, words) is None
    number = int.from_bytes(b"".join(word.to_bytes(2) for word in words))
    with pytest.raises(DriverError, match="does not fit"):
        encode(kind, number - (1 << 16 * kind.words) if kind.is_signed else number)


def test_negative_numbers_are_in_twos_complement():
    assert (encode(Kind.INT16, -2), encode(Kind.INT32, -2)) == ([0xFFFE], [0xFFFF, 0xFFFE])


@given(st.integers(-32767, 32767), st.integers(-10, 10))
def test_a_value_is_its_number_times_a_power_of_ten(number: int, scale: int):
    read = block(INVERTER, W=number, W_SF=scale)
    assert read.value("W") == Decimal(number) * Decimal(10) ** scale
    assert read.whole("W") == round(read.value("W"))


@pytest.mark.parametrize("scale", [-11, 11, 300])
def test_a_scale_that_cannot_be_is_refused(scale):
    with pytest.raises(DriverError, match=f"W_SF is {scale}"):
        block(INVERTER, W=1, W_SF=scale).value("W")


def test_a_missing_scale_is_none():
    words = list(block(DER_STORAGE, WHRtg=500).words)
    words[DER_STORAGE.points["WH_SF"].offset] = 0x8000
    assert Block(DER_STORAGE, words).whole("WHRtg") == 500


def test_what_a_shorter_model_lacks_is_absent():
    assert Block(DER_STORAGE, [713, 1, 500]).raw("WHAvail") is None


def test_every_scale_is_a_point_of_its_model():
    for model in ALL:
        for point in model.points.values():
            assert not point.scale or model.points[point.scale].kind is Kind.SUNSSF
