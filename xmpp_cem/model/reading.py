"""A meter reading: average power of a resource over a window, with what it rests upon."""

from enum import StrEnum

from pydantic import Field

from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.quantity import Energy, Power
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value


class Quality(StrEnum):
    """How good a reading is (quality codes of IEC 61968-9)."""

    VALID = "valid"
    ESTIMATED = "estimated"
    QUESTIONABLE = "questionable"


class Reading(Value):
    """Average power over a window; its key is resource, window and revision.

    Args:
        resource: whose.
        window: `[start, end)`, UTC.
        power_w: average signed power.
        import_wh, export_wh: register values at the window's end.
        quality: how good.
        revision: a correction has a higher one.
        expected, reporting: for a virtual resource, how many parts should and did contribute.
    """

    resource: ResourceId
    window: Interval
    power_w: Power
    import_wh: Energy | None = None
    export_wh: Energy | None = None
    quality: Quality = Quality.VALID
    revision: int = Field(default=0, ge=0, le=2**53)
    expected: int = Field(default=1, ge=0, le=2**31)
    reporting: int = Field(default=1, ge=0, le=2**31)
