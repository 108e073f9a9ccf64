import pytest

from xmpp_cem.model.position import Position


def test_a_position_reads_what_it_writes():
    assert Position.parse(str(Position(1768478400, 7))) == Position(1768478400, 7)


def test_a_later_epoch_is_later_whatever_the_sequence():
    assert Position(1, 900) < Position(2, 0) < Position(2, 1)


@pytest.mark.parametrize(
    "text", ["", ".", "1", "1.", "1.2.3", "+1.2", "1.-2", "1e3.0", f"{2**53 + 1}.0"]
)
def test_anything_else_is_no_position(text):
    with pytest.raises(ValueError, match="two numbers"):
        Position.parse(text)
