from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from xmpp_cem.drivers.driver import Description, Driver, Reading
from xmpp_cem.drivers.physics import _EPOCH
from xmpp_cem.drivers.simulated import SimulatedDriver
from xmpp_cem.drivers.storage import Battery


def test_a_reading_cannot_be_changed():
    reading = Reading(1, 2, 3, 4, 5, None, overridden=False)
    with pytest.raises(FrozenInstanceError):
        reading.power_w = 7


def test_a_simulated_resource_is_a_driver(tmp_path: Path):
    battery = Battery(1000, 2000, 0.0, 100.0, 50.0, 1.0, 10.0)
    driver: Driver = SimulatedDriver(battery, lambda: _EPOCH)
    assert driver.describe() == Description("battery", 1000, 2000)
