import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from xmpp_cem.drivers.script.driver import ScriptDriver
from xmpp_cem.errors import DriverError
from xmpp_cem.testing.clock import START

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "charger.py"

SCRIPT = """
import json, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    said = {"id": asked["id"]}
    what = asked["do"]
"""


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def advance(self, seconds: float):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def start(tmp_path, clock):
    """Return the driver of a script with this body."""
    drivers = []

    def started(body: str, *, is_whole: bool = False) -> ScriptDriver:
        path = tmp_path / "script.py"
        path.write_text(body if is_whole else SCRIPT + body + "    print(json.dumps(said))\n")
        drivers.append(ScriptDriver((sys.executable, "-u", str(path)), tmp_path, clock))
        return drivers[-1]

    yield started
    for driver in drivers:
        await driver.close()


async def test_the_example_is_described_told_read_and_released(clock):
    driver = ScriptDriver((sys.executable, str(EXAMPLE)), EXAMPLE.parent, clock)
    described = await driver.describe()
    assert (described.kind, described.limits.feasible(4000)) == ("ev", 0)
    assert (described.reversion.after_s, described.reversion.refresh_s) == (120, 40)
    await driver.apply(6000)
    assert (await driver.read()).power_w == 6000
    await driver.release()
    assert (await driver.read()).power_w == 11_000
    await driver.close()


async def test_what_a_script_says_of_its_failure_is_told(start):
    with pytest.raises(DriverError, match=r"the script says: no route to device"):
        await start("    said['error'] = 'no route to device'\n").read()


async def test_the_answer_to_a_question_given_up_is_not_taken_for_the_next(start):
    driver = start(
        "    if what == 'apply': time.sleep(0.3)\n"
        "    said |= {'power_w': 1, 'increase_w': 0, 'decrease_w': 0}\n"
    )
    await driver.release()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await driver.apply(5)
    assert (await driver.read()).power_w == 1


async def test_a_script_that_dies_is_started_again_after_longer_and_longer_rests(start, clock):
    driver = start("    sys.exit(3)\n")
    deaths = []
    for second in range(190):
        with pytest.raises(DriverError) as caught:
            await driver.read()
        if "ended with code 3" in str(caught.value):
            deaths.append(second)
        clock.advance(1)
    assert deaths == [0, 3, 8, 17, 34, 67, 128, 189]


async def test_a_script_that_lived_long_is_started_again_soon(start, clock):
    driver = start("    if what == 'apply': sys.exit(0)\n")
    for _ in range(3):
        await driver.release()
        clock.advance(61)
        with pytest.raises(DriverError, match="ended with code 0"):
            await driver.apply(1)
        with pytest.raises(DriverError, match="started again in 2 s"):
            await driver.release()
        clock.advance(2)
    await driver.release()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("print('hello')\n", "no JSON"),
        ("print('x' * 100000)\n", "longer than"),
        ("print('[]')\n", "answers no id"),
    ],
)
async def test_a_script_that_talks_nonsense_is_ended(start, body, why):
    driver = start(body + "import time\ntime.sleep(600)\n", is_whole=True)
    with pytest.raises(DriverError, match=why):
        await driver.read()


async def test_a_program_that_is_not_there_is_a_failure_of_the_device(tmp_path, clock):
    driver = ScriptDriver(("/no/such/program",), tmp_path, clock)
    with pytest.raises(DriverError, match="cannot be started"):
        await driver.read()


@pytest.mark.slow
async def test_a_script_that_does_not_end_is_ended(start):
    driver = start("import signal, time\nwhile True: time.sleep(1)\n", is_whole=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await driver.read()
    await driver.close()


async def test_an_answer_before_the_end_still_counts(start):
    body = "    said['error'] = 'last words'\n    print(json.dumps(said)); sys.exit(0)\n"
    for _ in range(20):
        driver = start(body)
        with pytest.raises(DriverError, match="last words"):
            await driver.read()


async def test_complaints_of_a_script_are_logged(start):
    driver = start("    print('low voltage', file=sys.stderr)\n    time.sleep(0.1)\n")
    with capture_logs() as logs:
        await driver.release()
        await driver.close()
    assert [entry["text"] for entry in logs] == ["low voltage"]
