"""The driver `sunspec` against pymodbus's server in another process; its timers really run."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xmpp_cem.config.drivers import usable_driver
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.errors import DriverError
from xmpp_cem.runtime.clock import SystemClock

pytestmark = pytest.mark.live

DEVICE = Path(__file__).with_name("sunspec_device.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(*arguments):
    return subprocess.Popen([sys.executable, DEVICE, *arguments])


async def listening(port):
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return


@pytest.fixture
async def start():
    """Return what starts a device and the driver for it."""
    children, drivers = [], []

    async def started(kind, *options, port=None, **settings):
        port = port or free_port()
        children.append(launch(kind, str(port), *options))
        await listening(port)
        plugin = usable_driver("sunspec")
        given = {"host": "127.0.0.1", "port": port, "kind": kind} | settings
        driver = plugin.build(plugin.settings.model_validate(given), SystemClock().now)
        drivers.append(driver)
        return driver, children[-1], port

    yield started
    for driver in drivers:
        await driver.close()
    for child in children:
        child.kill()
        child.wait()


async def power_of(driver):
    return (await driver.read()).power_w


async def eventually(driver, power_w, seconds):
    """Read until the power is that; return after how many seconds, rounded."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while await power_of(driver) != power_w:  # noqa: ASYNC110 a device calls nobody
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time() - began


async def test_an_older_inverter_is_found_read_limited_and_released(start):
    driver, _, _ = await start("pv-123")
    described = await driver.describe()
    limits = described.limits
    assert (described.kind, limits.rated_import_w, limits.rated_export_w) == ("pv-123", 0, 5000)
    assert (described.reversion.after_s, described.reversion.refresh_s) == (60, 20)
    reading = await driver.read()
    assert (reading.power_w, reading.increase_w, reading.decrease_w) == (-4000, 4000, 0)
    assert (reading.import_wh, reading.export_wh, reading.stored_wh) == (None, 5000, None)
    await driver.apply(-2500)
    assert await power_of(driver) == -2500
    await driver.apply(0)
    assert await power_of(driver) == 0
    await driver.release()
    assert await power_of(driver) == -4000


async def test_a_newer_inverter_is_limited_by_model_704(start):
    driver, _, _ = await start("pv-704")
    assert (await driver.describe()).limits.rated_export_w == 5000
    assert (await driver.read()).export_wh == 7000
    await driver.apply(-2500)
    assert await power_of(driver) == -2500
    await driver.release()
    assert await power_of(driver) == -4000


async def test_a_battery_charges_and_discharges(start):
    driver, _, _ = await start("battery-704")
    limits = (await driver.describe()).limits
    assert (limits.rated_import_w, limits.rated_export_w) == (4000, 5000)
    reading = await driver.read()
    assert (reading.power_w, reading.increase_w, reading.decrease_w) == (0, 4000, 5000)
    assert (reading.import_wh, reading.export_wh) == (3000, 7000)
    assert (reading.stored_wh, reading.charge_permille) == (5000, 500)
    for power_w in (3000, -4500):
        await driver.apply(power_w)
        assert await power_of(driver) == power_w
    await driver.release()
    assert await power_of(driver) == 0


@pytest.mark.parametrize(
    ("kind", "asked_w", "free_w"),
    [("pv-123", -1000, -4000), ("pv-704", -1000, -4000), ("battery-704", 3000, 0)],
)
async def test_the_device_reverts_by_its_own_timer_when_nobody_speaks(start, kind, asked_w, free_w):
    driver, _, _ = await start(kind, reverts_after_s=3)
    await driver.apply(asked_w)
    await asyncio.sleep(2)
    assert await power_of(driver) == asked_w
    await driver.apply(asked_w)
    assert 2.5 < await eventually(driver, free_w, 6) < 4


async def test_a_device_without_a_timer_says_so(start):
    driver, _, _ = await start("pv-123", "untimed")
    assert not (await driver.describe()).reverts
    await driver.apply(-1000)
    assert await power_of(driver) == -1000


async def test_a_device_that_dies_and_comes_back_is_told_its_set_point_again(start):
    driver, child, port = await start("battery-704")
    resource = Supervised("battery", driver, SystemClock(), Patience())
    resource.want(2000)
    assert (await resource.look()).fault == ""
    assert (await resource.look()).reading.power_w == 2000
    child.kill()
    child.wait()
    await resource.look()
    probe, _, _ = await start("battery-704", port=port)
    assert await power_of(probe) == 0
    async with asyncio.timeout(10):
        while await power_of(probe) != 2000:
            await resource.look()
            await asyncio.sleep(0.2)
    await resource.close()


async def test_what_is_no_sunspec_device_is_refused(start):
    driver, _, _ = await start("pv-123", base=40_000)
    with pytest.raises(DriverError, match="no SunSpec marker at 40000"):
        await driver.describe()


async def test_an_absent_device_is_refused():
    plugin = usable_driver("sunspec")
    settings = plugin.settings.model_validate({"host": "127.0.0.1", "port": free_port()})
    driver = plugin.build(settings, SystemClock().now)
    with pytest.raises(DriverError, match="no Modbus connection"):
        await driver.read()
    await driver.close()
