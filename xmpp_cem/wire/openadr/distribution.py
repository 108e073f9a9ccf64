"""oadrDistributeEvent for EndDeviceControls, and oadrRequestEvent for a request of them."""

from collections.abc import Iterable

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.controls import EndDeviceControls, Unread
from xmpp_cem.messages.envelope import Header, RequestMessage, ResponseMessage
from xmpp_cem.model.event import Event
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import build, text_of
from xmpp_cem.wire.openadr.deadlines import latest_answer
from xmpp_cem.wire.openadr.descriptor import append_descriptor, read_descriptor, read_version
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
from xmpp_cem.wire.openadr.targets import RESOURCE, read_resources
from xmpp_cem.wire.profile import Told
from xmpp_cem.wire.xml import Draft, Element, append, child, children, qualified, required

REQUIRED = "oadrResponseRequired"

_WANTED = {True: "always", False: "never"}


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
        RemoteProtocolError: 1.8 when it names another VTN, 3.1 for too many events. An event that
            is not read here is `unread`, with the code: 2.29 for a signal, 2.13 for a target within
            a party, else as `build`.
    """
    asked = child(payload, OADR, "oadrRequestEvent")
    if asked is not None:
        same_sender(required(asked, PYLD, "eiRequestEvent"), "venID", header)
    told = child(payload, OADR, "oadrDistributeEvent")
    if told is None:
        return None
    same_sender(told, "vtnID", header)
    events: list[Event] = []
    unread: list[Unread] = []
    for part in children(told, OADR, "oadrEvent"):
        try:
            events.append(_read_event(part))
        except RemoteProtocolError as error:
            unread.append(_unread(part, error))
    values = {"events": tuple(events), "unread": tuple(unread)}
    return build(EndDeviceControls, "oadrDistributeEvent", values)


def _append_events(element: Draft, message: Told, events: Iterable[Event]) -> None:
    if isinstance(message, ResponseMessage):
        append_response(element, message)
    append(element, PYLD, "requestID", message.header.message_id)
    append(element, EI, "vtnID", message.header.source)
    for event in events:
        part = append(element, OADR, "oadrEvent")
        _append_event(append(part, EI, "eiEvent"), event)
        append(part, OADR, REQUIRED, _WANTED[event.wants_answer])


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
    wanted = text_of(required(part, OADR, REQUIRED)).strip()
    if wanted not in _WANTED.values():
        raise refusal(Code.INVALID, f"{REQUIRED} {quoted(wanted)} is neither always nor never")
    element = required(part, EI, "eiEvent")
    resources = read_resources(required(element, EI, "eiTarget"))
    period = required(element, EI, "eiActivePeriod")
    properties = required(period, XCAL, "properties")
    active = read_period(properties, "eiActivePeriod")
    values = read_descriptor(element)
    values |= read_signal(required(element, EI, "eiEventSignals"), active)
    values |= read_spreads(properties)
    answer_by = latest_answer(values.get("created", active.start), active)
    values.update(active=active, targets={"resources": resources}, answer_by=answer_by)
    values["wants_answer"] = wanted == _WANTED[True]
    return build(Event, "oadrEvent", values)


def _unread(part: Element, error: RemoteProtocolError) -> Unread:
    """Return what of an event that is not read can be: whose it is, and whether to answer it."""
    told = part.findtext(qualified(OADR, REQUIRED)) or ""
    values = {
        "code": error.code,
        "reason": error.reason[:1024],
        "wants_answer": told.strip() == _WANTED[True],
    }
    try:
        version = read_version(required(part, EI, "eiEvent"))
        return build(Unread, "oadrEvent", {**values, **version})
    except RemoteProtocolError:
        return Unread.model_validate(values)
