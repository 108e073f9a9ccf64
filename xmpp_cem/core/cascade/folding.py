"""Folds what a gateway's members tell of themselves into one virtual resource."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xmpp_cem.model.flexibility import MOST_WINDOWS, Forecast, Offered
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.time import Interval


@dataclass
class Folding:
    """What members tell beyond the present, folded anew only when one of them has told it anew."""

    _version: object = None
    _of: tuple[Capability, ...] = ()
    _made: dict[str, Any] = field(default_factory=dict)

    def told(self, version: object, able: Callable[[], Sequence[Capability]]) -> dict[str, Any]:
        """Return the same as `of`; who is looked at only when the version is another one."""
        if version != self._version:
            self._version = version
            self.of(able())
        return self._made

    def of(self, able: Sequence[Capability]) -> dict[str, Any]:
        """Return fields of a virtual resource: energy, departure, what is committed and offered.

        Sums are over those who tell the value; it stays unknown where nobody does.
        """
        is_known = len(able) == len(self._of)
        if is_known and all(a is b for a, b in zip(able, self._of, strict=True)):
            return self._made
        self._of = tuple(able)
        ready = [r for capability in able for r in capability.ready]
        self._made = {
            "stored_wh": _sum(r.stored_wh for r in ready),
            "needed_wh": _sum(r.needed_wh for r in ready),
            "departs": min((r.departs for r in ready if r.departs), default=None),
            "committed_w": sum(capability.committed_w for capability in able),
            "offered": _offered([r.offered for r in ready if r.offered]),
            "forecast": _forecast(able),
        }
        return self._made


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _offered(offers: Sequence[Offered]) -> Offered | None:
    """Return all offers as one: until the first of them ends, at the highest price.

    Where currencies differ, the one in which most is offered counts alone.
    """
    if not offers:
        return None
    by_currency: dict[str, list[Offered]] = {}
    for each in offers:
        by_currency.setdefault(each.currency, []).append(each)
    chosen = max(by_currency.values(), key=lambda group: sum(_size(each) for each in group))
    return Offered(
        increase_w=sum(each.increase_w for each in chosen),
        decrease_w=sum(each.decrease_w for each in chosen),
        per_kwh=max(each.per_kwh for each in chosen),
        currency=chosen[0].currency,
        until=min(each.until for each in chosen),
    )


def _size(offered: Offered) -> int:
    return offered.increase_w + offered.decrease_w


def _forecast(able: Sequence[Capability]) -> tuple[Forecast, ...]:
    """Return the sum of all forecasts, window by window; who tells none stays as it is now."""
    resources = [r for capability in able for r in capability.ready]
    windows = [each.window for r in resources for each in r.forecast]
    bounds = sorted({at for window in windows for at in (window.start, window.end)})
    slots = [Interval(start=start, end=end) for start, end in itertools.pairwise(bounds)]
    made = []
    for slot in slots[:MOST_WINDOWS]:
        covering = [
            next((each for each in r.forecast if each.window.contains(slot.start)), None)
            for r in resources
        ]
        powers = (
            told.power_w if told else r.power_w - r.committed_w
            for r, told in zip(resources, covering, strict=True)
        )
        made.append(
            Forecast(
                window=slot,
                power_w=sum(powers),
                increase_w=sum(r.standing_w(slot, is_fall=False) for r in resources),
                decrease_w=sum(r.standing_w(slot, is_fall=True) for r in resources),
            )
        )
    return tuple(made)
