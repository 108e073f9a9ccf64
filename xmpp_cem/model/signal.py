"""Signals: what an event asks for, by how much and at which point it is reckoned."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xmpp_cem.model.quantity import Energy, Flexibility, Multiplier, Power
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class Place(StrEnum):
    """Where a power is meant: at the resource's own terminals, or at the connection point."""

    TERMINALS = "terminals"
    CONNECTION_POINT = "connection-point"


class Direction(StrEnum):
    """Which way energy flows: import is from grid to customer."""

    IMPORT = "import"
    EXPORT = "export"


class Phase(StrEnum):
    """A phase of the supply."""

    A = "A"
    B = "B"
    C = "C"


class Delta(Value):
    """Change of power against the baseline, in W: negative is a decrease of consumption."""

    kind: Literal["delta"] = "delta"
    power_w: Power


class Share(Value):
    """The same share of each receiver's confirmed capability, so that one publish serves all.

    Args:
        direction: whether power is to fall or to rise.
        multiplier: 0 to 1 of `decrease_w` or `increase_w` of the capability revision that the VTN
            last confirmed before `basis`.
        basis: the instant that selects the revision; modifications keep it, unless a receiver turns
            out to mean another revision than the VTN knew.
    """

    kind: Literal["multiplier"] = "multiplier"
    direction: Literal["decrease", "increase"]
    multiplier: Multiplier
    basis: Instant


class TargetPower(Value):
    """A set point: the power that all addressed resources are to have together, W, signed.

    Args:
        power_w: positive from grid to customer.
        at: where it is reckoned.
    """

    kind: Literal["set-point"] = "set-point"
    power_w: Power
    at: Place = Place.TERMINALS


class Limit(Value):
    """The most that may flow; all limits in force are intersected.

    Args:
        limit_w: active power, W, a magnitude in its direction.
        direction: which flow it bounds.
        phase: of one phase only; None bounds the sum of all.
        is_mandatory: whether it takes no opt-out; safety may still prevent it, with an alarm.
        at: where it is reckoned.
    """

    kind: Literal["limit"] = "limit"
    limit_w: Flexibility
    direction: Direction
    phase: Phase | None = None
    is_mandatory: bool = False
    at: Place = Place.TERMINALS


PerKilowattHour = Annotated[Decimal, Field(ge=-(10**6), le=10**6, decimal_places=6)]
"""An amount of money per kWh; prices may be negative."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A currency of ISO 4217."""


class Price(Value):
    """What a kWh costs while the event lasts: resources respond by their own curve.

    Args:
        per_kwh: amount of `currency` for a kWh taken; negative when taking is paid for.
        currency: ISO 4217.
    """

    kind: Literal["price"] = "price"
    per_kwh: PerKilowattHour
    currency: Currency


class Level(Value):
    """How urgent it is, without a figure: 0 is normal operation, 1 to 3 shed more and more."""

    kind: Literal["level"] = "level"
    level: int = Field(ge=0, le=3)


class ChargeState(Value):
    """The energy to be in store when the event ends, Wh."""

    kind: Literal["charge-state"] = "charge-state"
    stored_wh: Energy


Signal = Annotated[
    Delta | Share | TargetPower | Limit | Price | Level | ChargeState, Field(discriminator="kind")
]


def in_proportion(power_w: int, first: Signal, later: Signal) -> int:
    """Return what a part of an event's first signal is of a later one, W, towards zero.

    A part is what one party or resource takes of a change of power or of a share; of any other
    signal it stays what it is.
    """
    match first, later:
        case Delta(power_w=first_w), Delta(power_w=later_w) if first_w:
            part = abs(power_w) * abs(later_w) // abs(first_w)
            return part if (power_w < 0) == (first_w * later_w < 0) else -part
        case Share(multiplier=first_of), Share(multiplier=later_of) if first_of:
            return int(power_w * later_of / first_of)
        case _:
            return power_w


RESERVED = ("reactivePower", "voltage", "islanding")
"""Names of signals that do not exist yet and are refused explicitly (design: quantities)."""


def in_words(  # noqa: PLR0911 one case per signal
    signal: Signal,
) -> str:
    """Return what a signal asks for, for people."""
    match signal:
        case Delta():
            return f"change power by {signal.power_w} W"
        case Share():
            return f"{signal.direction} power by {signal.multiplier:.9f} of capability"
        case TargetPower():
            return f"bring power to {signal.power_w} W"
        case Limit():
            phase = f" on phase {signal.phase}" if signal.phase else ""
            return f"{signal.direction} at most {signal.limit_w} W{phase}"
        case Price():
            return f"price {signal.per_kwh:.6f} {signal.currency}/kWh"
        case Level():
            return f"level {signal.level}"
        case ChargeState():
            return f"have {signal.stored_wh} Wh in store"
