"""Units of OpenADR (emix itemBase): real power, real energy and prices, with an SI scale."""

from decimal import Decimal

from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import leaves, text_of
from xmpp_cem.wire.openadr.names import OADR, POWER, SCALE
from xmpp_cem.wire.openadr.scalars import whole
from xmpp_cem.wire.scalars import TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, required

_UNITS = frozenset({"powerReal", "powerApparent", "powerReactive", "energyReal", "voltage"})
_ATTRIBUTES = (("hertz", "50"), ("voltage", "230"), ("ac", "true"))
"""The schema wants them with every power; they are not read."""


def append_watts(parent: Draft) -> None:
    """Write `powerReal` in W."""
    element = _append_unit(parent, "powerReal", "RealPower", "W")
    attributes = append(element, POWER, "powerAttributes")
    for name, text in _ATTRIBUTES:
        append(attributes, POWER, name, text)


def append_watt_hours(parent: Draft) -> None:
    """Write `energyReal` in Wh."""
    _append_unit(parent, "energyReal", "RealEnergy", "Wh")


def append_price(parent: Draft, currency: str) -> None:
    """Write `currencyPerKWh`."""
    element = append(parent, OADR, "currencyPerKWh")
    append(element, OADR, "itemDescription", "currencyPerKWh")
    append(element, OADR, "itemUnits", currency)
    append(element, SCALE, "siScaleCode", "none")


def read_watts(parent: Element, value: Decimal) -> int:
    """Return a value in W, rounded to a whole one; without a unit it is in W.

    Raises:
        RemoteProtocolError: 2.29 for another unit than W, 1.8 for an unknown scale.
    """
    return _read(parent, value, "powerReal", ("W", "J/s"))


def read_watt_hours(parent: Element, value: Decimal) -> int:
    """Return a value in Wh, rounded to a whole one; raises as `read_watts`."""
    return _read(parent, value, "energyReal", ("Wh",))


def read_price(parent: Element, value: Decimal) -> dict[str, object]:
    """Return the fields of a price.

    Raises:
        RemoteProtocolError: 2.29 for another unit than a currency per kWh, 1.8 for another scale.
    """
    unit = child(parent, OADR, "currencyPerKWh")
    if unit is None:
        raise refusal(Code.RELATION, "a price is read in currencyPerKWh only")
    if text_of(required(unit, SCALE, "siScaleCode")).strip() != "none":
        raise refusal(Code.INVALID, "a price is read with siScaleCode none only")
    symbol = leaves(unit, OADR, {"symbol": ("itemUnits", TOKEN)}).get("symbol")
    return {"per_kwh": value, "currency": symbol}


def _read(parent: Element, value: Decimal, name: str, symbols: tuple[str, ...]) -> int:
    for other in _UNITS - {name}:
        if child(parent, POWER, other) is not None:
            raise refusal(Code.RELATION, f"the unit {other} is not read here, only {name}")
    unit = child(parent, POWER, name)
    if unit is None:
        return whole(value)
    symbol = leaves(unit, POWER, {"symbol": ("itemUnits", TOKEN)}).get("symbol")
    if symbol not in symbols:
        raise refusal(
            Code.RELATION, f"itemUnits {quoted(str(symbol))} is not read, only {symbols[0]}"
        )
    return whole(value, text_of(required(unit, SCALE, "siScaleCode")).strip())


def _append_unit(parent: Draft, name: str, description: str, symbol: str) -> Draft:
    element = append(parent, POWER, name)
    append(element, POWER, "itemDescription", description)
    append(element, POWER, "itemUnits", symbol)
    append(element, SCALE, "siScaleCode", "none")
    return element
