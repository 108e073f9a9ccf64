import pytest
from pydantic import Field

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.model.value import Value
from xmpp_cem.wire.fields import (
    Fields,
    append_leaves,
    attributes,
    build,
    leaves,
    read,
    set_attributes,
)
from xmpp_cem.wire.scalars import INTEGER, TEXT
from xmpp_cem.wire.xml import canonical, parse, root

FIELDS: Fields = {"size": ("theSize", INTEGER), "text": ("text", TEXT)}


class Box(Value):
    size: int = Field(le=9)
    text: str = ""
    parts: tuple[int, ...] = Field(default=(), max_length=2)


def test_attributes_return_what_was_set():
    element = root("u:1", "box")
    set_attributes(element, Box(size=3, text="x"), FIELDS)
    assert canonical(element) == b'<box xmlns="u:1" text="x" theSize="3"></box>'
    assert attributes(parse(canonical(element)), FIELDS) == {"size": 3, "text": "x"}


def test_an_empty_leaf_is_left_out():
    element = root("u:1", "box")
    append_leaves(element, "u:1", Box(size=3), FIELDS)
    assert canonical(element) == b'<box xmlns="u:1"><theSize>3</theSize></box>'


def test_leaves_may_stand_in_any_order_among_unknown_ones():
    element = parse(b"<b xmlns='u:1'><text> x </text><new/><theSize>3</theSize></b>")
    assert leaves(element, "u:1", FIELDS) == {"size": 3, "text": " x "}


def test_a_leaf_twice_is_refused():
    element = parse(b"<b xmlns='u:1'><text/><text/></b>")
    with pytest.raises(RemoteProtocolError, match=r"1\.8: more than one text"):
        leaves(element, "u:1", FIELDS)


def test_a_leaf_with_children_is_refused():
    element = parse(b"<b xmlns='u:1'><text>a<c/>b</text></b>")
    with pytest.raises(RemoteProtocolError, match="text must hold text only"):
        leaves(element, "u:1", FIELDS)


def test_a_bad_value_is_refused_by_its_name_on_the_wire():
    with pytest.raises(RemoteProtocolError, match=r"1\.8: theSize: a whole number"):
        read({"theSize": "big"}, FIELDS)


@pytest.mark.parametrize(
    ("values", "code", "reason"),
    [
        ({}, "1.7", "box: theSize: Field required"),
        ({"size": 10}, "1.8", "box: theSize: Input should be less than or equal to 9"),
        ({"size": 1, "parts": (1, 2, 3)}, "3.1", "box: parts: Tuple should have at most 2"),
    ],
)
def test_a_value_that_cannot_be_built_is_refused(values, code, reason):
    with pytest.raises(RemoteProtocolError) as caught:
        build(Box, "box", values, FIELDS)
    assert caught.value.code == code
    assert caught.value.reason.startswith(reason)
