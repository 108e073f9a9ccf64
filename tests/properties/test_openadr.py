"""What holds for every message in the profile openadr-2.0b."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.openadr import flaws, flow_of, read_of, sayable
from tests.properties.strategies.basics import uuids as event_ids
from tests.properties.strategies.events import events, orders
from tests.properties.strategies.messages import event_messages, headers, requests, responses
from xmpp_cem.errors import LocalProtocolError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Noun, Verb
from xmpp_cem.wire.codec import decode, encode
from xmpp_cem.wire.digests import digest, digest_in
from xmpp_cem.wire.openadr.names import MAPPED
from xmpp_cem.wire.openadr.profile import OPENADR_20B
from xmpp_cem.wire.openadr.scalars import read_event, write_event

ROUNDS = settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])

messages = st.one_of(requests(), responses(), event_messages())
sayables = messages.map(sayable).filter(lambda message: message is not None)


@given(sayables)
@ROUNDS
def test_what_the_profile_can_say_is_read_as_it_was_meant(message):
    data = encode(message, OPENADR_20B)
    assert decode(data, flow_of(message), OPENADR_20B) == read_of(message)


@given(headers(Verb.CREATED, Noun.CONTROLS), st.lists(events(), max_size=3))
@ROUNDS
def test_the_index_lists_the_digest_of_what_readers_read(header, told):
    body = EndDeviceControls(events=tuple(told))
    message = sayable(EventMessage(header=header, body=body))
    read = decode(encode(message, OPENADR_20B), flow_of(message), OPENADR_20B)
    digests = [*map(digest_in(OPENADR_20B), message.body.events)]
    assert digests == [*map(digest, read.body.events)]


@given(sayables)
@ROUNDS
def test_what_is_written_is_valid_against_openadr(message):
    assume(message.header.noun in MAPPED)
    assert flaws(encode(message, OPENADR_20B)) == []


@given(messages)
@ROUNDS
def test_a_message_is_said_whole_or_its_loss_is_told(message):
    try:
        data = encode(message, OPENADR_20B)
    except LocalProtocolError:
        return
    is_same = decode(data, flow_of(message), OPENADR_20B) == message
    assert is_same or OPENADR_20B.notes(message)


@given(event_ids, orders, orders)
@ROUNDS
def test_the_order_of_versions_survives(event, one, other):
    read = []
    for order in (one, other):
        event_id, number = write_event(event, order)
        assert 0 <= int(number) < 2**32
        again, values = read_event(event_id, number)
        assert (again, values) == (event, order.model_dump())
        read.append((values["epoch"], values["modification"]))
    assert (read[0] < read[1]) is (one < other)
