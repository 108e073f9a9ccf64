"""What all simulated resources share: state, ramps and stores that never overrun."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from xmpp_cem.drivers.driver import Description
from xmpp_cem.model.time import Interval, window

_SLICE = timedelta(seconds=5)
_LONGEST = timedelta(days=2)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_WS_PER_WH = 3600.0
_HOUR = timedelta(hours=1)
_HOURS = 12


@dataclass(frozen=True)
class State:
    """A simulated resource at one instant.

    Args:
        at: the instant, UTC.
        power_w: present power, W, positive from grid to customer.
        stored_wh: energy in the store, Wh; None without a store.
        import_wh, export_wh: registers, Wh, never falling.
    """

    at: datetime
    power_w: float
    stored_wh: float | None = None
    import_wh: float = 0.0
    export_wh: float = 0.0

    def counted(self, energy_wh: float) -> "State":
        """Return the state with signed energy added to the registers."""
        return replace(
            self,
            import_wh=self.import_wh + max(0.0, energy_wh),
            export_wh=self.export_wh + max(0.0, -energy_wh),
        )


@dataclass(frozen=True)
class Reach:
    """The lowest and highest power, W, that a resource can keep up for its horizon."""

    lowest_w: float
    highest_w: float


class Model(Protocol):
    """A resource's physics: no clock, no randomness, no memory of its own."""

    def describe(self) -> Description:
        """Return what the resource is."""
        ...

    def initial(self, now: datetime) -> State:
        """Return the state in which the simulation begins."""
        ...

    def step(self, state: State, now: datetime, set_point: int | None) -> State:
        """Return the state at `now` when `set_point` (W) was in force since `state.at`.

        An instant that is not later changes nothing.
        """
        ...

    def reach(self, state: State) -> Reach:
        """Return the powers that are possible from here."""
        ...


@dataclass(frozen=True)
class Move:
    """A change of power.

    Args:
        power_w: power at its end, W.
        into_wh: energy taken while power was positive, Wh, >= 0.
        out_wh: energy given while power was negative, Wh, >= 0.
    """

    power_w: float
    into_wh: float = 0.0
    out_wh: float = 0.0

    def mirrored(self) -> "Move":
        """Return the same with the sign of power turned."""
        return Move(-self.power_w, self.out_wh, self.into_wh)


@dataclass(frozen=True)
class Room:
    """What a store can still take and give at the terminals, Wh."""

    into_wh: float
    out_wh: float

    def mirrored(self) -> "Room":
        """Return the room as seen with the sign of power turned."""
        return Room(self.out_wh, self.into_wh)


def hours_after(now: datetime) -> list[Interval]:
    """Return the next full hours, UTC, for which a forecast is made."""
    start = window(now, _HOUR).end
    return [Interval(start=start + n * _HOUR, end=start + (n + 1) * _HOUR) for n in range(_HOURS)]


def advance(state: State, now: datetime, one: Callable[[State, datetime], State]) -> State:
    """Run `one(state, until)` slice by slice to `now`.

    Slices end on a fixed grid, so that results hardly depend on how often a resource is read. Of a
    time longer than two days only the end is run: it is a clock that was set.
    """
    if now - state.at > _LONGEST:
        state = replace(state, at=now - _LONGEST)
    while state.at < now:
        following = _EPOCH + ((state.at - _EPOCH) // _SLICE + 1) * _SLICE
        state = one(state, min(now, following))
    return state


def clamp(value: float, lowest: float, highest: float) -> float:
    """Return the nearest value inside `[lowest, highest]`."""
    return max(lowest, min(highest, value))


def ramp(
    power_w: float, target_w: float, seconds: float, ramp_w_per_s: float
) -> tuple[float, float]:
    """Go to a target at a limited rate and stay there.

    Returns:
        Power at the end, W, and the signed energy on the way, Wh.
    """
    change = ramp_w_per_s * seconds
    end = clamp(target_w, power_w - change, power_w + change)
    moving = min(seconds, abs(end - power_w) / ramp_w_per_s)
    energy = (power_w + end) / 2 * moving + end * (seconds - moving)
    return end, energy / _WS_PER_WH


def move(power_w: float, target_w: float, room: Room, seconds: float, ramp_w_per_s: float) -> Move:
    """Go to a target at a limited rate, slowing down in time before the store is full or empty."""
    if power_w < 0 or (power_w == 0 and target_w < 0):
        return move(-power_w, -target_w, room.mirrored(), seconds, ramp_w_per_s).mirrored()
    if target_w >= 0:
        return _one_way(power_w, target_w, room.into_wh, seconds, ramp_w_per_s)
    to_zero = min(seconds, power_w / ramp_w_per_s)
    first = _one_way(power_w, 0.0, room.into_wh, to_zero, ramp_w_per_s)
    if to_zero >= seconds:
        return first
    rest = _one_way(0.0, -target_w, room.out_wh, seconds - to_zero, ramp_w_per_s)
    return Move(-rest.power_w, first.into_wh, rest.into_wh)


def _one_way(power: float, target: float, room_wh: float, seconds: float, rate: float) -> Move:
    highest = lasting_w(power, room_wh, seconds, rate)
    end, energy = ramp(power, min(target, highest), seconds, rate)
    return Move(end, into_wh=energy)


def lasting_w(power: float, room_wh: float, seconds: float, rate: float) -> float:
    """Return the highest power, W, that lasts for `seconds` and can then ramp to 0 in the room.

    Ramping from P to 0 takes P²/2R, R being the rate: the stopping distance of a car. Whether the
    power can be reached in that time is not looked at.

    Args:
        power: present power, W, >= 0.
        room_wh: what the store still takes, Wh.
        seconds: how long, seconds, above 0.
        rate: fastest change of power, W/s.
    """
    room_ws = room_wh * _WS_PER_WH
    if room_ws >= power * seconds + power**2 / (2 * rate):
        return (room_ws + power**2 / (2 * rate)) / (seconds + power / rate)
    slack = seconds - power / rate
    root = slack**2 - 4 / rate * (power**2 / (2 * rate) - room_ws)
    return max(0.0, rate / 2 * (math.sqrt(max(0.0, root)) - slack))
