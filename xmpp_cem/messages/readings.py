"""Meter readings."""

from typing import Literal

from pydantic import Field

from xmpp_cem.model.reading import Reading
from xmpp_cem.model.value import Value


class MeterReadings(Value):
    """Noun MeterReadings of IEC 61968-9: average power and registers by resource and window."""

    noun: Literal["MeterReadings"] = "MeterReadings"
    readings: tuple[Reading, ...] = Field(max_length=1000)
