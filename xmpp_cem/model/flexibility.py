"""What a resource will be able to do, and what its owner offers beyond that."""

import itertools
from typing import Annotated

from pydantic import AfterValidator, Field

from xmpp_cem.model.quantity import Flexibility, Power
from xmpp_cem.model.signal import Currency, PerKilowattHour
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value

MOST_WINDOWS = 24
"""A resource's forecast has at most so many windows."""


class Forecast(Value):
    """What a resource is expected to do, and to be able to do, in a time to come.

    Args:
        window: `[start, end)`, UTC.
        power_w: its power when nobody asks for another one, signed, W.
        increase_w, decrease_w: by how much that power can rise and fall all the time, W.
    """

    window: Interval
    power_w: Power
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0

    def flexible_w(self, *, is_fall: bool) -> int:
        """By how much power can fall or rise, W."""
        return self.decrease_w if is_fall else self.increase_w


class Offered(Value):
    """Flexibility beyond the standing one, at a price, for a time: it comes on top of it.

    Args:
        increase_w, decrease_w: by how much more power can rise and fall, W.
        per_kwh: what a kWh of that change costs, an amount of `currency`.
        currency: ISO 4217.
        until: an event that ends by then can have it.
    """

    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    per_kwh: PerKilowattHour
    currency: Currency
    until: Instant

    def flexible_w(self, over: Interval, *, is_fall: bool) -> int:
        """By how much more power can fall or rise in an event's time, W."""
        if over.end > self.until:
            return 0
        return self.decrease_w if is_fall else self.increase_w


def _in_order(told: tuple[Forecast, ...]) -> tuple[Forecast, ...]:
    if any(b.window.start < a.window.end for a, b in itertools.pairwise(told)):
        raise ValueError("a forecast's windows must be in order and not overlap")
    return told


Forecasts = Annotated[
    tuple[Forecast, ...], Field(max_length=MOST_WINDOWS), AfterValidator(_in_order)
]
"""Windows to come, in order; what none covers is not forecast."""


def lowest_w(told: Forecasts, standing_w: int, over: Interval, *, is_fall: bool) -> int:
    """Return by how much power can fall or rise all through a time, W.

    Args:
        told: the forecast.
        standing_w: what is possible now; it counts for the part of the time that is not forecast.
        over: the time.
        is_fall: whether power is to fall.
    """
    inside = [each for each in told if each.window.overlap(over)]
    covered = sum((each.window.overlap(over) for each in inside), start=over.duration * 0)
    able = [each.flexible_w(is_fall=is_fall) for each in inside]
    return min([*able, standing_w] if covered < over.duration else able)
