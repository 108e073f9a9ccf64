"""A VEN that is killed while it curtails leaves no device curtailed: each reverts by its own timer.

The VEN curtails because it has no VTN: it is the failsafe, which needs no server.
"""

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from tests.live.timed_charger import FREE_W, power_of
from xmpp_cem.config.drivers import usable_driver
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.testing.toml import toml

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

HERE = Path(__file__).parent
LIMIT_W = 1000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def ven(tmp_path):
    """Start a VEN with one resource and a failsafe, whose server does not exist."""
    running = []

    def start(**resource):
        (tmp_path / "password").write_text("secret")
        (tmp_path / "password").chmod(0o600)
        trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
        account = {
            "jid": "site@xmpp.localhost",
            "password_file": str(tmp_path / "password"),
            "host": "127.0.0.1",
            "port": free_port(),
            "ca_file": str(tmp_path / "ca.pem"),
        }
        made = {
            "role": "ven",
            "party": "site",
            "store": str(tmp_path / "site.sqlite"),
            "upper": {"domain": "grid", "vtn": "vtn@xmpp.localhost", "account": account},
            "failsafe": {"import_w": LIMIT_W, "export_w": LIMIT_W},
            "resources": [{"id": "r"} | resource],
        }
        path = tmp_path / "site.toml"
        path.write_text(toml(made))
        with (tmp_path / "site.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "xmpp_cem", "run", path], stdout=log, stderr=log
            )
        running.append(child)
        return child

    yield start
    for child in running:
        child.kill()
        child.wait()


def launch(port):
    return subprocess.Popen([sys.executable, HERE / "sunspec_device.py", "pv-704", str(port)])


async def until(power, wanted_w, seconds=20):
    """Wait until a device has a power; return after how many seconds."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while await power() != wanted_w:  # noqa: ASYNC110 a device calls nobody
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time() - began


async def test_a_killed_ven_leaves_a_script_s_device_to_its_timer(ven, tmp_path):
    file = tmp_path / "device.json"

    async def power():
        return power_of(file)

    script = str(HERE / "timed_charger.py")
    child = ven(driver="script", command=[sys.executable, script, str(file)])
    await until(power, LIMIT_W)
    await asyncio.sleep(3)
    assert await power() == LIMIT_W
    child.send_signal(signal.SIGKILL)
    assert await until(power, FREE_W) < 4


async def test_a_killed_ven_leaves_a_sunspec_inverter_to_its_timer(ven):
    port = free_port()
    device = launch(port)
    plugin = usable_driver("sunspec")
    given = {"host": "127.0.0.1", "port": port, "kind": "pv", "reverts_after_s": 3}
    looking = plugin.build(plugin.settings.model_validate(given), SystemClock().now)

    async def power():
        try:
            return (await looking.read()).power_w
        except Exception:  # noqa: BLE001 the device is still starting
            return None

    try:
        child = ven(driver="sunspec", **given)
        await until(power, -LIMIT_W)
        await asyncio.sleep(4)
        assert await power() == -LIMIT_W
        child.send_signal(signal.SIGKILL)
        assert await until(power, -4000) < 5
    finally:
        await looking.close()
        device.kill()
        device.wait()
