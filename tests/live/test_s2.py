"""The driver `s2` as the CEM of s2-python's own resource managers, in other processes."""

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from xmpp_cem.config.drivers import usable_driver
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.errors import DriverError
from xmpp_cem.runtime.clock import SystemClock

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

MANAGER = Path(__file__).with_name("resource_manager.py")


def launch(kind, driver, *token, scheme="ws"):
    url = f"{scheme}://127.0.0.1:{driver.listener.port}"
    return subprocess.Popen([sys.executable, MANAGER, kind, url, *token])


async def listening(**settings):
    plugin = usable_driver("s2")
    given = {"kind": "device", "port": 0} | settings
    driver = plugin.build(plugin.settings.model_validate(given), SystemClock().now)
    with pytest.raises(DriverError, match="no resource manager is connected"):
        await driver.describe()
    return driver


@pytest.fixture
async def start():
    """Return what starts a driver and a resource manager, and waits until they know each other."""
    children, drivers = [], []

    async def started(kind, **settings):
        driver = await listening(**settings)
        drivers.append(driver)
        children.append(launch(kind, driver))
        await told(driver.read)
        return driver, children[-1]

    started.drivers, started.children = drivers, children
    yield started
    for driver in drivers:
        await driver.close()
    for child in children:
        child.kill()
        child.wait()


async def told(ask):
    """Ask until the resource manager has told enough for an answer."""
    async with asyncio.timeout(15):
        while True:
            with contextlib.suppress(DriverError):
                return await ask()
            await asyncio.sleep(0.05)


async def eventually(driver, power_w, seconds=5):
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while (await driver.read()).power_w != power_w:  # noqa: ASYNC110 messages come by themselves
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time() - began


async def test_a_charger_takes_power_envelopes(start):
    driver, _ = await start("ev")
    described = await driver.describe()
    assert (described.limits.rated_import_w, described.limits.rated_export_w) == (11_040, 0)
    assert (described.reversion.after_s, described.reversion.refresh_s) == (60, 20)
    reading = await driver.read()
    assert (reading.power_w, reading.increase_w, reading.decrease_w) == (11_000, 0, 11_000)
    assert (reading.import_wh, reading.export_wh) == (None, None)
    for asked_w, made_w in ((6000, 6000), (3000, 0), (4140, 4140)):
        await driver.apply(asked_w)
        await eventually(driver, made_w)
    await driver.release()
    await eventually(driver, 11_000)


async def test_an_envelope_ends_by_itself_when_the_ven_is_silent(start):
    driver, _ = await start("ev", reverts_after_s=3)
    await driver.apply(5000)
    await eventually(driver, 5000)
    assert 2 < await eventually(driver, 11_000) < 4


async def test_a_battery_takes_operation_modes_and_goes_back_to_its_own_plan(start):
    driver, _ = await start("battery")
    described = await driver.describe()
    assert (described.limits.rated_import_w, described.limits.rated_export_w) == (5000, 5000)
    assert not described.reverts
    reading = await driver.read()
    assert (reading.power_w, reading.increase_w, reading.decrease_w) == (0, 5000, 5000)
    assert reading.charge_permille == 400
    for power_w in (3000, -2500):
        await driver.apply(power_w)
        await eventually(driver, power_w)
    await driver.release()
    await eventually(driver, 500)
    await driver.apply(1000)
    await eventually(driver, 1000)


async def test_a_resource_manager_that_disappears_and_another_that_comes(start):
    driver, child = await start("ev")
    resource = Supervised("charger", driver, SystemClock(), Patience())
    assert (await resource.look()).fault == ""
    child.kill()
    child.wait()
    async with asyncio.timeout(20):
        while "no resource manager" not in (await resource.look()).fault:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        start.children.append(launch("ev", driver))
        while (await resource.look()).fault:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_a_resource_manager_that_can_do_nothing_of_ours_is_refused(start):
    driver = await listening()
    start.drivers.append(driver)
    start.children.append(launch("odd", driver))
    async with asyncio.timeout(15):
        while True:
            with pytest.raises(DriverError) as caught:
                await driver.read()
            if "offers neither PEBC nor FRBC" in str(caught.value):
                return
            await asyncio.sleep(0.05)


async def test_only_who_has_the_token_is_let_in(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("sesame\n")
    driver = await listening(token_file=token)
    start.drivers.append(driver)
    stranger = launch("ev", driver, "open")
    start.children.append(stranger)
    assert await asyncio.to_thread(stranger.wait, 15) != 0
    start.children.append(launch("ev", driver, "sesame"))
    assert (await told(driver.read)).power_w == 11_000


@pytest.mark.parametrize(
    "said",
    ["no json", "[]", json.dumps({"message_type": "Handshake"}), json.dumps({"x": 1}), "{" * 5000],
)
async def test_whoever_talks_nonsense_harms_nobody(start, said):
    driver = await listening()
    start.drivers.append(driver)
    async with connect(f"ws://127.0.0.1:{driver.listener.port}") as socket:
        await socket.send(said)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                async for _ in socket:
                    pass
    start.children.append(launch("ev", driver))
    assert (await told(driver.read)).power_w == 11_000
