import uuid

import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.model.ids import (
    DomainId,
    EventId,
    Jid,
    MessageId,
    PartyId,
    PathToken,
    derived_id,
    lower_event_id,
)

UUID = "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DomainId, "DSO"),
        (DomainId, "a" * 33),
        (DomainId, "dso\n"),
        (PartyId, "a b"),
        (PartyId, ""),
        (EventId, ""),
        (EventId, "a b"),
        (EventId, "a/b"),
        (EventId, "-a"),
        (EventId, "a" * 65),
        (PathToken, "a b"),
        (PathToken, ""),
    ],
)
def test_what_is_no_name_of_its_kind_is_refused(kind, text):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("text", [UUID, UUID.upper(), "17", "Event_939393", "urn:uuid:" + UUID])
def test_an_event_id_of_others_stays_as_it_is_written(text):
    assert TypeAdapter(EventId).validate_python(text) == text


def test_a_lower_event_id_is_a_uuid_whatever_the_upper_one_is():
    lower = lower_event_id("Event_939393", "a")
    assert TypeAdapter(MessageId).validate_python(lower) == lower
    assert lower != lower_event_id("Event_939394", "a")


def test_a_lower_event_id_depends_on_event_and_domain_only():
    assert lower_event_id(UUID, "a") == lower_event_id(UUID, "a")
    assert lower_event_id(UUID, "a") != lower_event_id(UUID, "b")


@pytest.mark.parametrize("domain", ["a", "dso-north", *(f"d{number}" for number in range(20))])
def test_a_lower_event_id_is_the_version_5_uuid_of_the_standard(domain):
    assert lower_event_id(UUID, domain) == str(uuid.uuid5(uuid.UUID(UUID), domain))


def test_a_derived_id_keeps_its_parts_apart():
    assert derived_id("a", "b") == derived_id("a", "b")
    assert derived_id("a", "bc") != derived_id("ab", "c")


def test_an_address_splits_into_bare_and_connection():
    jid = Jid.parse("VEN@Dso.example/ven")
    assert (jid.bare, jid.connection, jid.host) == ("ven@dso.example", "ven", "dso.example")
    assert str(jid) == "ven@dso.example/ven"
    assert Jid.parse("pubsub.dso.example").host == "pubsub.dso.example"


@pytest.mark.parametrize("text", ["", "a@b@c", "a b@c", "@c", "a@"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="not an XMPP address"):
        Jid.parse(text)
