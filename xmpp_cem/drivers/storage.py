"""Simulated resources that store electricity: a battery and a car's charging point."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from xmpp_cem.drivers.driver import Description
from xmpp_cem.drivers.physics import (
    Move,
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
from xmpp_cem.model.flexibility import Forecast
from xmpp_cem.model.limits import Limits

_S_PER_H = 3600
_LEAST_CURRENT_A = 6
_PHASE_V = 230


@dataclass(frozen=True)
class Battery:
    """A battery with its inverter; half of the losses are in each direction.

    Args:
        charge_w, discharge_w: rated powers, W, >= 0.
        lowest_wh, highest_wh: the store stays between them, Wh.
        start_wh: energy stored at the beginning, Wh.
        efficiency: energy out per energy in, at the terminals, above 0 to 1.
        ramp_w_per_s: fastest change of power, W/s.
        released_w: power without a set point, W.
        horizon_s: for how long offered flexibility can be kept up, seconds.
    """

    charge_w: int
    discharge_w: int
    lowest_wh: float
    highest_wh: float
    start_wh: float
    efficiency: float
    ramp_w_per_s: float
    released_w: int = 0
    horizon_s: int = 900

    def describe(self) -> Description:
        """Return kind and limits."""
        limits = Limits(
            rated_import_w=self.charge_w,
            rated_export_w=self.discharge_w,
            ramp_w_per_s=self.ramp_w_per_s,
        )
        return Description("battery", limits)

    def initial(self, now: datetime) -> State:
        """Return a resting battery."""
        return State(now, 0.0, self.start_wh)

    def step(self, state: State, now: datetime, set_point: int | None) -> State:
        """Charge or discharge towards the set point as far as rating and store allow."""
        wanted = self.released_w if set_point is None else set_point
        target = clamp(wanted, -self.discharge_w, self.charge_w)
        return advance(state, now, lambda here, until: self._slice(here, until, target))

    def reach(self, state: State) -> Reach:
        """Return the powers that rating, store and ramp allow for the horizon."""
        room = self._room(state)
        power, rate = state.power_w, self.ramp_w_per_s
        change = rate * self.horizon_s
        into = lasting_w(max(0.0, power), room.into_wh, self.horizon_s, rate)
        out = lasting_w(max(0.0, -power), room.out_wh, self.horizon_s, rate)
        return Reach(
            max(-self.discharge_w, -out, power - change),
            min(self.charge_w, into, power + change),
        )

    def _room(self, state: State) -> Room:
        stored = state.stored_wh or 0.0
        one_way = math.sqrt(self.efficiency)
        return Room((self.highest_wh - stored) / one_way, (stored - self.lowest_wh) * one_way)

    def _slice(self, state: State, until: datetime, target: float) -> State:
        seconds = (until - state.at).total_seconds()
        made = move(state.power_w, target, self._room(state), seconds, self.ramp_w_per_s)
        return _registered(
            replace(state, at=until, power_w=made.power_w, stored_wh=self._stored(state, made)),
            made,
        )

    def _stored(self, state: State, made: Move) -> float:
        one_way = math.sqrt(self.efficiency)
        change = made.into_wh * one_way - made.out_wh / one_way
        return clamp((state.stored_wh or 0.0) + change, self.lowest_wh, self.highest_wh)


@dataclass(frozen=True)
class Ev:
    """A charging point with a car that comes every day; it charges only.

    Power is 0 or at least 6 A on each phase (IEC 61851-1), so starting and stopping are jumps;
    a car that is full or leaves stops at once. Without a set point it charges at rated power.

    Args:
        rated_w: highest power, W.
        phases: 1 to 3, at 230 V each.
        needed_wh: energy that the car takes each time, Wh.
        plugged_from, plugged_until: times of day, UTC; equal means always plugged, one charge.
        ramp_w_per_s: fastest change of power while charging, W/s.
        horizon_s: for how long offered flexibility can be kept up, seconds.
    """

    rated_w: int
    phases: int
    needed_wh: float
    plugged_from: time
    plugged_until: time
    ramp_w_per_s: float
    horizon_s: int = 900

    @property
    def least_w(self) -> int:
        """Lowest power while charging, W."""
        return least_charging_w(self.phases)

    def describe(self) -> Description:
        """Return kind and limits."""
        limits = Limits(
            rated_import_w=self.rated_w,
            rated_export_w=0,
            least_import_w=self.least_w,
            ramp_w_per_s=self.ramp_w_per_s,
        )
        return Description("ev", limits)

    def initial(self, now: datetime) -> State:
        """Return a charging point at rest."""
        return State(now, 0.0, 0.0)

    def step(self, state: State, now: datetime, set_point: int | None) -> State:
        """Charge while the car is there and not full; a set point below 6 A pauses."""
        wanted = self.rated_w if set_point is None else min(self.rated_w, set_point)
        target = float(wanted) if wanted >= self.least_w else 0.0
        return advance(state, now, lambda here, until: self._slice(here, until, target))

    def reach(self, state: State) -> Reach:
        """Return from pause to what the car can take until the end of the horizon."""
        lasting = state.at + timedelta(seconds=self.horizon_s)
        leaves = self.departure(state.at)
        if not self._plugged(state.at) or (leaves is not None and leaves < lasting):
            return Reach(0.0, 0.0)
        change = self.ramp_w_per_s * self.horizon_s
        room_wh = self.needed_wh - (state.stored_wh or 0.0)
        highest = min(
            self.rated_w,
            room_wh * _S_PER_H / self.horizon_s,
            max(state.power_w, self.least_w) + change,
        )
        return Reach(0.0, highest if highest >= self.least_w else 0.0)

    def _plugged(self, moment: datetime) -> bool:
        now = moment.time()
        if self.plugged_from < self.plugged_until:
            return self.plugged_from <= now < self.plugged_until
        return now >= self.plugged_from or now < self.plugged_until

    def departure(self, moment: datetime) -> datetime | None:
        """Return when the car that is there leaves; None: there is none, or it never leaves."""
        if self.plugged_from == self.plugged_until or not self._plugged(moment):
            return None
        leaves = datetime.combine(moment.date(), self.plugged_until, moment.tzinfo)
        return leaves if leaves > moment else leaves + timedelta(days=1)

    def ahead(self, state: State) -> tuple[Forecast, ...]:
        """Return what the car that is there will take, hour by hour, until it is full or leaves.

        It could pause in each of these hours; after it has left nothing can change.
        """
        missing_wh, leaves = self.missing_wh(state), self.departure(state.at)
        if missing_wh is None:
            return ()
        made = []
        for hour in hours_after(state.at):
            passed_h = (hour.start - state.at).total_seconds() / _S_PER_H
            left_wh = clamp(missing_wh - passed_h * self.rated_w, 0.0, self.rated_w)
            power_w = 0 if leaves is not None and leaves < hour.end else math.floor(left_wh)
            made.append(Forecast(window=hour, power_w=power_w, decrease_w=power_w))
        return tuple(made)

    def missing_wh(self, state: State) -> int | None:
        """Return what the car that is there still takes, Wh; None: there is none."""
        if not self._plugged(state.at):
            return None
        return max(0, math.ceil(self.needed_wh - (state.stored_wh or 0.0)))

    def _slice(self, state: State, until: datetime, target: float) -> State:
        if not self._plugged(state.at):
            return replace(state, at=until, power_w=0.0, stored_wh=0.0)
        seconds = (until - state.at).total_seconds()
        stored = state.stored_wh or 0.0
        room_wh = self.needed_wh - stored
        power, energy = self._drawn(state.power_w, target, seconds)
        if energy >= room_wh:
            power, energy = 0.0, room_wh
        after = replace(state, at=until, power_w=power, stored_wh=stored + energy)
        return after.counted(energy)

    def _drawn(self, power: float, target: float, seconds: float) -> tuple[float, float]:
        least = float(self.least_w)
        if target:
            return ramp(max(power, least), target, seconds, self.ramp_w_per_s)
        if power <= least:
            return 0.0, 0.0
        falling = min(seconds, (power - least) / self.ramp_w_per_s)
        end, energy = ramp(power, least, falling, self.ramp_w_per_s)
        return (end if falling == seconds else 0.0), energy


def least_charging_w(phases: int) -> int:
    """Return the lowest charging power, W: 6 A on each phase at 230 V (IEC 61851-1)."""
    return _LEAST_CURRENT_A * _PHASE_V * phases


def _registered(state: State, made: Move) -> State:
    return state.counted(made.into_wh).counted(-made.out_wh)
