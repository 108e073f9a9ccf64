"""Which noun is written and read by which functions: one line for each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.envelope import Header, Noun
from xmpp_cem.wire.configuration import append_card, append_config, read_card, read_config
from xmpp_cem.wire.controls import append_controls, append_index, read_controls, read_index
from xmpp_cem.wire.events import append_events, read_events
from xmpp_cem.wire.operations import (
    append_dispatch,
    append_evidence,
    append_members,
    append_nodes,
    read_dispatch,
    read_evidence,
    read_members,
    read_nodes,
)
from xmpp_cem.wire.profile import NounFormat, Profile, Told
from xmpp_cem.wire.readings import append_readings, read_readings
from xmpp_cem.wire.xml import Draft, Element


class Format(NamedTuple):
    """How a noun's payload is written into and read from the Payload element."""

    append: Callable[[Draft, Any], None]
    read: Callable[[Element], Body | None]


FORMATS: Mapping[Noun, Format] = {
    Noun.CONTROLS: Format(append_controls, read_controls),
    Noun.EVENTS: Format(append_events, read_events),
    Noun.READINGS: Format(append_readings, read_readings),
    Noun.CONFIG: Format(append_config, read_config),
    Noun.INDEX: Format(append_index, read_index),
    Noun.CARD: Format(append_card, read_card),
    Noun.DISPATCH: Format(append_dispatch, read_dispatch),
    Noun.MEMBERS: Format(append_members, read_members),
    Noun.NODES: Format(append_nodes, read_nodes),
    Noun.EVIDENCE: Format(append_evidence, read_evidence),
}


def _as_written(noun: Noun) -> NounFormat:
    """Return the form of a noun that stands alone: it needs nothing of the message around it."""
    form = FORMATS[noun]

    def append(payload: Draft, message: Told) -> None:
        form.append(payload, message.body)

    def read(payload: Element, _: Header) -> Body | None:
        return form.read(payload)

    return NounFormat(lambda _: noun.value, append, read, is_whole=False)


STANDALONE: Mapping[Noun, NounFormat] = {noun: _as_written(noun) for noun in FORMATS}

IEC61968_9 = Profile(
    name="iec61968-9",
    schema="xmpp_cem/schemas/profile.xsd",
    formats=STANDALONE,
    recognise=lambda _, start: str(start["noun"]),
    complete=lambda _, reply: reply,
    asked=lambda _payload, _header, request: request,
)
"""The default: nouns of IEC 61968-9, and elements of ours beside them."""
