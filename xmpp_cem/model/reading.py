"""A meter reading: what a resource did over a window, with what it rests upon."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.quantity import Cosine, Energy, Millivolt, PerMille, Power, Reactive
from xmpp_cem.model.reading_type import (
    Accumulation,
    Aggregate,
    Commodity,
    FlowDirection,
    MacroPeriod,
    MeasurementKind,
    Phases,
    ReadingType,
    Unit,
)
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value


class Quality(StrEnum):
    """How good a reading is (quality codes of IEC 61968-9)."""

    VALID = "valid"
    ESTIMATED = "estimated"
    QUESTIONABLE = "questionable"


class Reading(Value):
    """Average power over a window and what else is known; unknown is None, and not 0.

    Its key is resource, window and revision. `READINGS` has the type of each quantity.

    Args:
        resource: whose.
        window: `[start, end)`, UTC.
        power_w: average signed power.
        instant_w: signed power at the window's end.
        import_wh, export_wh: register values at the window's end.
        import_delta_wh, export_delta_wh: energy of the window.
        reactive_var: average reactive power, signed as `power_w`, VAr.
        voltage_a_mv, voltage_b_mv, voltage_c_mv: average voltage of a phase, mV.
        state_of_charge_permille: state of charge at the window's end, of the full store.
        power_factor_permille: average power factor, -1000 to 1000.
        quality: how good.
        revision: a correction has a higher one.
        expected, reporting: for a virtual resource, how many members, of all levels below, should
            and did contribute.
        oldest: when the oldest of what it rests upon was measured; None: at the window's end.
        estimated_share_permille: how much of it was not measured: of the power of all its parts,
            each without its sign, that of those which were estimated, rounded up.
    """

    resource: ResourceId
    window: Interval
    power_w: Power
    instant_w: Power | None = None
    import_wh: Energy | None = None
    export_wh: Energy | None = None
    import_delta_wh: Energy | None = None
    export_delta_wh: Energy | None = None
    reactive_var: Reactive | None = None
    voltage_a_mv: Millivolt | None = None
    voltage_b_mv: Millivolt | None = None
    voltage_c_mv: Millivolt | None = None
    state_of_charge_permille: PerMille | None = None
    power_factor_permille: Cosine | None = None
    quality: Quality = Quality.VALID
    revision: int = Field(default=0, ge=0, le=2**53)
    expected: int = Field(default=1, ge=0, le=2**31)
    reporting: int = Field(default=1, ge=0, le=2**31)
    oldest: Instant | None = None
    estimated_share_permille: PerMille = 0


class Correction(Value):
    """What a resource did in truth over a time that has passed, where it was read wrongly.

    Args:
        window: `[start, end)`, UTC; reporting windows that lie in it wholly are corrected.
        power_w: average signed power, W.
        import_wh, export_wh: register values at its end, where they are corrected too.
        quality: how good that is.
    """

    window: Interval
    power_w: Power
    import_wh: Energy | None = None
    export_wh: Energy | None = None
    quality: Quality = Quality.VALID


Corrections = Annotated[tuple[Correction, ...], Field(max_length=100)]
"""What a driver corrects at a time."""


def _mean(kind: MeasurementKind, unit: Unit, **places: int) -> ReadingType:
    """Return the average over the message's period of a quantity that rises and falls."""
    return ReadingType(
        macro_period=MacroPeriod.SPECIFIED,
        aggregate=Aggregate.AVERAGE,
        accumulation=Accumulation.INDICATING,
        commodity=Commodity.ELECTRICITY_SECONDARY,
        kind=kind,
        unit=unit,
        **places,
    )


def _energy(accumulation: Accumulation, flow: FlowDirection, **places: int) -> ReadingType:
    """Return energy of one direction, in Wh."""
    return ReadingType(
        accumulation=accumulation,
        flow=flow,
        commodity=Commodity.ELECTRICITY_SECONDARY,
        kind=MeasurementKind.ENERGY,
        unit=Unit.WATT_HOUR,
        **places,
    )


READINGS: Mapping[str, ReadingType] = {
    "power_w": _mean(MeasurementKind.POWER, Unit.WATT, flow=FlowDirection.NET),
    "instant_w": ReadingType(
        accumulation=Accumulation.INSTANTANEOUS,
        flow=FlowDirection.NET,
        commodity=Commodity.ELECTRICITY_SECONDARY,
        kind=MeasurementKind.POWER,
        unit=Unit.WATT,
    ),
    "import_wh": _energy(Accumulation.BULK, FlowDirection.FORWARD),
    "export_wh": _energy(Accumulation.BULK, FlowDirection.REVERSE),
    "import_delta_wh": _energy(
        Accumulation.DELTA, FlowDirection.FORWARD, macro_period=MacroPeriod.SPECIFIED
    ),
    "export_delta_wh": _energy(
        Accumulation.DELTA, FlowDirection.REVERSE, macro_period=MacroPeriod.SPECIFIED
    ),
    "reactive_var": _mean(MeasurementKind.POWER, Unit.VAR, flow=FlowDirection.NET),
    "voltage_a_mv": _mean(MeasurementKind.VOLTAGE, Unit.VOLT, phases=Phases.A),
    "voltage_b_mv": _mean(MeasurementKind.VOLTAGE, Unit.VOLT, phases=Phases.B),
    "voltage_c_mv": _mean(MeasurementKind.VOLTAGE, Unit.VOLT, phases=Phases.C),
    "state_of_charge_permille": ReadingType(
        accumulation=Accumulation.INDICATING,
        commodity=Commodity.ELECTRICITY_SECONDARY,
        kind=MeasurementKind.ENERGY,
    ),
    "power_factor_permille": _mean(MeasurementKind.POWER_FACTOR, Unit.COS_THETA),
}
"""What a DER tells, by the field of `Reading` that holds it (IEC 61968-9, annex C).

Averages and deltas are over the period that the message gives (macro period 32), so that a window
of any length has one type. Power is net: forward positive, reverse negative.

State of charge has no measurement kind of its own in the codes that are public: those of NAESB's
ESPI, which repeats annex C's. It is written as what it is, energy (12) that indicates a level which
rises and falls (6), has no direction (0) and no unit (0): the share of the full store, 0 to 1.
Energy in Wh (72) cannot be mistaken for it. This expression is this profile's.
"""
