"""Which signal of OpenADR says which of ours, with its value and unit."""

from collections.abc import Mapping
from decimal import Decimal

from xmpp_cem.errors import LocalProtocolError
from xmpp_cem.model.signal import (
    ChargeState,
    Delta,
    Level,
    Price,
    Share,
    Signal,
    TargetPower,
)
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import build
from xmpp_cem.wire.openadr.scalars import INSTANT, whole
from xmpp_cem.wire.openadr.units import (
    append_price,
    append_watt_hours,
    append_watts,
    read_price,
    read_watt_hours,
    read_watts,
)
from xmpp_cem.wire.scalars import DECIMAL, SHARE
from xmpp_cem.wire.xml import Draft, Element

Kind = tuple[str, str]
"""signalName and signalType."""

DELTA: Kind = ("LOAD_DISPATCH", "delta")
"""A change of load from what would have been, positive for more: our delta, sign and all."""

SET_POINT: Kind = ("LOAD_DISPATCH", "setpoint")
PRICE: Kind = ("ELECTRICITY_PRICE", "price")
CHARGE_STATE: Kind = ("CHARGE_STATE", "setpoint")
SIMPLE: Kind = ("SIMPLE", "level")

DECREASE: Kind = ("x-cem-decrease", "multiplier")
"""A signal of our own, as OpenADR lets be defined: a share of the capability confirmed before the
instant that is the signalID. LOAD_DISPATCH/multiplier is no such thing: it multiplies what would
have been used, so that 0.1 of capability would read as down to a tenth."""

INCREASE: Kind = ("x-cem-increase", "multiplier")

_ENERGY_PRICE: Kind = ("ENERGY_PRICE", "price")
"""A price of energy by another name: read as ours is, and never written."""

KINDS: Mapping[Kind, type[Signal]] = {
    DELTA: Delta,
    DECREASE: Share,
    INCREASE: Share,
    SET_POINT: TargetPower,
    PRICE: Price,
    CHARGE_STATE: ChargeState,
    SIMPLE: Level,
    _ENERGY_PRICE: Price,
}

_NAMES = {
    model: kind for kind, model in KINDS.items() if kind not in {DECREASE, INCREASE, _ENERGY_PRICE}
}
_DIRECTIONS = {DECREASE: "decrease", INCREASE: "increase"}


def name_of(signal: Signal) -> Kind:
    """Return signalName and signalType."""
    if isinstance(signal, Share):
        return DECREASE if signal.direction == "decrease" else INCREASE
    return _NAMES[type(signal)]


def value_of(signal: Signal) -> str:
    """Return what stands in payloadFloat.

    Raises:
        LocalProtocolError: for a signal that OpenADR does not have.
    """
    match signal:
        case Delta(power_w=whole_value) | TargetPower(power_w=whole_value):
            return str(whole_value)
        case Level(level=whole_value) | ChargeState(stored_wh=whole_value):
            return str(whole_value)
        case Share(multiplier=multiplier):
            return SHARE.write(multiplier)
        case Price(per_kwh=per_kwh):
            return DECIMAL.write(per_kwh)
        case _:
            raise LocalProtocolError(f"openadr-2.0b cannot say a {signal.kind}")


def append_unit(parent: Draft, signal: Signal) -> None:
    """Write the unit of a signal, where it has one."""
    match signal:
        case Delta() | TargetPower():
            append_watts(parent)
        case ChargeState():
            append_watt_hours(parent)
        case Price(currency=currency):
            append_price(parent, currency)


def read_value(element: Element, kind: Kind, signal_id: str, value: Decimal) -> Signal:
    """Return the signal of a kind that one interval's value makes.

    Raises:
        RemoteProtocolError: 2.29 for another unit, 1.8 for a value that the signal cannot have.
    """
    values: dict[str, object]
    if kind in {DELTA, SET_POINT}:
        values = {"power_w": read_watts(element, value)}
    elif kind == CHARGE_STATE:
        values = {"stored_wh": read_watt_hours(element, value)}
    elif kind in {PRICE, _ENERGY_PRICE}:
        values = read_price(element, value)
    elif kind == SIMPLE:
        values = {"level": whole(value)}
    else:
        values = {"direction": _DIRECTIONS[kind], "multiplier": value, "basis": _basis(signal_id)}
    return build(KINDS[kind], "eiEventSignal", values)


def _basis(signal_id: str) -> object:
    try:
        return INSTANT.read(signal_id)
    except ValueError as error:
        raise refusal(Code.INVALID, f"signalID: {error}") from None
