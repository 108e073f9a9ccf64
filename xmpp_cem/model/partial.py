"""A partial answer: 8 of the 12 kW, for 40 of the 60 minutes."""

from datetime import timedelta
from typing import Self

from pydantic import model_validator

from xmpp_cem.model.quantity import Power
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value

_MINUTE = timedelta(minutes=1)
_W_PER_KW = 1000


class Partial(Value):
    """What a party promises of what it was asked for: less power, less time, or both.

    Args:
        asked_w: the change of power asked, W, signed.
        power_w: the change promised, W, of the same sign and not more.
        asked: when it was asked for.
        during: when it is promised, within `asked`.
    """

    asked_w: Power
    power_w: Power
    asked: Interval
    during: Interval

    @model_validator(mode="after")
    def _is_a_part(self) -> Self:
        if self.power_w * self.asked_w < 0 or abs(self.power_w) > abs(self.asked_w):
            raise ValueError("a part of the power has the sign of what was asked and is not more")
        if self.during.start < self.asked.start or self.during.end > self.asked.end:
            raise ValueError("a part of the time lies within the time that was asked for")
        return self

    @classmethod
    def whole(cls, asked_w: int, asked: Interval) -> Self:
        """Return the promise of all that was asked."""
        return cls(asked_w=asked_w, power_w=asked_w, asked=asked, during=asked)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.power_w == self.asked_w and self.during == self.asked

    @property
    def is_nothing(self) -> bool:
        """Whether a yes would promise nothing, so that it is a no."""
        return self.power_w == 0 and self.asked_w != 0

    @property
    def energy_wh(self) -> int:
        """The energy promised, Wh, signed, rounded towards zero."""
        return _energy(self.power_w, self.during)

    @property
    def missing_wh(self) -> int:
        """The energy asked but not promised, Wh, signed."""
        return _energy(self.asked_w, self.asked) - self.energy_wh

    def within(self, most_w: int, able: Interval | None = None) -> Self:
        """Return what remains of the promise when less can be done.

        Args:
            most_w: the greatest change that can be made in the direction asked, W, at least 0.
            able: when it can be made, None for always; it must share time with the promise.

        Raises:
            ValueError: nothing of the promised time remains.
        """
        power_w = min(abs(self.power_w), most_w) * (1 if self.asked_w >= 0 else -1)
        during = self.during
        if able is not None:
            during = Interval(start=max(during.start, able.start), end=min(during.end, able.end))
        return type(self)(asked_w=self.asked_w, power_w=power_w, asked=self.asked, during=during)

    def at(self, share_w: int) -> int:
        """Return what of one resource's part of the asked power is promised, W, towards zero."""
        if self.asked_w == 0:
            return 0
        part = abs(share_w) * abs(self.power_w) // abs(self.asked_w)
        return part if share_w >= 0 else -part

    def __str__(self) -> str:
        """Say it to a person."""
        if self.is_whole:
            return f"all of {_kw(self.asked_w)} kW, for all of {_minutes(self.asked)} minutes"
        power = f"{_kw(self.power_w)} of the {_kw(self.asked_w)} kW"
        return f"{power}, for {_minutes(self.during)} of the {_minutes(self.asked)} minutes"


def _energy(power_w: int, over: Interval) -> int:
    amount = abs(power_w) * over.duration // timedelta(hours=1)
    return amount if power_w >= 0 else -amount


def _kw(power_w: int) -> str:
    return f"{abs(power_w) / _W_PER_KW:.3f}".rstrip("0").rstrip(".")


def _minutes(interval: Interval) -> str:
    return f"{interval.duration / _MINUTE:.1f}".removesuffix(".0")
