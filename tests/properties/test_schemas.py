"""Whatever is encoded is valid against the package's schemas."""

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies.messages import bodies, headers, messages, presences
from tests.properties.test_wire import ROUNDS
from tests.schemas import flaws
from xmpp_cem.messages.envelope import EventMessage
from xmpp_cem.wire.codec import encode, encode_presence
from xmpp_cem.wire.rules import ACTIONS, PAST


@given(messages)
@ROUNDS
def test_a_message_that_is_encoded_is_valid(message):
    assert flaws(encode(message)) == []


@given(
    st.sampled_from(sorted(bodies)).flatmap(lambda noun: st.tuples(st.just(noun), bodies[noun])),
    st.data(),
)
@ROUNDS
def test_an_event_of_each_noun_is_valid(content, data):
    noun, body = content
    verb = PAST[data.draw(st.sampled_from(sorted(ACTIONS[noun])))]
    assert flaws(encode(EventMessage(header=data.draw(headers(verb, noun)), body=body))) == []


@given(presences)
@ROUNDS
def test_a_presence_that_is_encoded_is_valid(value):
    assert flaws(encode_presence(value)) == []
