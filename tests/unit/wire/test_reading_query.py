import re

import pytest
from pydantic import ValidationError

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.reading import READINGS
from xmpp_cem.wire.codec import Flow, decode, encode
from xmpp_cem.wire.namespaces import GET_READINGS

HEADER = Header(
    verb=Verb.GET,
    noun=Noun.READINGS,
    message_id="6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01",
    timestamp="2026-01-31T12:00:00Z",
    source="dso-west",
)
QUERY = GetMeterReadings(
    devices=("pv-1", "battery-1"),
    types=(READINGS["power_w"], READINGS["state_of_charge_permille"]),
    interval={"start": "2026-01-31T11:00:00Z", "end": "2026-01-31T12:00:00Z"},
)
MRID = str(QUERY.types[0])


def asked(query, **values):
    return encode(RequestMessage(header=HEADER, query=query, **values)).decode()


def read(text):
    return decode(text.encode(), Flow.QUERY).query


@pytest.mark.parametrize("query", [QUERY, GetMeterReadings(), GetMeterReadings(devices=("a",))])
def test_a_query_returns_as_it_was_asked(query):
    assert read(asked(query)) == query


def test_a_query_stands_in_the_request_after_ids_and_options():
    text = asked(QUERY, ids=("x",), options=(("after", "1"),))
    assert text.count("<Request>") == 1
    assert re.search(r"<ID>x</ID><GetMeterReadings .*</GetMeterReadings></Request>", text)


def test_a_get_without_a_query_asks_for_all():
    assert "Request>" not in asked(None)
    assert read(asked(None)) is None
    assert read(asked(None, ids=("x",))) is None


@pytest.mark.parametrize(
    ("old", "new", "code", "reason"),
    [
        (MRID, "power", "2.6", "18 numbers"),
        (MRID, MRID + ".0", "2.6", "not 19"),
        (MRID, "0.0.0.12.0.1.15.0.0.0.0.0.0.0.0.0.33.0", "2.10", "not known"),
        ("<mRID>pv-1</mRID>", "", "1.7", "mRID"),
        ("pv-1", "pv 1", "1.8", "devices"),
        ("<Names>", "<Alias>", "1.8", "not well-formed"),
        (f"<Names><name>{MRID}</name></Names>", "", "1.7", "Names"),
        (f"<name>{MRID}</name>", "", "1.7", "name"),
        (f"<name>{MRID}</name>", f"<name>{MRID}</name>" * 2, "1.8", "more than one name"),
        ("<start>2026-01-31T11:00:00Z</start>", "", "1.7", "start"),
        ("T11:00:00Z</start>", "T13:00:00Z</start>", "1.8", "later than its start"),
        ("<TimeSchedule>", "<UsagePoint/><TimeSchedule>", "1.8", "UsagePoint"),
        ("<TimeSchedule>", "<EndDeviceGroup/><TimeSchedule>", "1.8", "EndDeviceGroup"),
        ("<TimeSchedule>", "<ReadingQuality/><TimeSchedule>", "1.8", "ReadingQuality"),
        ("<TimeSchedule>", "<TimeSchedule/><TimeSchedule>", "1.8", "more than one TimeSchedule"),
    ],
)
def test_a_broken_query_is_refused(old, new, code, reason):
    text = asked(QUERY)
    assert old in text
    with pytest.raises(RemoteProtocolError) as caught:
        read(text.replace(old, new, 1))
    assert (caught.value.code, reason in caught.value.reason) == (code, True)


def test_more_devices_than_a_query_may_name_are_too_many():
    device = f'<EndDevice xmlns="{GET_READINGS}"><mRID>a</mRID></EndDevice>'
    text = re.sub(r"(<GetMeterReadings [^>]*>)", rf"\1{device * 100}", asked(QUERY))
    with pytest.raises(RemoteProtocolError) as caught:
        read(text)
    assert caught.value.code == "3.1"


def test_a_query_belongs_to_a_get_of_readings_only():
    header = HEADER.model_copy(update={"noun": Noun.MEMBERS})
    with pytest.raises(ValidationError, match="get of MeterReadings"):
        RequestMessage(header=header, query=QUERY)
    text = asked(QUERY).replace("<Noun>MeterReadings", "<Noun>DomainMembers")
    with pytest.raises(RemoteProtocolError, match="get of MeterReadings"):
        read(text)
