"""eiEventSignal: what an event asks for."""

from datetime import timedelta
from decimal import Decimal

from xmpp_cem.model.event import Delta, Event, Share, Signal
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields, build, leaves
from xmpp_cem.wire.openadr.names import EI, STRM, XCAL
from xmpp_cem.wire.openadr.periods import append_duration, read_duration
from xmpp_cem.wire.openadr.scalars import FLOAT
from xmpp_cem.wire.openadr.units import append_watts, read_watts
from xmpp_cem.wire.scalars import INSTANT, SHARE, TEXT, TOKEN
from xmpp_cem.wire.xml import Element, append, children, required

DISPATCH = ("LOAD_DISPATCH", "delta")
"""A change of load from what would have been, positive for more: our delta, sign and all."""

SHARES = {"decrease": "x-cem-decrease", "increase": "x-cem-increase"}
"""Signals of our own, as OpenADR lets be defined, of type multiplier: a share of the capability
confirmed before the instant that is the signalID. LOAD_DISPATCH/multiplier is no such thing: it
multiplies what would have been used, so that 0.1 of capability would read as down to a tenth."""

_DIRECTIONS = {name: direction for direction, name in SHARES.items()}
_SIGNAL: Fields = {
    "name": ("signalName", TOKEN),
    "type": ("signalType", TOKEN),
    "id": ("signalID", TEXT),
}


def append_signal(parent: Element, event: Event) -> None:
    """Write the event's signal, one interval as long as the event."""
    signal = event.signal
    element = append(parent, EI, "eiEventSignal")
    interval = append(append(element, STRM, "intervals"), EI, "interval")
    append_duration(interval, event.active.duration)
    append(append(interval, XCAL, "uid"), XCAL, "text", "0")
    value = append(append(interval, EI, "signalPayload"), EI, "payloadFloat")
    if isinstance(signal, Delta):
        append(value, EI, "value", str(signal.power_w))
        name, kind, signal_id = *DISPATCH, "0"
    else:
        append(value, EI, "value", SHARE.write(signal.multiplier))
        name, kind = SHARES[signal.direction], "multiplier"
        signal_id = INSTANT.write(signal.basis)
    for part, text in (("signalName", name), ("signalType", kind), ("signalID", signal_id)):
        append(element, EI, part, text)
    if isinstance(signal, Delta):
        append_watts(element)


def read_signal(parent: Element, duration: timedelta) -> Signal:
    """Return the one signal that we read; others, such as SIMPLE, may say the same beside it.

    Raises:
        RemoteProtocolError: 2.29 for no such signal, for several, or for one that changes within
            the event.
    """
    found = [part for part in children(parent, EI, "eiEventSignal") if _is_read(part)]
    if len(found) != 1:
        known = f"{'/'.join(DISPATCH)} or {' or '.join(_DIRECTIONS)}"
        stated = ", ".join(_named(part) for part in children(parent, EI, "eiEventSignal"))
        raise refusal(Code.RELATION, f"one signal {known} is needed, not {quoted(stated)}")
    element = found[0]
    intervals = children(required(element, STRM, "intervals"), EI, "interval")
    if len(intervals) != 1 or read_duration(intervals[0]) not in {None, timedelta(0), duration}:
        raise refusal(Code.RELATION, "a signal of one interval, as long as the event, is needed")
    payload = required(required(intervals[0], EI, "signalPayload"), EI, "payloadFloat")
    value = leaves(payload, EI, {"value": ("value", FLOAT)}).get("value")
    if not isinstance(value, Decimal):
        raise refusal(Code.PAYLOAD_INCOMPLETE, "value is missing in payloadFloat")
    stated_id = leaves(element, EI, _SIGNAL)
    if stated_id["name"] == DISPATCH[0]:
        return build(Delta, "eiEventSignal", {"power_w": read_watts(element, value)})
    return _share(stated_id, value)


def _share(stated: dict[str, object], value: Decimal) -> Share:
    try:
        basis = INSTANT.read(str(stated.get("id", "")))
    except ValueError as error:
        raise refusal(Code.INVALID, f"signalID: {error}") from None
    direction = _DIRECTIONS[str(stated["name"])]
    values = {"direction": direction, "multiplier": value, "basis": basis}
    return build(Share, "eiEventSignal", values)


def _kind(element: Element) -> tuple[str, str]:
    stated = leaves(element, EI, _SIGNAL)
    return str(stated.get("name", "")), str(stated.get("type", ""))


def _named(element: Element) -> str:
    return "/".join(_kind(element))


def _is_read(element: Element) -> bool:
    name, kind = _kind(element)
    return (name, kind) == DISPATCH or (name in _DIRECTIONS and kind == "multiplier")
