"""Meter readings, and the query for them."""

from typing import Literal

from pydantic import Field

from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.reading_type import ReadingType
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value


class MeterReadings(Value):
    """Noun MeterReadings of IEC 61968-9: what is known of each resource and window."""

    noun: Literal["MeterReadings"] = "MeterReadings"
    readings: tuple[Reading, ...] = Field(max_length=1000)


class GetMeterReadings(Value):
    """What a request for readings selects (IEC 61968-9, GetMeterReadings).

    Args:
        devices: whose, all of them when empty.
        types: which quantities, all of them when empty.
        interval: of which time, all that is kept when None.
    """

    devices: tuple[ResourceId, ...] = Field(default=(), max_length=100)
    types: tuple[ReadingType, ...] = Field(default=(), max_length=100)
    interval: Interval | None = None
