"""What a person says of a signal, read as it is written: a power, a limit, a price, a level."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import typer

from xmpp_cem.cli.arguments import duration, power
from xmpp_cem.model.event import Change
from xmpp_cem.model.signal import (
    Delta,
    Direction,
    Level,
    Limit,
    Phase,
    Place,
    Price,
    Signal,
    TargetPower,
)

ValueT = TypeVar("ValueT")

_PRICE = re.compile(r"(-?\d{1,7}(?:\.\d{1,6})?) ?([A-Z]{3})/kWh")
_FIGURE = re.compile(r"-?\d{1,7}(?:\.\d{1,6})?")


def price(text: str) -> Price:
    """Return a price from such as `0.31EUR/kWh`.

    Raises:
        typer.BadParameter: no amount with a currency for a kWh.
    """
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no price; write it as 0.31EUR/kWh")
    return Price(per_kwh=Decimal(match[1]), currency=match[2])


def flow(text: str) -> int:
    """Return a limit in whole W, at least 0.

    Raises:
        typer.BadParameter: as `power`, or below 0.
    """
    watts = power(text)
    if watts < 0:
        raise typer.BadParameter(f"{text!r} is below 0; --direction says which way it flows")
    return watts


@dataclass(frozen=True)
class Said:
    """What a person says of a signal; None for what is not said.

    Args:
        power_w: a change of power, W, signed.
        limit_w: the most that may flow, W, in `direction`.
        set_point_w: the power to be reached, W, signed.
        price: of a kWh.
        level: 0 to 3.
        direction, phase, is_mandatory: of the limit.
        at: where a limit or set point is reckoned.
        then: what follows, each as `TIME=VALUE`: how long after the start, and the new value.
    """

    power_w: int | None = None
    limit_w: int | None = None
    set_point_w: int | None = None
    price: Price | None = None
    level: int | None = None
    direction: Direction | None = None
    phase: Phase | None = None
    is_mandatory: bool = False
    at: Place | None = None
    then: tuple[str, ...] = ()

    @property
    def signal(self) -> Signal:
        """The signal that is asked for.

        Raises:
            typer.BadParameter: none or several are said, or what belongs to another one.
        """
        found = [signal for signal in self._signals() if signal]
        if len(found) != 1:
            raise typer.BadParameter(
                "give exactly one of --power, --reduce, --increase, --limit, --set-point, "
                "--price and --level"
            )
        self._fitting(found[0])
        return found[0]

    @property
    def is_signal(self) -> bool:
        """Whether anything is said of the signal itself."""
        return self != Said(then=self.then)

    def changes(self, first: Signal, start: datetime) -> tuple[Change, ...]:
        """Return what follows on an event's first signal; raises typer.BadParameter."""
        made = []
        for text in self.then:
            after, _, value = text.partition("=")
            at = start + duration(after)
            made.append(Change(start=at, signal=_another(first, value.strip())))
        return tuple(made)

    def _signals(self) -> tuple[Signal | None, ...]:
        limit = None
        if self.limit_w is not None:
            if self.direction is None:
                raise typer.BadParameter("say which way the limited power flows: --direction")
            limit = Limit(
                limit_w=self.limit_w,
                direction=self.direction,
                phase=self.phase,
                is_mandatory=self.is_mandatory,
                at=self.at or Place.CONNECTION_POINT,
            )
        at = self.at or Place.TERMINALS
        return (
            None if self.power_w is None else Delta(power_w=self.power_w),
            limit,
            None if self.set_point_w is None else TargetPower(power_w=self.set_point_w, at=at),
            self.price,
            None if self.level is None else Level(level=self.level),
        )

    def _fitting(self, signal: Signal) -> None:
        is_of_limit = self.direction or self.phase or self.is_mandatory
        if is_of_limit and not isinstance(signal, Limit):
            raise typer.BadParameter("--direction, --phase and --mandatory belong to --limit")
        if self.at and not isinstance(signal, Limit | TargetPower):
            raise typer.BadParameter("--at belongs to --limit and --set-point")


NOTHING = Said()
"""Nothing is said: what is asked for stays as it is."""


def moved(changes: tuple[Change, ...], by: timedelta) -> tuple[Change, ...]:
    """Return what follows when the start is put off."""
    return tuple(each.model_copy(update={"start": each.start + by}) for each in changes)


def _another(first: Signal, text: str) -> Signal:
    """Return a signal of the same kind with another value."""
    match first:
        case Delta():
            return Delta(power_w=power(text))
        case TargetPower():
            return first.model_copy(update={"power_w": power(text)})
        case Limit():
            return first.model_copy(update={"limit_w": flow(text)})
        case Price():
            return Price(per_kwh=_read(text, _price_or_figure), currency=first.currency)
        case _:
            return Level(level=_read(text, int))


def _read(text: str, read: Callable[[str], ValueT]) -> ValueT:
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no value of this signal") from error


def _price_or_figure(text: str) -> Decimal:
    if _FIGURE.fullmatch(text):
        return Decimal(text)
    return price(text).per_kwh
