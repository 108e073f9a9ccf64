"""Units of OpenADR (emix itemBase): real power in W, real energy in Wh, with an SI scale."""

from decimal import Decimal

from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import leaves, text_of
from xmpp_cem.wire.openadr.names import POWER, SCALE
from xmpp_cem.wire.openadr.scalars import whole
from xmpp_cem.wire.scalars import TOKEN
from xmpp_cem.wire.xml import Element, append, child, required

_ATTRIBUTES = (("hertz", "50"), ("voltage", "230"), ("ac", "true"))
"""The schema wants them with every power; they are not read."""


def append_watts(parent: Element) -> None:
    """Write `powerReal` in W."""
    element = _append_unit(parent, "powerReal", "RealPower", "W")
    attributes = append(element, POWER, "powerAttributes")
    for name, text in _ATTRIBUTES:
        append(attributes, POWER, name, text)


def append_watt_hours(parent: Element) -> None:
    """Write `energyReal` in Wh."""
    _append_unit(parent, "energyReal", "RealEnergy", "Wh")


def read_watts(parent: Element, value: Decimal) -> int:
    """Return a value in W, rounded to a whole one; without a unit it is in W.

    Raises:
        RemoteProtocolError: 2.29 for another unit than W, 1.8 for an unknown scale.
    """
    for other in ("powerApparent", "powerReactive", "energyReal", "voltage"):
        if child(parent, POWER, other) is not None:
            raise refusal(Code.RELATION, f"the unit {other} is not read here, only powerReal")
    unit = child(parent, POWER, "powerReal")
    if unit is None:
        return whole(value)
    symbol = leaves(unit, POWER, {"symbol": ("itemUnits", TOKEN)}).get("symbol")
    if symbol not in {"W", "J/s"}:
        raise refusal(Code.RELATION, f"itemUnits {quoted(str(symbol))} is not read, only W")
    return whole(value, text_of(required(unit, SCALE, "siScaleCode")).strip())


def _append_unit(parent: Element, name: str, description: str, symbol: str) -> Element:
    element = append(parent, POWER, name)
    append(element, POWER, "itemDescription", description)
    append(element, POWER, "itemUnits", symbol)
    append(element, SCALE, "siScaleCode", "none")
    return element
