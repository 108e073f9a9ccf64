import pytest
from pydantic import ValidationError

from xmpp_cem.messages.readings import MeterReadings


def test_a_message_holds_at_most_a_thousand_readings():
    reading = {
        "resource": "pv-1",
        "window": {"start": "2026-01-31T11:45:00Z", "end": "2026-01-31T12:00:00Z"},
        "power_w": 0,
    }
    MeterReadings.model_validate({"readings": [reading] * 1000})
    with pytest.raises(ValidationError):
        MeterReadings.model_validate({"readings": [reading] * 1001})
