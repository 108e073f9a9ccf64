"""A driver whose resource is a model."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from xmpp_cem.drivers.driver import Description, Reading
from xmpp_cem.drivers.following import Pv
from xmpp_cem.drivers.physics import Model, State
from xmpp_cem.drivers.storage import Battery, Ev
from xmpp_cem.model.flexibility import Forecast
from xmpp_cem.model.time import Interval

_FORECAST_EVERY = timedelta(minutes=1)


class SimulatedDriver:
    """Runs a model along a clock and lets the customer override it.

    While the file `button` exists, the customer's local override is pressed: the resource is
    released, set points wait and no flexibility is offered. It is looked at on each call and holds
    for the time since the call before.

    Args:
        model: the resource's physics.
        clock: returns the present instant, UTC.
        button: file that stands for the override button; None: there is no button.
        offset: added to the clock for the model, to run through other hours; what it tells of times
            to come is by the clock again.
    """

    def __init__(
        self,
        model: Model,
        clock: Callable[[], datetime],
        button: Path | None = None,
        offset: timedelta = timedelta(0),
    ) -> None:
        self._model = model
        self._clock = clock
        self._button = button
        self._offset = offset
        self._set_point: int | None = None
        self._state = model.initial(clock() + offset)
        self._forecast: tuple[Forecast, ...] = ()
        self._forecast_at = self._state.at - _FORECAST_EVERY

    async def describe(self) -> Description:
        """Return kind and limits of the model."""
        return self._model.describe()

    async def apply(self, power_w: int) -> None:
        """Put a set point in force from now on, W, positive from grid to customer."""
        self._advance(overridden=self._pressed())
        self._set_point = power_w

    async def release(self) -> None:
        """Follow the own plan from now on."""
        self._advance(overridden=self._pressed())
        self._set_point = None

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    async def read(self) -> Reading:
        """Return what the model does now, rounded to whole W and Wh."""
        overridden = self._pressed()
        state = self._advance(overridden=overridden)
        power = round(state.power_w)
        reach = self._model.reach(state)
        car = self._model if isinstance(self._model, Ev) else None
        leaves = car.departure(state.at) if car else None
        return Reading(
            power_w=power,
            increase_w=0 if overridden else max(0, math.floor(reach.highest_w) - power),
            decrease_w=0 if overridden else max(0, power - math.ceil(reach.lowest_w)),
            import_wh=math.floor(state.import_wh),
            export_wh=math.floor(state.export_wh),
            stored_wh=None if state.stored_wh is None else round(state.stored_wh),
            overridden=overridden,
            needed_wh=car.missing_wh(state) if car else None,
            departs=leaves - self._offset if leaves else None,
            charge_permille=_charge(self._model, state),
            forecast=self._ahead(state),
        )

    def _ahead(self, state: State) -> tuple[Forecast, ...]:
        """Return the forecast, made anew every minute."""
        if state.at >= self._forecast_at + _FORECAST_EVERY:
            ahead = self._model.ahead(state) if isinstance(self._model, Ev | Pv) else ()
            self._forecast = tuple(self._by_the_clock(each) for each in ahead)
            self._forecast_at = state.at
        return self._forecast

    def _by_the_clock(self, forecast: Forecast) -> Forecast:
        start, end = forecast.window.start - self._offset, forecast.window.end - self._offset
        return forecast.model_copy(update={"window": Interval(start=start, end=end)})

    def _pressed(self) -> bool:
        return self._button is not None and self._button.exists()

    def _advance(self, *, overridden: bool) -> State:
        in_force = None if overridden else self._set_point
        self._state = self._model.step(self._state, self._clock() + self._offset, in_force)
        return self._state


def _charge(model: Model, state: State) -> int | None:
    """Return a battery's state of charge, thousandths of what it holds; None for all others."""
    if not isinstance(model, Battery) or state.stored_wh is None or not model.highest_wh:
        return None
    return round(min(1.0, state.stored_wh / model.highest_wh) * 1000)
