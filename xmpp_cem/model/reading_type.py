"""ReadingType of IEC 61968-9: what a reading measures, as eighteen numbers."""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_serializer, model_validator

from xmpp_cem.model.value import Value

LARGEST_CODE = 32_767
"""The largest number at any of the eighteen places."""

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,4}")


class MacroPeriod(IntEnum):
    """Over which calendar period, or over which period that the message itself gives."""

    NONE = 0
    BILLING = 8
    DAILY = 11
    MONTHLY = 13
    SEASONAL = 22
    WEEKLY = 24
    SPECIFIED = 32


class Aggregate(IntEnum):
    """How the values of the period became one."""

    NONE = 0
    AVERAGE = 2
    EXCESS = 4
    HIGH_THRESHOLD = 5
    LOW_THRESHOLD = 7
    MAXIMUM = 8
    MINIMUM = 9
    NOMINAL = 11
    NORMAL = 12
    SECOND_MAXIMUM = 16
    SECOND_MINIMUM = 17
    SUM = 26


class MeasuringPeriod(IntEnum):
    """The length of what a meter measures at a time, without the block demands (50 to 77)."""

    NONE = 0
    MINUTES_10 = 1
    MINUTES_15 = 2
    MINUTE_1 = 3
    HOURS_24 = 4
    MINUTES_30 = 5
    MINUTES_5 = 6
    MINUTES_60 = 7
    MINUTES_2 = 10
    MINUTES_3 = 14
    PRESENT = 15
    PREVIOUS = 16
    MINUTES_20 = 31


class Accumulation(IntEnum):
    """How the value behaves over time."""

    NONE = 0
    BULK = 1
    CONTINUOUS_CUMULATIVE = 2
    CUMULATIVE = 3
    DELTA = 4
    INDICATING = 6
    SUMMATION = 9
    TIME_DELAY = 10
    INSTANTANEOUS = 12
    LATCHING = 13
    BOUNDED = 14


class FlowDirection(IntEnum):
    """Which way: forward is from the grid to the customer."""

    NONE = 0
    FORWARD = 1
    LAGGING = 2
    LEADING = 3
    NET = 4
    QUADRANT_1 = 15
    QUADRANT_2 = 16
    QUADRANT_3 = 17
    QUADRANT_4 = 18
    REVERSE = 19
    TOTAL = 20
    TOTAL_BY_PHASE = 21


class Commodity(IntEnum):
    """Of what: secondary metered is electricity as the customer's meter sees it."""

    NONE = 0
    ELECTRICITY_SECONDARY = 1
    ELECTRICITY_PRIMARY = 2
    COMMUNICATION = 3
    NATURAL_GAS = 7
    POTABLE_WATER = 9


class MeasurementKind(IntEnum):
    """The physical quantity; not the order of CIM's enumerations, which counts differently."""

    NONE = 0
    CURRENCY = 3
    CURRENT = 4
    DEMAND = 8
    ENERGY = 12
    FREQUENCY = 15
    POWER = 37
    POWER_FACTOR = 38
    SWITCH_POSITION = 43
    TARIFF_RATE = 45
    TEMPERATURE = 46
    VOLTAGE = 54
    VOLTAGE_ANGLE = 55
    BATTERY_VOLTAGE = 94
    ALARM = 118
    LOAD_SHED = 132


class Phases(IntEnum):
    """Which phases, as a mask; 0 where that has no meaning or all are meant."""

    NONE = 0
    C = 32
    B = 64
    A = 128
    ABC = 224


class Unit(IntEnum):
    """The unit of measure, without its power of ten."""

    NONE = 0
    AMPERE = 5
    DEGREE_CELSIUS = 23
    VOLT = 29
    HERTZ = 33
    WATT = 38
    VOLT_AMPERE = 61
    VAR = 63
    COS_THETA = 65
    VOLT_AMPERE_HOUR = 71
    WATT_HOUR = 72
    VAR_HOUR = 73
    MONEY = 80
    WATT_PER_SECOND = 81
    AMPERE_HOUR = 106
    STATUS = 109
    WATT_PER_VOLT_AMPERE = 153


def _named(codes: type[IntEnum]) -> Callable[[int], int]:
    names: Mapping[int, int] = {code.value: code for code in codes}
    return lambda number: names.get(number, number)


Number = Annotated[int, Field(ge=0, le=LARGEST_CODE)]


class ReadingType(Value):
    """What is measured, in the eighteen places of an mRID (IEC 61968-9, annex C).

    A known code is a member of its enumeration; an unknown one is kept as the number that it is.
    In JSON and in text it is the mRID.

    Args:
        macro_period, aggregate, measuring_period, accumulation: over which time, and how.
        flow: which way.
        commodity, kind: of what, and which quantity.
        interharmonic_numerator, interharmonic_denominator: of a harmonic.
        argument_numerator, argument_denominator: of a quantity that depends on another.
        tou, cpp, tier: of a tariff.
        phases: which phases.
        multiplier: power of ten of the unit, the only number that may be negative.
        unit: the unit of measure.
        currency: ISO 4217's number.
    """

    macro_period: Annotated[Number, AfterValidator(_named(MacroPeriod))] = 0
    aggregate: Annotated[Number, AfterValidator(_named(Aggregate))] = 0
    measuring_period: Annotated[Number, AfterValidator(_named(MeasuringPeriod))] = 0
    accumulation: Annotated[Number, AfterValidator(_named(Accumulation))] = 0
    flow: Annotated[Number, AfterValidator(_named(FlowDirection))] = 0
    commodity: Annotated[Number, AfterValidator(_named(Commodity))] = 0
    kind: Annotated[Number, AfterValidator(_named(MeasurementKind))] = 0
    interharmonic_numerator: Number = 0
    interharmonic_denominator: Number = 0
    argument_numerator: Number = 0
    argument_denominator: Number = 0
    tou: Number = 0
    cpp: Number = 0
    tier: Number = 0
    phases: Annotated[Number, AfterValidator(_named(Phases))] = 0
    multiplier: int = Field(default=0, ge=-LARGEST_CODE, le=LARGEST_CODE)
    unit: Annotated[Number, AfterValidator(_named(Unit))] = 0
    currency: Number = 0

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, data: Any) -> Any:
        return cls._numbers(data) if isinstance(data, str) else data

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an mRID.

        Raises:
            ValueError: saying why, when these are not eighteen numbers as `str` writes them.
        """
        return cls(**cls._numbers(text))

    @classmethod
    def _numbers(cls, text: str) -> dict[str, int]:
        parts = text.split(".")
        names = tuple(cls.model_fields)
        if len(parts) != len(names):
            raise ValueError(f"{len(names)} numbers with dots between are needed, not {len(parts)}")
        for name, part in zip(names, parts, strict=True):
            is_negative = part.startswith("-") and name != "multiplier"
            if is_negative or not _NUMBER.fullmatch(part) or abs(int(part)) > LARGEST_CODE:
                raise ValueError(f"{name}: a whole number up to {LARGEST_CODE} is needed")
        return {name: int(part) for name, part in zip(names, parts, strict=True)}

    @model_serializer
    def __str__(self) -> str:
        return ".".join(str(int(number)) for _, number in self)
