import time

import pytest
from lxml import etree

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.wire.xml import (
    DEEPEST,
    LARGEST_INPUT,
    MOST_ELEMENTS,
    append,
    append_leaf,
    canonical,
    child,
    children,
    local_name,
    parse,
    required,
    root,
)

HOSTILE = {
    "doctype": b"<!DOCTYPE a><a/>",
    "doctype after a comment": b"<!-- x --><!DOCTYPE a><a/>",
    "entity in an attribute": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a x='&b;'/>",
    "external subset": b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a/>",
    "parameter entity": b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]><a/>",
    "default attribute": b"<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>",
    "processing instruction": b"<a><?x y?></a>",
    "stylesheet": b"<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>",
    "second declaration": b"<a><?xml version='1.0'?></a>",
    "undeclared entity": b"<a>&b;</a>",
    "null": b"<a>\x00</a>",
    "null reference": b"<a>&#0;</a>",
    "not UTF-8": b"<a>\xff</a>",
    "UTF-16": "<a/>".encode("utf-16"),
    "UTF-7": b"<?xml version='1.0' encoding='utf-7'?>+ADw-a/+AD4-",
    "empty": b"",
    "white space": b"  ",
    "text after the root": b"<a/>b",
    "two roots": b"<a/><a/>",
    "unbound prefix": b"<p:a/>",
    "attribute twice": b"<a b='1' b='2'/>",
    "open": b"<a>",
    "wrong end": b"<a></b>",
    "open comment": b"<a><!-- ",
    "open CDATA": b"<a><![CDATA[ ",
    "conditional section": b"<a><![INCLUDE[x]]></a>",
    "deep": b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1),
    "very deep": b"<a>" * 60_000,
    "wide": b"<a>" + b"<b/>" * MOST_ELEMENTS + b"</a>",
    "wider": b"<a>" + b"<b/>" * 60_000 + b"</a>",
    "long": b"<a>" + b"x" * LARGEST_INPUT + b"</a>",
    "markup only": b"<" * LARGEST_INPUT,
    "open references": b"<a>" + b"&" * 100_000,
}
HEAVY = {
    "attributes": b"<a " + b" ".join(b"a%d=''" % n for n in range(20_000)) + b"/>",
    "namespaces": b"<a " + b" ".join(b"xmlns:a%d='u:%d'" % (n, n) for n in range(8_000)) + b"/>",
    "references": b"<a>" + b"&lt;" * 60_000 + b"</a>",
    "comments": b"<a>" + b"<!---->" * 30_000 + b"</a>",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_at_once(data):
    began = time.process_time()
    with pytest.raises(RemoteProtocolError) as caught:
        parse(data)
    assert time.process_time() - began < 1
    assert caught.value.code == "1.8"
    assert len(caught.value.reason) < 200


@pytest.mark.parametrize("data", HEAVY.values(), ids=HEAVY.keys())
def test_a_heavy_document_takes_little_time(data):
    began = time.process_time()
    parse(data)
    assert time.process_time() - began < 1


def test_depth_and_number_of_elements_may_reach_their_limit():
    parse(b"<a>" * DEEPEST + b"</a>" * DEEPEST)
    parse(b"<a>" + b"<b/>" * (MOST_ELEMENTS - 1) + b"</a>")


def test_a_comment_does_not_cut_a_text():
    assert parse(b"<a>one<!-- two -->three</a>").text == "onethree"


def test_a_declaration_and_a_byte_order_mark_are_allowed():
    data = "\ufeff<?xml version='1.0' encoding='UTF-8'?><a>é</a>"
    assert parse(data.encode()).text == "é"


def test_a_declared_encoding_does_not_change_how_bytes_are_read():
    data = "<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>"
    assert parse(data.encode()).text == "é"


def test_canonical_xml_has_default_namespaces_and_no_prefixes():
    top = root("u:1", "a")
    append(append(top, "u:1", "b"), "u:2", "c", "x<\r").set("q", "1")
    append(top, "u:1", "d")
    assert canonical(top) == (
        b'<a xmlns="u:1"><b><c xmlns="u:2" q="1">x&lt;&#xD;</c></b><d></d></a>'
    )


ODD = ["&<>\"'", "a\tb\nc\rd", "é €", "\U0001f50c", "\x85\u2028", " ", "]]>"]


@pytest.mark.parametrize("text", ODD)
def test_what_is_written_is_canonical_and_read_as_it_was(text):
    top = root("u:1", "a")
    append_leaf(top, "u:1", "b", text)
    append(top, "u:2", "c", text).set("q", text)
    append_leaf(top, "u:2", "d", text)
    data = canonical(top)
    read = parse(data)
    assert etree.tostring(read, method="c14n", exclusive=True) == data
    assert [each.text for each in read] == [text] * 3
    assert read[1].get("q") == text


@pytest.mark.parametrize("text", ["\0", "\x1b", "\ud800", "\ufffe", "a\x7f\x01"])
def test_text_that_xml_cannot_carry_is_not_written(text):
    top = root("u:1", "a")
    for write in (
        lambda: append(top, "u:1", "b", text),
        lambda: append_leaf(top, "u:1", "b", text),
        lambda: top.set("q", text),
    ):
        with pytest.raises(ValueError, match="no character of XML"):
            write()


def test_a_child_that_may_stand_once_is_refused_twice():
    top = parse(b"<a xmlns='u:1'><b/><b/></a>")
    assert len(children(top, "u:1", "b")) == 2
    with pytest.raises(RemoteProtocolError, match="more than one b"):
        child(top, "u:1", "b")


def test_a_child_of_another_namespace_is_another_child():
    top = parse(b"<a xmlns='u:1'><b xmlns='u:2'/></a>")
    assert child(top, "u:1", "b") is None
    with pytest.raises(RemoteProtocolError, match=r"1\.7: b is missing in a"):
        required(top, "u:1", "b")
    assert local_name(required(top, "u:2", "b")) == "b"
