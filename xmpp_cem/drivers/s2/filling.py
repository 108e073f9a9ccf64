"""Fill rates (S2, FRBC): which operation mode brings an actuator nearest to a power."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from s2python.frbc import (
    FRBCActuatorDescription,
    FRBCActuatorStatus,
    FRBCOperationMode,
    FRBCOperationModeElement,
    FRBCSystemDescription,
)

from xmpp_cem.drivers.s2.envelopes import ELECTRIC

Span = tuple[float, float]


@dataclass(frozen=True)
class System:
    """What is known of a storage and its actuators.

    Args:
        description: what it is.
        fill: present fill level, in the resource manager's own unit; None: not told yet.
        actuators: status of each actuator, by its id.
        timers: when each timer ends, by the ids of actuator and timer.
    """

    description: FRBCSystemDescription
    fill: float | None = None
    actuators: Mapping[UUID, FRBCActuatorStatus] = field(default_factory=dict)
    timers: Mapping[tuple[UUID, UUID], datetime] = field(default_factory=dict)

    @property
    def charge_permille(self) -> int | None:
        """The fill level as a share of its range."""
        if self.fill is None:
            return None
        fills = self.description.storage.fill_level_range
        lowest, size = fills.start_of_range, fills.end_of_range - fills.start_of_range
        if size <= 0:
            return None
        return round(min(1.0, max(0.0, (self.fill - lowest) / size)) * 1000)


@dataclass(frozen=True)
class Choice:
    """An operation mode of an actuator with its factor, 0 to 1, and the power that follows, W."""

    actuator: UUID
    mode: UUID
    factor: float
    power_w: float


def ratings(system: System) -> tuple[int, int]:
    """Return the highest power in and out of all actuators, W, whatever the fill level."""
    highest = lowest = 0.0
    for actuator in system.description.actuators:
        ends = [
            end
            for mode in actuator.operation_modes
            for element in mode.elements
            for end in _power(element)
        ]
        highest += max(ends)
        lowest += min(ends)
    return max(0, round(highest)), max(0, round(-lowest))


def present_w(system: System) -> float | None:
    """Return the power that the actuators' modes mean, W; None: a status is missing."""
    total = 0.0
    for actuator in system.description.actuators:
        status = system.actuators.get(actuator.id)
        mode = _active(actuator, status)
        element = _element(mode, system.fill) if mode else None
        if status is None or element is None:
            return None
        total += _at(_power(element), status.operation_mode_factor)
    return total


def reach(system: System, now: datetime, horizon_s: int) -> Span:
    """Return the lowest and highest power that the store bears for the horizon, W."""
    lowest = highest = 0.0
    for actuator in system.description.actuators:
        powers = [
            _at(_power(element), factor)
            for _, element in _possible(system, actuator, now)
            for factor in _lasting(system, element, horizon_s)
        ]
        lowest += min(powers, default=0.0)
        highest += max(powers, default=0.0)
    return lowest, highest


def choices(system: System, now: datetime, power_w: int) -> tuple[Choice, ...]:
    """Return what to tell each actuator so that together they come nearest to a power, W.

    Each takes what those before it left. Of equally good modes the active one stays.
    """
    made: list[Choice] = []
    rest = float(power_w)
    for actuator in system.description.actuators:
        active = _active(actuator, system.actuators.get(actuator.id))
        able = [
            _nearest(actuator, mode, element, rest)
            for mode, element in _possible(system, actuator, now)
        ]
        if able:
            best = min(able, key=lambda c: (abs(c.power_w - rest), not _is(active, c.mode)))
            made.append(best)
            rest -= best.power_w
    return tuple(made)


def _is(mode: FRBCOperationMode | None, mode_id: UUID) -> bool:
    return mode is not None and mode.id == mode_id


def _nearest(
    actuator: FRBCActuatorDescription,
    mode: FRBCOperationMode,
    element: FRBCOperationModeElement,
    power_w: float,
) -> Choice:
    start, end = _power(element)
    share = (power_w - start) / (end - start) if end != start else 0.0
    factor = min(1.0, max(0.0, share))
    return Choice(actuator.id, mode.id, factor, _at((start, end), factor))


def _possible(
    system: System, actuator: FRBCActuatorDescription, now: datetime
) -> Iterator[tuple[FRBCOperationMode, FRBCOperationModeElement]]:
    """Yield the modes that the actuator may be in next, each as it is at this fill level."""
    active = _active(actuator, system.actuators.get(actuator.id))
    for mode in actuator.operation_modes:
        if mode.abnormal_condition_only or not _is_open(system, actuator, active, mode, now):
            continue
        element = _element(mode, system.fill)
        if element is not None:
            yield mode, element


def _is_open(
    system: System,
    actuator: FRBCActuatorDescription,
    active: FRBCOperationMode | None,
    mode: FRBCOperationMode,
    now: datetime,
) -> bool:
    """Whether a mode can be had now: it is active, or a transition leads there unblocked."""
    if active is None or active.id == mode.id:
        return True
    return any(
        step.from_ == active.id
        and step.to == mode.id
        and not step.abnormal_condition_only
        and not any(
            (ends := system.timers.get((actuator.id, timer))) is not None and ends > now
            for timer in step.blocking_timers
        )
        for step in actuator.transitions
    )


def _active(
    actuator: FRBCActuatorDescription, status: FRBCActuatorStatus | None
) -> FRBCOperationMode | None:
    if status is None:
        return None
    wanted = status.active_operation_mode_id
    return next((mode for mode in actuator.operation_modes if mode.id == wanted), None)


def _element(mode: FRBCOperationMode, fill: float | None) -> FRBCOperationModeElement | None:
    for element in mode.elements:
        fills = element.fill_level_range
        if fill is not None and fills.start_of_range <= fill <= fills.end_of_range:
            return element
    return None


def _power(element: FRBCOperationModeElement) -> Span:
    electric = [part for part in element.power_ranges if part.commodity_quantity in ELECTRIC]
    return sum(p.start_of_range for p in electric), sum(p.end_of_range for p in electric)


def _at(span: Span, factor: float) -> float:
    return span[0] + factor * (span[1] - span[0])


def _lasting(
    system: System, element: FRBCOperationModeElement, horizon_s: int
) -> tuple[float, ...]:
    """Return the ends of the factors that keep the fill level in its range for the horizon."""
    fills, fill = system.description.storage.fill_level_range, system.fill or 0.0
    start, end = element.fill_rate.start_of_range, element.fill_rate.end_of_range
    least = min(0.0, (fills.start_of_range - fill) / horizon_s)
    most = max(0.0, (fills.end_of_range - fill) / horizon_s)
    if start == end:
        return (0.0, 1.0) if least <= start <= most else ()
    one, other = sorted(((least - start) / (end - start), (most - start) / (end - start)))
    low, high = max(0.0, one), min(1.0, other)
    return (low, high) if low <= high else ()
