from dataclasses import FrozenInstanceError

import pytest

from xmpp_cem.drivers.driver import Description, Driver, Reading, Reversion
from xmpp_cem.drivers.physics import _EPOCH
from xmpp_cem.drivers.simulated import SimulatedDriver
from xmpp_cem.drivers.storage import Battery
from xmpp_cem.model.limits import Limits


def test_a_reading_cannot_be_changed():
    reading = Reading(1, 2, 3, 4, 5, None, overridden=False)
    with pytest.raises(FrozenInstanceError):
        reading.power_w = 7


async def test_a_simulated_resource_is_a_driver():
    battery = Battery(1000, 2000, 0.0, 100.0, 50.0, 1.0, 10.0)
    driver: Driver = SimulatedDriver(battery, lambda: _EPOCH)
    described = await driver.describe()
    assert (described.limits.rated_import_w, described.limits.rated_export_w) == (1000, 2000)
    assert await driver.close() is None
    assert (await driver.read()).power_w == 0


def test_a_resource_reverts_when_it_has_a_timer():
    limits = Limits(rated_import_w=1, rated_export_w=0)
    assert not Description("ev", limits).reverts
    assert Description("ev", limits, Reversion(60, 20)).reverts
