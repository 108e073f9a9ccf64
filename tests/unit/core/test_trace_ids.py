"""Each domain follows an event by an id of its own, and the gateway knows which belong together."""

from tests.unit.core.gateway import LOWER_ID, UPPER_EVENT, Cascade
from xmpp_cem.core.effects import Publish
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.testing.builders import of_kind


def test_what_goes_below_is_traced_by_the_lower_id_and_says_nothing_of_the_upper_one():
    cascade = Cascade()
    cascade.up()
    effects = cascade.ask(trace=UPPER_EVENT.id)
    published = [effect.message for effect in of_kind(effects, Publish)]
    (event,) = [message for message in published if isinstance(message.body, EndDeviceControls)]
    assert event.header.trace == LOWER_ID != UPPER_EVENT.id
    assert not any(UPPER_EVENT.id in message.model_dump_json() for message in published)
    assert cascade.dispatch.upper == UPPER_EVENT.id
