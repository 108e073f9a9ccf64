import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import (
    FaultMessage,
    Header,
    Level,
    ReplyError,
    RequestMessage,
    Result,
)
from xmpp_cem.messages.naming import FaultyObject, NamedId
from xmpp_cem.wire.envelope import append_reply, append_request, read_reply, read_request
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


def test_a_request_without_ids_and_options_has_no_element():
    draft = root(MESSAGE, "RequestMessage")
    assert append_request(draft, RequestMessage(header=HEADER)) is None
    element = parse(canonical(draft))
    assert len(element) == 0
    assert read_request(element) == {}


def test_ids_and_options_return_as_they_were():
    draft = root(MESSAGE, "RequestMessage")
    ids = (NamedId(text="a", kind="uuid", type="t", authority="us", object_type="o"), " b ", "")
    options = (("after", "2 40"), ("", ""))
    start = HEADER.timestamp
    message = RequestMessage(header=HEADER, ids=ids, options=options, start=start)
    append_request(draft, message)
    assert read_request(parse(canonical(draft))) == {
        "ids": message.ids,
        "options": options,
        "start": start,
    }
    assert message.names == ("a", " b ", "")


def test_an_id_of_an_unknown_kind_is_refused():
    with pytest.raises(RemoteProtocolError, match=r"1\.8: ID: kind"):
        read_request(top("<Request><ID kind='guess'>a</ID></Request>"))


def test_a_reply_returns_as_it_was():
    draft = root(MESSAGE, "RequestMessage")
    full = ReplyError(
        code="1.8",
        reason="bad",
        level=Level.WARNING,
        details="long",
        xpath="Header",
        id=NamedId(text="7", kind="name"),
        related_id=NamedId(text="8"),
        object=FaultyObject(mrid="m", type="EndDevice"),
        operation=3,
    )
    errors = (full, ReplyError(code="0.3"))
    message = FaultMessage(result=Result.PARTIAL, errors=errors, ids=("i",), operation=4)
    append_reply(draft, message)
    element = parse(canonical(draft))
    assert read_reply(element) == {
        "result": "PARTIAL",
        "errors": errors,
        "ids": message.ids,
        "operation": 4,
    }
    names = [child.tag.rpartition("}")[2] for child in element[0][1]]
    assert names == [
        "code",
        "level",
        "reason",
        "details",
        "xpath",
        "ID",
        "relatedID",
        "object",
        "operationId",
    ]


def test_of_a_place_the_name_is_kept_without_its_prefix():
    inside = "<code>1.8</code><xpath xmlns:m='urn:m'> m:Header </xpath>"
    element = top(f"<Reply><Result>FAILED</Result><Error>{inside}</Error></Reply>")
    assert read_reply(element)["errors"][0].xpath == "Header"


def test_stack_traces_and_places_are_passed_over():
    inside = "<code>1.8</code><stackTrace>x</stackTrace><Location><node>n</node></Location>"
    element = top(f"<Reply><Result>FAILED</Result><Error>{inside}</Error></Reply>")
    assert read_reply(element)["errors"] == (ReplyError(code="1.8"),)


def test_an_error_without_level_is_fatal():
    element = top("<Reply><Result>OK</Result><Error><code>0.0</code></Error></Reply>")
    assert read_reply(element)["errors"] == (ReplyError(code="0.0", level=Level.FATAL),)


def test_a_reply_must_be_there():
    with pytest.raises(RemoteProtocolError, match=r"1\.8: Reply is missing"):
        read_reply(top())
