import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import Header, ReplayDetection, User
from xmpp_cem.wire.header import append_header, read_header, read_message_id, read_start
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
    append_header(element, header, header.noun)
    return parse(canonical(element))


def read(element):
    return read_header(*read_start(element))


def test_a_header_without_properties_has_none():
    assert not [each for each in written(HEADER).iter() if "Property" in each.tag]


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


def test_every_element_returns_and_stands_in_the_order_of_the_standard():
    header = HEADER.model_copy(
        update={
            "replay": ReplayDetection(nonce="n", created=HEADER.timestamp),
            "context": "TESTING",
            "wants_async": True,
            "reply_address": "a@b/c",
            "wants_ack": False,
            "user": User(id="u", organization="o"),
            "comment": "by hand",
        }
    )
    element = written(header)
    assert read(element) == header
    names = [child.tag.rpartition("}")[2] for child in element[0]]
    order = (
        "Verb Noun Revision ReplayDetection Context Timestamp Source AsyncReplyFlag ReplyAddress "
        "AckRequired User MessageID Comment"
    )
    assert " ".join(names) == order


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<ReplayDetection><Nonce>n</Nonce></ReplayDetection>", "replay: created"),
        ("<User><Organization>o</Organization></User>", "user: id"),
        ("<User><UserID/></User>", "user: id"),
        ("<User><UserID>a</UserID></User><User><UserID>b</UserID></User>", "more than one User"),
        ("<AsyncReplyFlag>2</AsyncReplyFlag>", "AsyncReplyFlag"),
    ],
)
def test_broken_elements_are_refused(inside, reason):
    element = written(HEADER)
    for part in parse(f"<x xmlns='{MESSAGE}'>{inside}</x>".encode()):
        element[0].append(part)
    with pytest.raises(RemoteProtocolError, match=reason):
        read(element)


def test_an_empty_element_within_another_says_nothing():
    element = written(HEADER)
    user = f"<x xmlns='{MESSAGE}'><User><UserID>a</UserID><Organization/></User></x>"
    element[0].extend(parse(user.encode()))
    assert read(element).user == User(id="a")


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
