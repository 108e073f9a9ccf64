import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import Header, Level, ReplyError, Result
from xmpp_cem.wire.envelope import (
    append_header,
    append_reply,
    append_request,
    read_header,
    read_message_id,
    read_reply,
    read_request,
    read_start,
)
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.xml import canonical, parse, root

ID = "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01"
HEADER = Header.model_validate(
    {
        "verb": "get",
        "noun": "MeterReadings",
        "message_id": ID,
        "timestamp": "2026-01-31T12:00:00Z",
        "source": "dso",
    }
)


def top(inside=""):
    return parse(f"<RequestMessage xmlns='{MESSAGE}'>{inside}</RequestMessage>".encode())


def written(header):
    element = root(MESSAGE, "RequestMessage")
    append_header(element, header)
    return element


def read(element):
    return read_header(*read_start(element))


def test_a_header_without_properties_has_none():
    assert b"Property" not in canonical(written(HEADER))


def test_a_header_returns_as_it_was():
    full = {"trace": "t", "path": ("a", "b"), "hop": 2, "epoch": 0, "sequence": 0}
    header = HEADER.model_copy(update=full)
    assert read(written(header)) == header


def test_elements_stand_in_the_order_of_the_standard():
    header = HEADER.model_copy(update={"correlation_id": ID, "trace": "t"})
    names = [child.tag.rpartition("}")[2] for child in written(header)[0]]
    assert names == [
        "Verb",
        "Noun",
        "Revision",
        "Timestamp",
        "Source",
        "MessageID",
        "CorrelationID",
        "Property",
    ]


def test_a_known_property_twice_is_refused_and_an_unknown_one_is_not():
    element = written(HEADER)
    for name in ("x", "x", "cem.trace", "cem.trace"):
        element[0].append(
            parse(f"<Property xmlns='{MESSAGE}'><Name>{name}</Name></Property>".encode())
        )
    with pytest.raises(RemoteProtocolError, match=r"more than one Property cem\.trace"):
        read(element)
    element[0].remove(element[0][-1])
    assert read(element).trace == ""


def test_a_property_without_a_name_is_refused():
    element = written(HEADER)
    element[0].append(parse(f"<Property xmlns='{MESSAGE}'/>".encode()))
    with pytest.raises(RemoteProtocolError, match="Name is missing in Property"):
        read(element)


def test_more_hops_than_allowed_are_refused():
    element = written(HEADER.model_copy(update={"hop": 8}))
    element[0][-1][1].text = "9"
    with pytest.raises(RemoteProtocolError, match=r"1\.8: Header: cem.hop"):
        read(element)


def test_a_message_id_is_read_where_it_can_be():
    assert read_message_id(top(f"<Header><MessageID> {ID.upper()} </MessageID></Header>")) == ID
    assert read_message_id(top("<Header><MessageID>7</MessageID></Header>")) is None
    assert read_message_id(top("<Header><MessageID/></Header>")) is None
    assert read_message_id(top()) is None


def test_a_request_without_ids_and_options_has_no_element():
    element = top()
    append_request(element, (), ())
    assert len(element) == 0
    assert read_request(element) == {}


def test_ids_and_options_return_as_they_were():
    element = top()
    append_request(element, ("a", "", " b "), (("after", "2 40"), ("", "")))
    assert read_request(element) == {
        "ids": ("a", "", " b "),
        "options": (("after", "2 40"), ("", "")),
    }


def test_a_reply_returns_as_it_was():
    element = top()
    errors = (ReplyError(code="1.8", reason="bad", level=Level.WARNING), ReplyError(code="0.3"))
    append_reply(element, Result.PARTIAL, errors)
    assert read_reply(element) == {"result": "PARTIAL", "errors": errors}


def test_an_error_without_level_is_fatal():
    element = top("<Reply><Result>OK</Result><Error><code>0.0</code></Error></Reply>")
    assert read_reply(element)["errors"] == (ReplyError(code="0.0", level=Level.FATAL),)


def test_a_reply_must_be_there():
    with pytest.raises(RemoteProtocolError, match=r"1\.8: Reply is missing"):
        read_reply(top())
