import pytest
from pydantic import ValidationError

from xmpp_cem.messages.envelope import MAX_HOPS, FaultMessage, Header, ReplyError
from xmpp_cem.messages.naming import FaultyObject

HEADER = {
    "verb": "get",
    "noun": "MeterReadings",
    "message_id": "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01",
    "timestamp": "2026-01-31T12:00:00Z",
    "source": "dso",
}


@pytest.mark.parametrize(
    "change",
    [
        {"hop": MAX_HOPS + 1},
        {"path": ["a"] * (MAX_HOPS + 1)},
        {"path": ["a b"]},
        {"source": "a b"},
        {"timestamp": "2026-01-31T12:00:00"},
        {"verb": "report"},
        {"sequence": -1},
        {"user": {"id": ""}},
        {"user": {"id": "a", "organization": ""}},
        {"replay": {"nonce": "", "created": "2026-01-31T12:00:00Z"}},
    ],
)
def test_a_header_out_of_bounds_is_refused(change):
    Header.model_validate(HEADER)
    with pytest.raises(ValidationError):
        Header.model_validate({**HEADER, **change})


@pytest.mark.parametrize("code", ["2", "2.", "2.999", "x.1", "٢.٩", "2.9\n"])
def test_a_reply_code_is_a_group_and_a_number(code):
    with pytest.raises(ValidationError):
        ReplyError(code=code)


@pytest.mark.parametrize("field", ["mrid", "type"])
def test_an_object_that_nothing_names_has_no_empty_name(field):
    with pytest.raises(ValidationError):
        FaultyObject.model_validate({field: ""})


def test_a_fault_says_what_is_wrong():
    with pytest.raises(ValidationError):
        FaultMessage(errors=())
