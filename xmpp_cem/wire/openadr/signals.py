"""eiEventSignal: what an event asks for, one interval after the other."""

from datetime import timedelta
from decimal import Decimal

from xmpp_cem.model.event import Event
from xmpp_cem.model.signal import Share, Signal
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, leaves
from xmpp_cem.wire.openadr.kinds import KINDS, SIMPLE, append_unit, name_of, read_value, value_of
from xmpp_cem.wire.openadr.names import EI, STRM, XCAL
from xmpp_cem.wire.openadr.periods import append_duration, read_duration
from xmpp_cem.wire.openadr.scalars import FLOAT, INSTANT
from xmpp_cem.wire.scalars import TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, children, required

_SIGNAL: Fields = {
    "name": ("signalName", TOKEN),
    "type": ("signalType", TOKEN),
    "id": ("signalID", TEXT),
}


def append_signal(parent: Draft, event: Event) -> None:
    """Write the event's signal, an interval for each of its changes, as long as the event."""
    element = append(parent, EI, "eiEventSignal")
    intervals = append(element, STRM, "intervals")
    starts = [event.active.start, *(change.start for change in event.changes)]
    ends = [*starts[1:], event.active.end]
    signals = (event.signal, *(change.signal for change in event.changes))
    for number, (start, end, signal) in enumerate(zip(starts, ends, signals, strict=True)):
        interval = append(intervals, EI, "interval")
        append_duration(interval, end - start)
        append(append(interval, XCAL, "uid"), XCAL, "text", str(number))
        value = append(append(interval, EI, "signalPayload"), EI, "payloadFloat")
        append(value, EI, "value", value_of(signal))
    name, kind = name_of(event.signal)
    signal_id = INSTANT.write(event.signal.basis) if isinstance(event.signal, Share) else "0"
    for part, text in (("signalName", name), ("signalType", kind), ("signalID", signal_id)):
        append(element, EI, part, text)
    append_unit(element, event.signal)


def read_signal(parent: Element, active: Interval) -> dict[str, object]:
    """Return signal and changes of the one signal that we read.

    SIMPLE, which says the same in rough beside another one, is read where it stands alone.

    Raises:
        RemoteProtocolError: 2.29 for no such signal, for several, or for intervals that are not
            together as long as the event.
    """
    read = [part for part in children(parent, EI, "eiEventSignal") if _kind(part) in KINDS]
    found = [part for part in read if _kind(part) != SIMPLE] or read
    if len(found) != 1:
        known = ", ".join("/".join(kind) for kind in KINDS)
        stated = ", ".join("/".join(_kind(part)) for part in children(parent, EI, "eiEventSignal"))
        raise refusal(Code.RELATION, f"one signal of {known} is needed, not {quoted(stated)}")
    element = found[0]
    intervals = children(required(element, STRM, "intervals"), EI, "interval")
    signals = [_read(element, interval) for interval in intervals]
    starts = _starts([read_duration(interval) for interval in intervals], active)
    changes = [
        {"start": active.start + start, "signal": signal}
        for start, signal in zip(starts[1:], signals[1:], strict=True)
    ]
    return {"signal": signals[0], "changes": tuple(changes)}


def _starts(durations: list[timedelta | None], active: Interval) -> list[timedelta]:
    """Return the start of each interval within the event; the last may be open."""
    starts = []
    at = timedelta(0)
    for duration in durations:
        starts.append(at)
        if duration is None or not duration:
            at = active.duration if len(starts) == len(durations) else at
        else:
            at += duration
    if not durations or at != active.duration or len(set(starts)) < len(starts):
        raise refusal(Code.RELATION, "intervals that are together as long as the event are needed")
    return starts


def _read(element: Element, interval: Element) -> Signal:
    payload = required(required(interval, EI, "signalPayload"), EI, "payloadFloat")
    value = leaves(payload, EI, {"value": ("value", FLOAT)}).get("value")
    if not isinstance(value, Decimal):
        raise refusal(Code.PAYLOAD_INCOMPLETE, "value is missing in payloadFloat")
    signal_id = str(leaves(element, EI, _SIGNAL).get("id", ""))
    return read_value(element, _kind(element), signal_id, value)


def _kind(element: Element) -> tuple[str, str]:
    """Return name and type; names of OpenADR are read in any case, as some write `simple`."""
    stated = leaves(element, EI, _SIGNAL)
    name, kind = str(stated.get("name", "")), str(stated.get("type", ""))
    return (name.upper(), kind) if (name.upper(), kind) in KINDS else (name, kind)
