import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.model.text import Explanation, Sentence, one_line


@pytest.mark.parametrize("bad", ["\r", "\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_a_control_character_becomes_a_space(bad):
    assert one_line(f"a{bad}b") == "a b"


def test_letters_of_every_script_stay():
    assert one_line("Wärmepumpe 热泵 ✓") == "Wärmepumpe 热泵 ✓"


@pytest.mark.parametrize(("kind", "length"), [(Sentence, 256), (Explanation, 1024)])
def test_a_line_is_bounded(kind, length):
    lines = TypeAdapter(kind)
    assert lines.validate_python("x" * length) == "x" * length
    with pytest.raises(ValidationError):
        lines.validate_python("x" * (length + 1))
    assert lines.validate_python("a\nb") == "a b"
