"""Folds what a gateway's members tell of themselves into one virtual resource."""

import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from xmpp_cem.core.smallest import Smallest
from xmpp_cem.model.flexibility import MOST_WINDOWS, Forecast, Offered
from xmpp_cem.model.quantity import LARGEST_WH, bounded
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Interval


@dataclass
class _Known:
    """A sum of what some tell and others do not."""

    total: int = 0
    count: int = 0

    def add(self, value: int | None, sign: int) -> None:
        if value is not None:
            self.total += sign * value
            self.count += sign

    @property
    def value(self) -> int | None:
        return min(LARGEST_WH, self.total) if self.count else None


@dataclass
class _Power:
    """Power and by how much it can rise and fall, W."""

    power_w: int = 0
    increase_w: int = 0
    decrease_w: int = 0

    def add(self, other: "_Power", sign: int = 1) -> None:
        self.power_w += sign * other.power_w
        self.increase_w += sign * other.increase_w
        self.decrease_w += sign * other.decrease_w


@dataclass
class _Offers:
    """What is offered in one currency; of the prices the negative, for the highest is wanted."""

    increase_w: int = 0
    decrease_w: int = 0
    prices: Smallest[Decimal] = field(default_factory=Smallest)
    ends: Smallest[datetime] = field(default_factory=Smallest)

    def add(self, offered: Offered, sign: int) -> None:
        self.increase_w += sign * offered.increase_w
        self.decrease_w += sign * offered.decrease_w
        self.prices.add(-offered.per_kwh, sign)
        self.ends.add(offered.until, sign)


class Folding:
    """What members tell beyond the present, as sums from which a member's part is taken again.

    A change costs what the one member tells (its resources and their windows), times the logarithm
    of how many departures, prices and times are known; whatever the number of members.
    """

    def __init__(self) -> None:
        self._told: dict[Hashable, Capability] = {}
        self._stored = _Known()
        self._needed = _Known()
        self._committed_w = 0
        self._ages: Smallest[datetime] = Smallest()
        self._departures: Smallest[datetime] = Smallest()
        self._offers: dict[str, _Offers] = {}
        self._now = _Power()
        self._bounds: Smallest[datetime] = Smallest()
        self._steps: dict[datetime, _Power] = {}
        self._made: dict[str, Any] | None = None

    def put(self, member: Hashable, able: Capability | None) -> None:
        """Put what a member tells in the place of what it told before; None: it counts no more."""
        before = self._told.pop(member, None)
        if able is not None:
            self._told[member] = able
        if able is before:
            return
        self._made = None
        for capability, sign in ((before, -1), (able, 1)):
            if capability is not None:
                self._committed_w += sign * capability.committed_w
                self._ages.add(capability.oldest, sign)
                for resource in capability.ready:
                    self._add(resource, sign)
                for resource in capability.foreseen:
                    self._add_power(resource, sign)

    def told(self) -> dict[str, Any]:
        """Return fields of a virtual resource: its age, energy, departure, promises and offers.

        Sums are over those who tell the value; it stays unknown where nobody does. What many claim
        is kept within what a message can carry.
        """
        if self._made is None:
            self._made = {
                "oldest": next(iter(self._ages.first()), None),
                "stored_wh": self._stored.value,
                "needed_wh": self._needed.value,
                "departs": next(iter(self._departures.first()), None),
                "committed_w": bounded(self._committed_w),
                "offered": self._offered(),
                "forecast": self._forecast(),
            }
        return self._made

    def _add(self, resource: Resource, sign: int) -> None:
        self._stored.add(resource.stored_wh, sign)
        self._needed.add(resource.needed_wh, sign)
        if resource.departs is not None:
            self._departures.add(resource.departs, sign)
        if (offered := resource.offered) is not None:
            market = self._offers.setdefault(offered.currency, _Offers())
            market.add(offered, sign)
            if not market.ends:
                del self._offers[offered.currency]

    def _add_power(self, resource: Resource, sign: int) -> None:
        alone_w = resource.power_w - resource.committed_w
        standing = _Power(alone_w, resource.increase_w, resource.decrease_w)
        if resource.state is ResourceState.OPTED_OUT:
            standing = _Power(alone_w)
        self._now.add(standing, sign)
        for each in resource.forecast:
            self._add_window(each, standing, sign)

    def _add_window(self, told: Forecast, standing: _Power, sign: int) -> None:
        """At a window's start a resource becomes what it forecasts, at its end what it is now."""
        ahead = _Power(told.power_w, told.increase_w, told.decrease_w)
        for at, way in ((told.window.start, sign), (told.window.end, -sign)):
            step = self._steps.setdefault(at, _Power())
            step.add(ahead, way)
            step.add(standing, -way)
            if not self._bounds.add(at, sign):
                del self._steps[at]

    def _offered(self) -> Offered | None:
        """Return all offers as one: until the first of them ends, at the highest price.

        Where currencies differ, the one in which most is offered counts alone.
        """
        if not self._offers:
            return None
        sizes = {code: o.increase_w + o.decrease_w for code, o in self._offers.items()}
        currency = min(sizes, key=lambda code: (-sizes[code], code))
        chosen = self._offers[currency]
        return Offered(
            increase_w=bounded(chosen.increase_w),
            decrease_w=bounded(chosen.decrease_w),
            per_kwh=-chosen.prices.first()[0],
            currency=currency,
            until=chosen.ends.first()[0],
        )

    def _forecast(self) -> tuple[Forecast, ...]:
        """Return the sum of all forecasts, window by window; who tells none stays as it is now."""
        running = replace(self._now)
        made = []
        for start, end in itertools.pairwise(self._bounds.first(MOST_WINDOWS + 1)):
            running.add(self._steps[start])
            made.append(
                Forecast(
                    window=Interval(start=start, end=end),
                    power_w=bounded(running.power_w),
                    increase_w=bounded(running.increase_w),
                    decrease_w=bounded(running.decrease_w),
                )
            )
        return tuple(made)
