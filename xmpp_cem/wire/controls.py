"""EndDeviceControls with our `event` beside each control, and the index of events."""

from datetime import timedelta

from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.model.event import Change, Event
from xmpp_cem.model.ids import EventId
from xmpp_cem.model.signal import in_words
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import (
    INTERVAL,
    ORDER,
    Fields,
    append_leaves,
    attributes,
    build,
    leaves,
    set_attributes,
    text_of,
    written,
)
from xmpp_cem.wire.namespaces import CONTROLS, EVENT
from xmpp_cem.wire.scalars import BOOLEAN, INSTANT, INTEGER, TEXT, TOKEN, TOKENS
from xmpp_cem.wire.signals import append_signal, read_signal
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required, root

FIELDS: Fields = {
    "id": ("mRID", TOKEN),
    "status": ("status", TOKEN),
    "mode": ("mode", TOKEN),
    "priority": ("priority", INTEGER),
    "created": ("created", INSTANT),
    "answer_by": ("answerBy", INSTANT),
    "programme": ("programme", TOKEN),
}
DELAY: Fields = {"randomise_s": ("randomiseSeconds", INTEGER)}
"""What 0 says other than nothing does: that members are to begin at once."""

SPREADS: Fields = {
    "ramp_s": ("rampSeconds", INTEGER),
    "recovery_s": ("recoverySeconds", INTEGER),
}
"""How else an event is spread in time; what is not spread is not written."""

UNANSWERED: Fields = {"wants_answer": ("answerWanted", BOOLEAN)}
"""What is not written where an answer is wanted, as it nearly always is."""

STARTED: Fields = {"start": ("start", INSTANT)}
REASON: Fields = {"reason": ("reason", TEXT)}
ABOVE: Fields = {"above": ("above", TOKENS)}
INDEX: Fields = {
    "domain": ("domain", TOKEN),
    "epoch": ("epoch", INTEGER),
    "version": ("version", INTEGER),
    "at": ("at", INSTANT),
    "heartbeat_s": ("heartbeatSeconds", INTEGER),
}
ENTRY: Fields = {"event": ("mRID", TOKEN), "digest": ("digest", TOKEN)}
CONTROL: Fields = {"id": ("mRID", TOKEN)}

CREATE, CHANGE, CANCEL = "16.15.43.82", "16.15.43.13", "16.15.43.8"
"""`EndDeviceControlType@ref`: load control device, load control, event, and what is to be done.

In the imperative, as IEC 61968-9 has it for controls; the past tense belongs to events. The first
version of an event creates, one of status cancelled cancels, every other changes.
"""


class _Stated(Value):
    """What a control says that its event must repeat."""

    id: EventId
    interval: Interval


def append_controls(payload: Draft, body: EndDeviceControls) -> None:
    """Write the noun, then one `event` for each of its controls."""
    noun = append(payload, CONTROLS, "EndDeviceControls")
    for event in body.events:
        _append_control(noun, event)
    for event in body.events:
        _fill_event(append(payload, EVENT, "event"), event)


def read_controls(payload: Element) -> EndDeviceControls | None:
    """Return the noun's content, or None without it.

    Raises:
        RemoteProtocolError: 1.8 when controls and events do not tell of the same.
    """
    noun = child(payload, CONTROLS, "EndDeviceControls")
    if noun is None:
        return None
    events = tuple(_read_event(element) for element in children(payload, EVENT, "event"))
    told = sorted((event.id, event.active.start, event.active.end) for event in events)
    controls = [_stated(element) for element in children(noun, CONTROLS, "EndDeviceControl")]
    if sorted((one.id, one.interval.start, one.interval.end) for one in controls) != told:
        raise refusal(Code.INVALID, "EndDeviceControl and event differ in mRID, interval or number")
    return build(EndDeviceControls, "EndDeviceControls", {"events": events})


def append_index(payload: Draft, body: EventIndex) -> None:
    """Write the index."""
    element = append(payload, EVENT, "index")
    set_attributes(element, body, INDEX)
    if body.above:
        set_attributes(element, body, ABOVE)
    for entry in body.entries:
        part = append(element, EVENT, "entry")
        set_attributes(part, entry, ENTRY)
        set_attributes(part, entry.order, ORDER)


def read_index(payload: Element) -> EventIndex | None:
    """Return the index, or None without it."""
    element = child(payload, EVENT, "index")
    if element is None:
        return None
    entries = tuple(
        build(
            IndexEntry,
            "entry",
            {**attributes(part, ENTRY), "order": attributes(part, ORDER)},
            ENTRY,
        )
        for part in children(element, EVENT, "entry")
    )
    values = {**attributes(element, INDEX), **attributes(element, ABOVE), "entries": entries}
    return build(EventIndex, "index", values, {**INDEX, **ABOVE})


def event_element(event: Event) -> Draft:
    """Return our statement of an event as a document of its own: what a digest is taken of."""
    element = root(EVENT, "event")
    _fill_event(element, event)
    return element


def _append_control(noun: Draft, event: Event) -> None:
    control = append(noun, CONTROLS, "EndDeviceControl")
    append(control, CONTROLS, "mRID", event.id)
    append(control, CONTROLS, "drProgramLevel", str(event.priority))
    action = append(control, CONTROLS, "EndDeviceAction")
    append(action, CONTROLS, "command", _command(event))
    minutes, rest = divmod(event.active.duration, timedelta(minutes=1))
    if not rest:
        append(action, CONTROLS, "duration", str(minutes))
    append(action, CONTROLS, "startDateTime", INSTANT.write(event.active.start))
    append(control, CONTROLS, "EndDeviceControlType").set("ref", _type(event))
    interval = append(control, CONTROLS, "scheduledInterval")
    append_leaves(interval, CONTROLS, event.active, INTERVAL)


def _command(event: Event) -> str:
    return "cancel" if event.is_cancelled else in_words(event.signal)


def _type(event: Event) -> str:
    if event.is_cancelled:
        return CANCEL
    return CHANGE if event.order.modification else CREATE


def _stated(control: Element) -> _Stated:
    interval = required(control, CONTROLS, "scheduledInterval")
    values = {
        **leaves(control, CONTROLS, CONTROL),
        "interval": leaves(interval, CONTROLS, INTERVAL),
    }
    return build(_Stated, "EndDeviceControl", values, CONTROL)


def _fill_event(element: Draft, event: Event) -> None:
    set_attributes(element, event, FIELDS)
    set_attributes(element, event.order, ORDER)
    set_attributes(element, event.active, INTERVAL)
    set_attributes(element, event, DELAY)
    for name, text in written(event, SPREADS):
        if text != "0":
            element.set(name, text)
    if not event.wants_answer:
        set_attributes(element, event, UNANSWERED)
    append_signal(element, event.signal)
    for change in event.changes:
        part = append(element, EVENT, "change")
        set_attributes(part, change, STARTED)
        append_signal(part, change.signal)
    for resource in event.targets.resources:
        append(element, EVENT, "resource", resource)
    for kind in event.targets.kinds:
        append(element, EVENT, "kind", kind)
    append_leaves(element, EVENT, event, REASON)


def _read_event(element: Element) -> Event:
    values = {
        **attributes(element, FIELDS),
        **attributes(element, DELAY),
        **attributes(element, SPREADS),
        **attributes(element, UNANSWERED),
        **leaves(element, EVENT, REASON),
        "order": attributes(element, ORDER),
        "active": attributes(element, INTERVAL),
        "signal": read_signal(element, "event"),
        "changes": tuple(_read_change(part) for part in children(element, EVENT, "change")),
        "targets": {
            "resources": tuple(text_of(one) for one in children(element, EVENT, "resource")),
            "kinds": tuple(text_of(one) for one in children(element, EVENT, "kind")),
        },
    }
    return build(Event, "event", values, FIELDS)


def _read_change(element: Element) -> Change:
    values = {**attributes(element, STARTED), "signal": read_signal(element, "change")}
    return build(Change, "change", values, STARTED)
