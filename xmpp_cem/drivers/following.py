"""Simulated resources that follow a profile: a heat pump, a photovoltaic plant and a base load."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xmpp_cem.drivers.driver import Description
from xmpp_cem.drivers.physics import (
    Reach,
    Room,
    State,
    advance,
    clamp,
    hours_after,
    lasting_w,
    move,
    ramp,
)
from xmpp_cem.drivers.profile import Profile
from xmpp_cem.model.flexibility import Forecast
from xmpp_cem.model.limits import Limits

_S_PER_H = 3600


@dataclass(frozen=True)
class HeatPump:
    """A heat pump that may depart from the heat demand as far as its building forgives.

    All energy is electrical. `stored_wh` rests in the middle of the store; empty means that the
    building is as cold as it may be, and then demand beats any set point. Without a set point the
    pump follows demand and brings the store back to its middle.

    Args:
        rated_w: highest power, W.
        least_w: lowest power when told to run, W; a lower set point switches off.
        demand: the electrical demand, W, >= 0.
        store_h: how many hours of mean demand may be missing, or in excess.
        recovery_s: time constant of the way back, seconds.
        ramp_w_per_s: fastest change of power, W/s.
        horizon_s: for how long offered flexibility can be kept up, seconds.
    """

    rated_w: int
    least_w: int
    demand: Profile
    store_h: float
    recovery_s: int
    ramp_w_per_s: float
    horizon_s: int = 900

    @property
    def middle_wh(self) -> float:
        """Energy in the resting store, Wh: half of what it holds."""
        return self.store_h * self.demand.mean_w()

    def describe(self) -> Description:
        """Return kind and limits."""
        limits = Limits(
            rated_import_w=self.rated_w,
            rated_export_w=0,
            least_import_w=self.least_w,
            ramp_w_per_s=self.ramp_w_per_s,
        )
        return Description("heat-pump", limits)

    def initial(self, now: datetime) -> State:
        """Return a pump that follows demand with a resting store."""
        return State(now, self._demand_w(now), self.middle_wh)

    def step(self, state: State, now: datetime, set_point: int | None) -> State:
        """Run towards the set point as long as the building forgives."""
        return advance(state, now, lambda here, until: self._slice(here, until, set_point))

    def reach(self, state: State) -> Reach:
        """Return the powers that store, rating and ramp allow for the horizon."""
        power, rate = state.power_w, self.ramp_w_per_s
        change = rate * self.horizon_s
        here = self._demand_w(state.at)
        later = self._demand_w(state.at + timedelta(seconds=self.horizon_s))
        room = self._room(state)
        missing = lasting_w(max(0.0, here - power), room.out_wh, self.horizon_s, rate)
        excess = lasting_w(max(0.0, power - here), room.into_wh, self.horizon_s, rate)
        lowest = max(0.0, max(here, later) - missing)
        if 0.0 < lowest < self.least_w:
            lowest = self.least_w
        highest = min(self.rated_w, min(here, later) + excess, power + change)
        if power < highest < self.least_w:
            highest = power
        return Reach(max(lowest, power - change), highest)

    def _demand_w(self, moment: datetime) -> float:
        return clamp(self.demand.at(moment), 0.0, self.rated_w)

    def _room(self, state: State) -> Room:
        stored = state.stored_wh or 0.0
        return Room(2 * self.middle_wh - stored, stored)

    def _target_w(self, state: State, demand: float, set_point: int | None) -> float:
        if set_point is None:
            missing_wh = self.middle_wh - (state.stored_wh or 0.0)
            wanted = demand + missing_wh * _S_PER_H / self.recovery_s
        else:
            wanted = set_point if set_point >= self.least_w else 0.0
        return clamp(wanted, 0.0, self.rated_w)

    def _slice(self, state: State, until: datetime, set_point: int | None) -> State:
        seconds = (until - state.at).total_seconds()
        demand = self._demand_w(state.at + (until - state.at) / 2)
        target = self._target_w(state, demand, set_point)
        made = move(
            state.power_w - demand, target - demand, self._room(state), seconds, self.ramp_w_per_s
        )
        change = made.into_wh - made.out_wh
        # Demand moves within a slice, so the last Wh may overrun: that much comfort is lost.
        stored = clamp((state.stored_wh or 0.0) + change, 0.0, 2 * self.middle_wh)
        power = clamp(made.power_w + demand, 0.0, self.rated_w)
        after = replace(state, at=until, power_w=power, stored_wh=stored)
        return after.counted(max(0.0, demand * seconds / _S_PER_H + change))


@dataclass(frozen=True)
class Pv:
    """A photovoltaic plant whose export can be curtailed.

    Args:
        rated_w: highest export, W, a magnitude.
        production: power, W, <= 0.
        ramp_w_per_s: fastest change of power, W/s; a falling sun is not bound by it.
        horizon_s: for how long offered flexibility can be kept up, seconds.
    """

    rated_w: int
    production: Profile
    ramp_w_per_s: float
    horizon_s: int = 900

    def describe(self) -> Description:
        """Return kind and limits."""
        limits = Limits(
            rated_import_w=0, rated_export_w=self.rated_w, ramp_w_per_s=self.ramp_w_per_s
        )
        return Description("pv", limits)

    def initial(self, now: datetime) -> State:
        """Return a plant that exports all it produces."""
        return State(now, self._possible_w(now))

    def step(self, state: State, now: datetime, set_point: int | None) -> State:
        """Export what the sun gives, but no more than the set point says."""
        return advance(state, now, lambda here, until: self._slice(here, until, set_point))

    def reach(self, state: State) -> Reach:
        """Return from what the sun gives over the horizon to no export."""
        later = self._possible_w(state.at + timedelta(seconds=self.horizon_s))
        change = self.ramp_w_per_s * self.horizon_s
        return Reach(
            max(self._possible_w(state.at), later, state.power_w - change),
            min(0.0, state.power_w + change),
        )

    def ahead(self, state: State) -> tuple[Forecast, ...]:
        """Return what the sun will give, hour by hour: all of it can be curtailed."""
        made = []
        for hour in hours_after(state.at):
            powers = [self._possible_w(hour.start), self._possible_w(hour.end)]
            mean_w, least_w = round(sum(powers) / 2), math.floor(-max(powers))
            made.append(Forecast(window=hour, power_w=mean_w, increase_w=least_w))
        return tuple(made)

    def _possible_w(self, moment: datetime) -> float:
        return clamp(self.production.at(moment), -self.rated_w, 0.0)

    def _slice(self, state: State, until: datetime, set_point: int | None) -> State:
        seconds = (until - state.at).total_seconds()
        possible = self._possible_w(until)
        target = possible if set_point is None else clamp(set_point, possible, 0.0)
        start = max(state.power_w, possible)
        power, energy = ramp(start, target, seconds, self.ramp_w_per_s)
        return replace(state, at=until, power_w=power).counted(energy)


@dataclass(frozen=True)
class BaseLoad:
    """A load that follows its profile and cannot be steered.

    Args:
        rated_w: highest power, W.
        demand: power, W, >= 0.
    """

    rated_w: int
    demand: Profile

    def describe(self) -> Description:
        """Return kind and limits."""
        return Description("base-load", Limits(rated_import_w=self.rated_w, rated_export_w=0))

    def initial(self, now: datetime) -> State:
        """Return the load on its profile."""
        return State(now, self._demand_w(now))

    def step(self, state: State, now: datetime, set_point: int | None) -> State:  # noqa: ARG002
        """Follow the profile whatever is asked."""
        return advance(state, now, self._slice)

    def reach(self, state: State) -> Reach:
        """Return the present power: nothing else is possible."""
        return Reach(state.power_w, state.power_w)

    def _demand_w(self, moment: datetime) -> float:
        return clamp(self.demand.at(moment), 0.0, self.rated_w)

    def _slice(self, state: State, until: datetime) -> State:
        power = self._demand_w(until)
        hours = (until - state.at).total_seconds() / _S_PER_H
        return replace(state, at=until, power_w=power).counted((state.power_w + power) / 2 * hours)
