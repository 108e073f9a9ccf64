# ruff: noqa: S314 (the XML is our own)
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xmpp_cem.xmpp.canonical import MAX_PAYLOAD, local_name, namespace, to_bytes, to_element

NAMES = st.sampled_from(["a", "b", "Header", "x-1", "_y"])
SPACES = st.sampled_from(["", "urn:a", "urn:b", "http://example.org/b"])
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\""),
    max_size=12,
)


@st.composite
def elements(draw, depth=3):
    space = draw(SPACES)
    element = ET.Element(f"{{{space}}}{draw(NAMES)}" if space else draw(NAMES))
    for name in draw(
        st.sets(st.sampled_from(["id", "Z", "k", "{http://www.w3.org/XML/1998/namespace}lang"]))
    ):
        element.set(name, draw(TEXTS))
    element.text = draw(TEXTS)
    if depth:
        for child in draw(st.lists(elements(depth=depth - 1), max_size=3)):
            child.tail = draw(TEXTS)
            element.append(child)
    return element


@pytest.mark.slow
@given(elements())
def test_bytes_read_back_to_the_same_bytes(element):
    written = to_bytes(element)
    assert to_bytes(to_element(written)) == written


@pytest.mark.slow
@given(elements())
def test_bytes_are_their_own_exclusive_canonical_form(element):
    written = to_bytes(element)
    canonical = etree.tostring(etree.fromstring(written), method="c14n", exclusive=True)
    assert canonical == written


@pytest.mark.slow
@given(elements())
def test_no_prefix_but_xml_is_declared(element):
    assert b"xmlns:" not in to_bytes(element)


def test_prefixes_become_default_namespaces():
    element = ET.fromstring('<p:a xmlns:p="urn:a" xmlns:q="urn:q"><q:b/><p:c/></p:a>')
    assert to_bytes(element) == b'<a xmlns="urn:a"><b xmlns="urn:q"></b><c></c></a>'


def test_the_inherited_namespace_is_not_declared_again():
    element = ET.fromstring('<a xmlns="urn:a"><b xmlns=""/></a>')
    assert to_bytes(element, "urn:a") == b'<a><b xmlns=""></b></a>'


def test_the_tail_is_not_part_of_it():
    parent = ET.fromstring("<a><b/>tail</a>")
    assert to_bytes(parent[0]) == b"<b></b>"


def test_an_attribute_with_a_namespace_is_refused():
    with pytest.raises(ValueError, match="namespace"):
        to_bytes(ET.fromstring('<a xmlns:p="urn:p" p:x="1"/>'))


def test_depth_is_bounded():
    deep = "<a>" * 65 + "</a>" * 65
    with pytest.raises(ValueError, match="deeper"):
        to_bytes(ET.fromstring(deep))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"text",
        b"<a>",
        b"<a/><b/>",
        b"\xff",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" + b"x" * MAX_PAYLOAD + b"</a>",
    ],
)
def test_what_is_no_small_plain_xml_is_refused(payload):
    with pytest.raises(ValueError, match=r"."):
        to_element(payload)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_element_or_a_value_error(payload):
    try:
        element = to_element(payload)
    except ValueError:
        return
    assert local_name(element)
    assert namespace(element) in element.tag
