"""The command `commission` on devices of three kinds of drivers, good, lying and interrupted."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xmpp_cem.config.drivers import usable_driver
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.signing import verified

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

DEVICE = Path(__file__).with_name("sunspec_device.py")
VEN = """role = "ven"
party = "site-1"
store = "site.sqlite"
[upper]
domain = "grid"
vtn = "grid@xmpp.localhost"
account = { jid = "ven-1@xmpp.localhost", password_file = "p", host = "127.0.0.1", port = 1 }
[failsafe]
import_w = 4000
export_w = 4000
[[resources]]
id = "device"
"""
SCRIPT = """
import json, sys, time
sign, timer = int(sys.argv[1]), float(sys.argv[2])
point, asked = None, 0.0
for line in sys.stdin:
    q, said = json.loads(line), {}
    if timer and point is not None and time.monotonic() - asked >= timer:
        point = None
    if q["do"] == "describe":
        said = {"kind": "heater", "rated_import_w": 6000, "rated_export_w": 6000,
                "reverts_after_s": 2}
    elif q["do"] == "read":
        power = 5000 if point is None else point
        said = {"power_w": sign * power, "increase_w": 1000, "decrease_w": 1000}
    elif q["do"] == "apply":
        point, asked = q["power_w"], time.monotonic()
    elif q["do"] == "release":
        point = None
    print(json.dumps({"id": q["id"], **said}), flush=True)
"""
PROGRAM = (sys.executable, "-c", "from xmpp_cem.cli.main import main; main()")


class Site:
    """A folder with the file of a VEN, and what the command makes of it."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "p").write_text("secret")
        (folder / "p").chmod(0o600)

    def start(self, resource, *options):
        (self.folder / "ven.toml").write_text(VEN + resource)
        command = (*PROGRAM, "commission", "ven.toml", "--settle", "4s", *options)
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def commission(self, resource, *options):
        """Return exit code and (of, what) to verdict, from the signed record."""
        child = self.start(resource, "--json", *options)
        out, err = child.communicate(timeout=90)
        assert child.returncode in {0, 1}, err
        kept = (self.folder / "site.sqlite.commission.json").read_bytes()
        assert kept == out.encode()
        record, _ = verified(kept)
        checks = {(c["of"], c["what"]): (c["verdict"], c["detail"]) for c in record["checks"]}
        return child.returncode, record, checks


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def script(folder, sign=1, timer=2.0):
    (folder / "device.py").write_text(SCRIPT)
    command = json.dumps([sys.executable, str(folder / "device.py"), str(sign), str(timer)])
    return f'driver = "script"\ncommand = {command}\n'


BATTERY = """
driver = "simulated"
kind = "battery"
rated_charge_w = 5000
rated_discharge_w = 5000
capacity_wh = 10000
"""
"""What it can do does not hang on the hour, as with a car."""


def test_a_simulated_battery_passes_without_a_network(site):
    code, record, checks = site.commission(BATTERY, "--offline")
    assert (code, record["result"], record["party"]) == (0, "passed", "site-1")
    assert checks["device", "step"][0] == "passed"
    assert checks["site", "failsafe"][0] == "passed"
    assert not any(of == "box" for of, _ in checks)


def test_without_a_network_the_devices_are_tried_all_the_same(site):
    code, _, checks = site.commission(BATTERY)
    assert code == 1
    assert checks["box", "TCP"][0] == "failed"
    assert checks["device", "step"][0] == "passed"
    command = (*PROGRAM, "commission", "ven.toml", "--status", "--json")
    told = subprocess.run(command, cwd=site.folder, capture_output=True, check=True)
    lasts = json.loads(told.stdout)["lasts"]
    assert lasts["TCP"]["success"] is None
    assert "127.0.0.1" in lasts["TCP"]["reason"]


def test_a_script_with_a_good_timer_passes(site):
    code, record, checks = site.commission(script(site.folder), "--offline")
    assert (code, record["result"]) == (0, "passed"), checks
    assert checks["device", "timer"][0] == "passed"


@pytest.mark.parametrize(
    ("sign", "timer", "what", "word"),
    [(-1, 2.0, "step", "wrong way round"), (1, 0, "timer", "leave it curtailed")],
)
def test_a_reversed_meter_and_a_timer_that_lies_are_found(site, sign, timer, what, word):
    code, record, checks = site.commission(script(site.folder, sign, timer), "--offline")
    assert (code, record["result"]) == (1, "failed")
    assert checks["device", what][0] == "failed"
    assert word in checks["device", what][1]


class Plant:
    """A SunSpec device in another process, and a second connection that only looks."""

    def __init__(self, *options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.child = subprocess.Popen([sys.executable, DEVICE, "pv-123", str(self.port), *options])
        self.resource = (
            f'driver = "sunspec"\nhost = "127.0.0.1"\nport = {self.port}\nkind = "pv-123"\n'
        )

    def stop(self):
        self.child.kill()
        self.child.wait()

    async def power_w(self):
        plugin = usable_driver("sunspec")
        given = {"host": "127.0.0.1", "port": self.port, "kind": "pv-123"}
        driver = plugin.build(plugin.settings.model_validate(given), SystemClock().now)
        try:
            return (await driver.read()).power_w
        finally:
            await driver.close()

    async def until(self, is_wanted):
        async with asyncio.timeout(30):
            while True:
                try:
                    if is_wanted(await self.power_w()):
                        return
                except Exception:  # noqa: BLE001 it has just been started
                    await asyncio.sleep(0.1)
                await asyncio.sleep(0.1)


@pytest.fixture
def plant():
    made = []

    def start(*options):
        made.append(Plant(*options))
        return made[-1]

    yield start
    for each in made:
        each.stop()


async def test_a_sunspec_inverter_passes_with_its_own_timer(site, plant):
    device = plant()
    await device.until(lambda power_w: power_w == -4000)
    resource = device.resource + "reverts_after_s = 3\n"
    code, record, checks = await asyncio.to_thread(site.commission, resource, "--offline")
    assert (code, record["result"]) == (0, "passed"), checks
    assert checks["device", "timer"][0] == "passed"
    assert await device.power_w() == -4000


async def test_ctrl_c_leaves_no_device_curtailed(site, plant):
    device = plant("untimed")
    await device.until(lambda power_w: power_w == -4000)
    child = site.start(device.resource, "--offline", "--step", "1kW")
    await device.until(lambda power_w: power_w > -4000)
    child.send_signal(signal.SIGINT)
    _, err = await asyncio.to_thread(child.communicate, timeout=30)
    assert child.returncode == 1
    assert "interrupted" in err
    assert await device.power_w() == -4000
    assert not (site.folder / "site.sqlite.commission.json").exists()


def test_an_agent_that_runs_tries_its_own_devices_and_goes_on(site):
    """Two of three devices, one of them through a driver that only one program can have."""
    free = VEN.split("[failsafe]", maxsplit=1)[0]
    one = f'[[resources]]\nid = "heater"\n{script(site.folder)}'
    two = f'[[resources]]\nid = "battery"\n{BATTERY}'
    other = f'[[resources]]\nid = "spare"\n{BATTERY}'
    (site.folder / "ven.toml").write_text(free + one + two + other)
    agent = subprocess.Popen(
        (*PROGRAM, "run", "ven.toml"),
        cwd=site.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        lines = iter(agent.stdout.readline, "")
        assert any("in service" in line and "heater" in line for line in lines)
        chosen = ("--resource", "heater", "--resource", "battery")
        command = (*PROGRAM, "commission", "ven.toml", "--offline", "--json", *chosen)
        told = subprocess.run(command, cwd=site.folder, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
        record, _ = verified(told.stdout.encode())
        checks = {(c["of"], c["what"]): c["verdict"] for c in record["checks"]}
        assert record["agent"] == "runs"
        assert record["tried"] == ["heater", "battery"]
        assert checks["heater", "step"] == checks["battery", "step"] == "passed"
        assert checks["heater", "timer"] == "passed"
        assert ("site", "failsafe") not in checks
        assert agent.poll() is None
    finally:
        agent.terminate()
        out, _ = agent.communicate(timeout=20)
    assert agent.returncode == 0, out
