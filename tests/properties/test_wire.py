"""What holds for every message and for every sequence of bytes."""

import base64
import gzip
from contextlib import suppress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.properties.strategies.events import events
from tests.properties.strategies.messages import messages, presences
from tests.properties.strategies.readings import reading_types
from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import (
    EventMessage,
    FaultMessage,
    Message,
    RequestMessage,
    ResponseMessage,
    Verb,
)
from xmpp_cem.model.reading_type import ReadingType
from xmpp_cem.wire.codec import (
    Flow,
    decode,
    decode_presence,
    encode,
    encode_presence,
)
from xmpp_cem.wire.contents import LARGEST_RATIO
from xmpp_cem.wire.digests import digest
from xmpp_cem.wire.namespaces import MESSAGE, OLDER_MESSAGES

ROUNDS = settings(max_examples=150)
"""Bounded, so that all of this file takes seconds."""

flows = st.sampled_from(Flow)
NASTY = (b"<", b">", b"&", b"&#0;", b"<!--", b"]]>", b"<?", b"<!DOCTYPE a>", b'"', b"\x00", b"\xff")


def flow_of(message: Message) -> Flow:
    match message:
        case RequestMessage():
            return Flow.QUERY if message.header.verb is Verb.GET else Flow.TRANSACTION
        case EventMessage():
            return Flow.EVENT
        case ResponseMessage() | FaultMessage():
            return Flow.REPLY


@given(messages)
@ROUNDS
def test_what_is_encoded_decodes_to_the_same(message):
    assert decode(encode(message), flow_of(message)) == message


@given(messages)
@ROUNDS
def test_encoding_is_canonical(message):
    data = encode(message)
    assert encode(decode(data, flow_of(message))) == data
    assert etree.tostring(etree.fromstring(data), method="c14n", exclusive=True) == data


@given(messages)
@ROUNDS
def test_prefixes_and_the_order_of_unlike_children_mean_nothing(message):
    root = etree.fromstring(encode(message))
    data = etree.tostring(prefixed(root), encoding="utf-8", xml_declaration=True)
    assert decode(data, flow_of(message)) == message


@given(messages, st.sampled_from(sorted(OLDER_MESSAGES)), st.sampled_from(sorted(OLDER_MESSAGES)))
@ROUNDS
def test_editions_and_compression_mean_nothing(message, outside, inside):
    root = etree.fromstring(encode(message))
    payload = root.find(f"{{{MESSAGE}}}Payload")
    if payload is not None:
        data = etree.tostring(payload).replace(MESSAGE.encode(), inside.encode())
        packed = gzip.compress(data)
        assume(len(data) <= LARGEST_RATIO * len(packed))
        for part in payload:
            payload.remove(part)
        compressed = etree.SubElement(payload, f"{{{MESSAGE}}}Compressed")
        compressed.text = base64.b64encode(packed).decode()
    document = etree.tostring(root).replace(MESSAGE.encode(), outside.encode())
    assert decode(document, flow_of(message)) == message


def prefixed(element: etree._Element) -> etree._Element:
    """Return a copy with prefixes, children sorted by name but like ones in their order."""
    name = etree.QName(element)
    copy = etree.Element(element.tag, dict(element.attrib), nsmap={"p": name.namespace})
    copy.text = element.text
    copy.extend(prefixed(child) for child in sorted(element, key=lambda child: child.tag))
    return copy


@given(messages, flows, st.data())
@ROUNDS
def test_a_document_with_other_bytes_is_a_message_or_refused(message, flow, data):
    document = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(document)))
        length = data.draw(st.integers(0, 20))
        insert = data.draw(st.sampled_from(NASTY) | st.binary(max_size=8))
        document[start : start + length] = insert
    with suppress(RemoteProtocolError):
        decode(bytes(document), flow)


@given(messages, st.data())
@ROUNDS
def test_a_document_with_other_elements_is_a_message_or_refused(message, data):
    root = etree.fromstring(encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(data.draw(st.sampled_from(list(root.iter()))), data)
    with suppress(RemoteProtocolError):
        decode(etree.tostring(root), flow_of(message))


def mutate(element: etree._Element, data: st.DataObject) -> None:
    parent = element.getparent()
    odd = st.sampled_from(["", " ", "-1", "1e3", "+5", "9" * 30, "NaN", "2026-02-30T00:00:00Z"])
    change = data.draw(st.sampled_from(["text", "drop", "double", "rename", "attribute", "nest"]))
    match change:
        case "text":
            element.text = data.draw(odd)
        case "rename":
            element.tag = data.draw(st.sampled_from(["{u:1}x", "x", element.tag]))
        case "nest":
            etree.SubElement(element, element.tag).text = "x"
        case "attribute":
            for name in element.attrib:
                element.set(name, data.draw(odd))
        case "drop" if parent is not None:
            parent.remove(element)
        case "double" if parent is not None:
            parent.append(etree.fromstring(etree.tostring(element)))


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode), flows)
@ROUNDS
def test_any_bytes_are_a_message_or_refused(data, flow):
    with suppress(RemoteProtocolError):
        decode(data, flow)
    with suppress(RemoteProtocolError):
        decode_presence(data)


@given(presences)
@ROUNDS
def test_a_presence_that_is_encoded_decodes_to_the_same(value):
    assert decode_presence(encode_presence(value)) == value


@given(events(), events())
@ROUNDS
def test_events_have_one_digest_if_and_only_if_they_are_equal(one, other):
    assert (digest(one) == digest(other)) is (one == other)
    assert digest(one.model_copy()) == digest(one)


@given(presences, st.data())
@ROUNDS
def test_a_presence_with_other_elements_is_a_value_or_refused(value, data):
    root = etree.fromstring(encode_presence(value))
    mutate(data.draw(st.sampled_from(list(root.iter()))), data)
    with suppress(RemoteProtocolError):
        decode_presence(etree.tostring(root))
    with pytest.raises(RemoteProtocolError):
        decode_presence(encode_presence(value)[:-1])


@given(reading_types)
@ROUNDS
def test_a_reading_type_of_any_numbers_is_its_text(kind):
    assert ReadingType.parse(str(kind)) == kind
    assert ReadingType.model_validate_json(kind.model_dump_json()) == kind


@given(st.text("0123456789.-", max_size=60) | st.from_regex(r"(-?\d{1,6}\.){17}\d"))
@ROUNDS
def test_a_text_that_is_a_reading_type_is_written_the_same(text):
    with suppress(ValueError):
        assert str(ReadingType.parse(text)) == text
