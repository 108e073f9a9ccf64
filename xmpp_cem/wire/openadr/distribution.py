"""oadrDistributeEvent for EndDeviceControls, and oadrRequestEvent for a request of them."""

from collections.abc import Iterable

from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, RequestMessage, ResponseMessage
from xmpp_cem.model.event import Event
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import build, text_of
from xmpp_cem.wire.openadr.deadlines import latest_answer
from xmpp_cem.wire.openadr.descriptor import append_descriptor, read_descriptor
from xmpp_cem.wire.openadr.names import EI, OADR, PYLD, XCAL
from xmpp_cem.wire.openadr.periods import (
    append_duration,
    append_spreads,
    append_start,
    read_period,
    read_spreads,
)
from xmpp_cem.wire.openadr.responses import append_response
from xmpp_cem.wire.openadr.signals import append_signal, read_signal
from xmpp_cem.wire.openadr.sources import same_sender
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.xml import Draft, Element, append, child, children, local_name, required

WIDE_TARGETS = frozenset({"groupID", "groupName", "venID", "partyID"})
"""What of eiTarget names parties; everything else narrows an event down to a part of a party."""

RESOURCE = "resourceID"


def append_controls(payload: Draft, message: Told) -> None:
    """Write the events, the request for them, or a plain answer."""
    body = message.body
    if isinstance(body, EndDeviceControls):
        _append_events(append(payload, OADR, "oadrDistributeEvent"), message, body.events)
    elif isinstance(message, RequestMessage):
        element = append(append(payload, OADR, "oadrRequestEvent"), PYLD, "eiRequestEvent")
        append(element, PYLD, "requestID", message.header.message_id)
        append(element, EI, "venID", message.header.source)
    else:
        element = append(payload, OADR, "oadrResponse")
        append_response(element, message)
        append(element, EI, "venID", message.header.source)


def read_controls(payload: Element, header: Header) -> EndDeviceControls | None:
    """Return the events, None for a request or a plain answer.

    Raises:
        RemoteProtocolError: 2.29 for a signal that is not read here, 2.13 for a target within a
            party, 1.8 for an event to which no answer is wanted, else as `build`.
    """
    asked = child(payload, OADR, "oadrRequestEvent")
    if asked is not None:
        same_sender(required(asked, PYLD, "eiRequestEvent"), "venID", header)
    told = child(payload, OADR, "oadrDistributeEvent")
    if told is None:
        return None
    same_sender(told, "vtnID", header)
    events = tuple(_read_event(part) for part in children(told, OADR, "oadrEvent"))
    return build(EndDeviceControls, "oadrDistributeEvent", {"events": events})


def _append_events(element: Draft, message: Told, events: Iterable[Event]) -> None:
    if isinstance(message, ResponseMessage):
        append_response(element, message)
    append(element, PYLD, "requestID", message.header.message_id)
    append(element, EI, "vtnID", message.header.source)
    for event in events:
        part = append(element, OADR, "oadrEvent")
        _append_event(append(part, EI, "eiEvent"), event)
        append(part, OADR, "oadrResponseRequired", "always")


def _append_event(element: Draft, event: Event) -> None:
    append_descriptor(element, event)
    period = append(element, EI, "eiActivePeriod")
    properties = append(period, XCAL, "properties")
    append_start(properties, event.active.start)
    append_duration(properties, event.active.duration)
    append_spreads(properties, event)
    append(period, XCAL, "components")
    append_signal(append(element, EI, "eiEventSignals"), event)
    target = append(element, EI, "eiTarget")
    for resource in event.targets.resources:
        append(target, EI, RESOURCE, resource)


def _read_event(part: Element) -> Event:
    if (required(part, OADR, "oadrResponseRequired").text or "").strip() != "always":
        raise refusal(Code.INVALID, "oadrResponseRequired: every event is answered here")
    element = required(part, EI, "eiEvent")
    target_element = required(element, EI, "eiTarget")
    for target in target_element:
        if local_name(target) not in WIDE_TARGETS | {RESOURCE}:
            raise refusal(Code.TARGET, f"eiTarget: {quoted(local_name(target))} is not read here")
    period = required(element, EI, "eiActivePeriod")
    properties = required(period, XCAL, "properties")
    active = read_period(properties, "eiActivePeriod")
    values = read_descriptor(element)
    values |= read_signal(required(element, EI, "eiEventSignals"), active)
    values |= read_spreads(properties)
    resources = tuple(text_of(one).strip() for one in children(target_element, EI, RESOURCE))
    answer_by = latest_answer(values.get("created", active.start), active)
    values.update(active=active, targets={"resources": resources}, answer_by=answer_by)
    return build(Event, "oadrEvent", values)
