"""Limits on a resource's power: physical ones, those of events, and their intersection."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.model.limits import Limits, stepped
from xmpp_cem.model.signal import Direction, Phase

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what lasts until it is revoked, such as a failsafe limit."""


@dataclass(frozen=True, slots=True)
class Range:
    """What signed power may be, W: both ends included, zero always among it."""

    lowest_w: int
    highest_w: int

    def __post_init__(self) -> None:
        """Refuse a range that forbids rest: no limit may force a flow."""
        if not self.lowest_w <= 0 <= self.highest_w:
            raise ValueError("a range of power must hold zero")

    def holds(self, power_w: int) -> bool:
        """Whether a power lies within."""
        return self.lowest_w <= power_w <= self.highest_w

    def clamped(self, power_w: int) -> int:
        """Return the nearest power within."""
        return max(self.lowest_w, min(self.highest_w, power_w))


@dataclass(frozen=True, slots=True)
class Physical:
    """What a resource can physically do; no dispatch goes beyond it.

    Args:
        range: rated power, W.
        least_import_w, least_export_w: while it takes or gives power at least this, W; less means
            rest.
        step_w: power beyond the least one changes by whole steps of this, W.
        phases: that it is connected to; its power is taken as balanced over them.
        ramp_w_per_s: the fastest change that it is asked for, None for any.
    """

    range: Range
    least_import_w: int = 0
    least_export_w: int = 0
    step_w: int = 1
    phases: tuple[Phase, ...] = tuple(Phase)
    ramp_w_per_s: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no device is."""
        if min(self.least_import_w, self.least_export_w, self.step_w - 1) < 0:
            raise ValueError("a least power is at least 0 W, a step at least 1 W")
        if not self.phases or len(set(self.phases)) != len(self.phases):
            raise ValueError("phases are named once each")
        if self.ramp_w_per_s is not None and self.ramp_w_per_s <= 0:
            raise ValueError("ramp_w_per_s is more than 0")

    def fitted(self, power_w: int, within: Range) -> int:
        """Return what the resource can do of a power, W: inside the range, never more, or rest."""
        clamped = self.range.clamped(within.clamped(power_w))
        if clamped < 0:
            return -stepped(-clamped, self.least_export_w, self.step_w)
        return stepped(clamped, self.least_import_w, self.step_w)

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """Return what a resource's limits allow; its ramp is the device's own."""
        return cls(
            Range(-limits.rated_export_w, limits.rated_import_w),
            limits.least_import_w,
            limits.least_export_w,
            limits.step_w,
        )


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may flow in one direction for some time.

    Args:
        source: the event, or a name such as `failsafe`.
        start, end: when it holds, the end not included; `FOREVER` until it is revoked.
        direction: of the flow.
        limit_w: magnitude, W, at least 0.
        phase: of one phase only, None for the sum of all.
        is_mandatory: whether it takes no opt-out.
    """

    source: str
    start: datetime
    end: datetime
    direction: Direction
    limit_w: int
    phase: Phase | None = None
    is_mandatory: bool = False

    def __post_init__(self) -> None:
        """Refuse a limit below nothing, or without time."""
        if self.limit_w < 0 or self.end <= self.start:
            raise ValueError("a limit is at least 0 W and ends after its start")

    def holds_at(self, instant: datetime) -> bool:
        """Whether it is in force."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Limit:
    """All limits in force of one direction and phase: the tightest, and whose it is."""

    direction: Direction
    phase: Phase | None
    limit_w: int
    sources: tuple[str, ...]
    is_mandatory: bool = False


def intersected(caps: Iterable[Cap]) -> tuple[Limit, ...]:
    """Return the tightest limit of each direction and phase, in a fixed order."""
    groups: dict[tuple[str, str], list[Cap]] = {}
    for cap in caps:
        groups.setdefault((cap.direction, cap.phase or ""), []).append(cap)
    return tuple(_tightest(groups[key]) for key in sorted(groups))


def _tightest(caps: list[Cap]) -> Limit:
    limit_w = min(cap.limit_w for cap in caps)
    tight = [cap for cap in caps if cap.limit_w == limit_w]
    return Limit(
        direction=caps[0].direction,
        phase=caps[0].phase,
        limit_w=limit_w,
        sources=tuple(sorted({cap.source for cap in tight})),
        is_mandatory=any(cap.is_mandatory for cap in tight),
    )


def allowed(physical: Physical, limits: Iterable[Limit]) -> Range:
    """Return the range that physical limits and all limits in force leave, W.

    A limit of one phase bounds the sum by the number of phases: power is balanced over them. One
    of a phase that the resource is not connected to does not bound it.
    """
    lowest_w, highest_w = physical.range.lowest_w, physical.range.highest_w
    for limit in limits:
        if limit.phase is not None and limit.phase not in physical.phases:
            continue
        most_w = limit.limit_w * (len(physical.phases) if limit.phase else 1)
        if limit.direction is Direction.IMPORT:
            highest_w = min(highest_w, most_w)
        else:
            lowest_w = max(lowest_w, -most_w)
    return Range(lowest_w, highest_w)


def divided(cap: Cap, resources: Mapping[str, Physical], unmanaged_w: int = 0) -> dict[str, Cap]:
    """Return one limit for each resource, so that together they keep one that bounds them all.

    Args:
        cap: the limit of the site or of a group.
        resources: those that stand behind it; each gets a part by what it can do in the direction
            and on the phase.
        unmanaged_w: the flow in the same direction of what nobody controls, W, at least 0.

    Returns:
        Limits whose sum is at most `cap`; of a phase, those of resources that are on it.
    """
    most_w = {name: flow_w(cap, each) for name, each in resources.items() if _is_on(cap, each)}
    left_w, total_w = max(cap.limit_w - unmanaged_w, 0), sum(most_w.values())
    if 0 < total_w < left_w:  # more than they can do now, and maybe not more than they can do soon
        most_w = {name: left_w * each // total_w for name, each in most_w.items()}
    parts = pro_rata(left_w, most_w)
    return {name: replace(cap, limit_w=limit_w) for name, limit_w in parts.items()}


def _is_on(cap: Cap, physical: Physical) -> bool:
    return cap.phase is None or cap.phase in physical.phases


def flow_w(cap: Cap, physical: Physical) -> int:
    """Return the most that a resource can make flow in a limit's direction and phase, W."""
    is_import = cap.direction is Direction.IMPORT
    rated_w = physical.range.highest_w if is_import else -physical.range.lowest_w
    return -(-rated_w // len(physical.phases)) if cap.phase else rated_w
