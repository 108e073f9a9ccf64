"""Signals of an event, each an element of its own within `event`."""

from collections.abc import Mapping
from typing import NamedTuple

from xmpp_cem.model.signal import (
    RESERVED,
    ChargeState,
    Delta,
    Level,
    Limit,
    Price,
    Share,
    Signal,
    TargetPower,
)
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import Fields, attributes, build, set_attributes
from xmpp_cem.wire.namespaces import EVENT
from xmpp_cem.wire.scalars import BOOLEAN, DECIMAL, INSTANT, INTEGER, SHARE, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, children


class _Kind(NamedTuple):
    """How a kind of signal is called and which attributes it has."""

    model: type[Signal]
    fields: Fields


KINDS: Mapping[str, _Kind] = {
    "delta": _Kind(Delta, {"power_w": ("W", INTEGER)}),
    "share": _Kind(
        Share,
        {
            "direction": ("direction", TOKEN),
            "multiplier": ("multiplier", SHARE),
            "basis": ("basis", INSTANT),
        },
    ),
    "setPoint": _Kind(TargetPower, {"power_w": ("W", INTEGER), "at": ("at", TOKEN)}),
    "limit": _Kind(
        Limit,
        {
            "limit_w": ("W", INTEGER),
            "direction": ("direction", TOKEN),
            "phase": ("phase", TOKEN),
            "is_mandatory": ("mandatory", BOOLEAN),
            "at": ("at", TOKEN),
        },
    ),
    "price": _Kind(Price, {"per_kwh": ("perKWh", DECIMAL), "currency": ("currency", TOKEN)}),
    "level": _Kind(Level, {"level": ("level", INTEGER)}),
    "chargeState": _Kind(ChargeState, {"stored_wh": ("storedWh", INTEGER)}),
}
"""Element to what it holds."""

_NAMES = {kind.model: name for name, kind in KINDS.items()}


def append_signal(parent: Draft, signal: Signal) -> None:
    """Write a signal."""
    name = _NAMES[type(signal)]
    set_attributes(append(parent, EVENT, name), signal, KINDS[name].fields)


def read_signal(parent: Element, where: str) -> Signal:
    """Return the one signal of an element.

    Raises:
        RemoteProtocolError: 1.7 without one, 1.8 for several or for a reserved one.
    """
    for name in RESERVED:
        if children(parent, EVENT, name):
            raise refusal(Code.INVALID, f"{where}: {name} is reserved and not understood yet")
    found = [(name, each) for name in KINDS for each in children(parent, EVENT, name)]
    if not found:
        raise refusal(Code.PAYLOAD_INCOMPLETE, f"{where}: {', '.join(KINDS)}: one is missing")
    if len(found) > 1:
        names = " and ".join(name for name, _ in found)
        raise refusal(Code.INVALID, f"{where}: {names} exclude each other")
    name, element = found[0]
    kind = KINDS[name]
    return build(kind.model, name, attributes(element, kind.fields), kind.fields)
