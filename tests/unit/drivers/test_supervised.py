import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from xmpp_cem.drivers.driver import Description, Reading, Reversion
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.model.limits import Limits
from xmpp_cem.testing.clock import ManualClock

LIMITS = Limits(rated_import_w=10_000, rated_export_w=0, least_import_w=1000)
GOOD = Reading(2000, 3000, 1000, 500, 40, None, overridden=False)


class Device:
    """A device that does what a test says, and notes what it is asked."""

    def __init__(self):
        self.description = Description("device", LIMITS)
        self.reading = GOOD
        self.error = None
        self.hangs = False
        self.is_deaf = False
        self.asked = []
        self.running = 0

    async def _ask(self, what):
        self.asked.append(what)
        self.running += 1
        assert self.running == 1, "two calls at once"
        try:
            if self.hangs:
                await self._hang()
            if self.error:
                raise self.error
        finally:
            self.running -= 1

    async def _hang(self):
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                if not self.is_deaf:
                    raise

    async def describe(self):
        await self._ask("describe")
        return self.description

    async def apply(self, power_w):
        await self._ask(power_w)

    async def release(self):
        await self._ask("release")

    async def read(self):
        await self._ask("read")
        return self.reading

    async def close(self):
        await self._ask("close")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def resource(clock, device):
    return Supervised("r", device, clock, Patience())


async def look(clock, resource, seconds=0.0):
    """Look once a second for so long, and return what was seen last."""
    for _ in range(int(seconds)):
        await look(clock, resource)
        await clock.advance(timedelta(seconds=1))
    task = asyncio.create_task(resource.look())
    await clock.settle()
    if not task.done():
        await clock.advance(timedelta(seconds=0.3))
    return await task


async def faults(clock, resource, seconds):
    """Return at which seconds the resource was out of service, looking once a second."""
    out = []
    for second in range(seconds):
        if (await look(clock, resource)).fault:
            out.append(second)
        await clock.advance(timedelta(seconds=1))
    return out


async def test_a_driver_that_answers_is_in_service(clock, resource):
    state = await look(clock, resource)
    assert (state.fault, state.reading, state.description.kind) == ("", GOOD, "device")


async def test_a_resource_starts_released(clock, resource, device):
    await look(clock, resource, 3)
    assert device.asked == ["describe", "release", "read", "read", "read", "read"]


async def test_a_set_point_stays_inside_what_the_physics_allow(clock, resource, device):
    for wanted in (20_000, 500, -7):
        resource.want(wanted)
        await look(clock, resource)
    assert [w for w in device.asked if isinstance(w, int)] == [10_000, 0]


async def test_a_driver_that_raises_for_a_moment_changes_nothing(clock, resource, device):
    await look(clock, resource)
    device.error = OSError("line is busy")
    assert (await look(clock, resource, 2)).fault == ""
    device.error = None
    assert await faults(clock, resource, 10) == []


async def test_a_driver_that_raises_for_long_is_out_until_it_answers(clock, resource, device):
    await look(clock, resource)
    device.error = OSError("no route")
    state = await look(clock, resource, 6)
    assert (state.fault, state.reading) == ("OSError: no route", GOOD)
    device.error = None
    assert (await look(clock, resource, 5)).fault == ""


async def test_a_failing_driver_is_left_alone_for_longer_and_longer(clock, resource, device):
    device.error = OSError("no route")
    tries = []
    for second in range(200):
        before = len(device.asked)
        await look(clock, resource)
        if len(device.asked) > before:
            tries.append(second)
        await clock.advance(timedelta(seconds=1))
    assert tries == [0, 1, 3, 7, 15, 31, 63, 123, 183]


async def test_a_driver_that_hangs_stops_nobody_and_is_asked_again(clock, resource, device):
    await look(clock, resource)
    device.hangs = True
    assert (await look(clock, resource, 6)).fault == "no answer within 5 s"
    device.hangs = False
    assert (await look(clock, resource, 8)).fault == ""


async def test_a_call_that_ignores_its_cancellation_keeps_its_place(clock, resource, device):
    await look(clock, resource)
    device.hangs = device.is_deaf = True
    await look(clock, resource, 30)
    assert device.running == 1
    device.is_deaf = False
    assert (await look(clock, resource)).fault
    device.hangs = False
    assert (await look(clock, resource, 70)).fault == ""


async def test_a_driver_that_lies_is_out_until_it_tells_the_truth(clock, resource, device):
    await look(clock, resource)
    device.reading = replace(GOOD, power_w=90_000)
    state = await look(clock, resource, 6)
    assert state.fault == "implausible: power of 90000 W is beyond the ratings"
    assert state.reading == GOOD
    device.reading = GOOD
    assert (await look(clock, resource)).fault == ""


async def test_a_register_that_starts_anew_costs_one_reading(clock, resource, device):
    await look(clock, resource)
    device.reading = replace(GOOD, import_wh=0)
    assert (await look(clock, resource)).reading == GOOD
    assert (await look(clock, resource)).reading.import_wh == 0


async def test_a_register_of_nonsense_is_forgotten(clock, resource, device):
    await look(clock, resource)
    for nonsense in ("many", 1.5, -7):
        device.reading = replace(GOOD, import_wh=nonsense)
        assert (await look(clock, resource)).reading == GOOD
    device.reading = replace(GOOD, import_wh=501)
    assert (await look(clock, resource)).reading.import_wh == 501


async def test_a_resource_that_does_not_follow_is_out_though_it_answers(clock, resource, device):
    device.reading = replace(GOOD, decrease_w=2000)
    resource.want(0)
    assert (await look(clock, resource, 60)).fault == ""
    state = await look(clock, resource, 2)
    assert state.fault == "does not follow: 2000 W instead of 0 W"


@pytest.mark.parametrize("wrong", [None, 3, "a battery"])
async def test_what_is_no_description_or_reading_is_a_failure(clock, resource, device, wrong):
    device.reading = wrong
    assert "is no reading" in (await look(clock, resource)).fault
    device.description = wrong
    await clock.advance(timedelta(seconds=5))
    assert "is no description" in (await look(clock, resource)).fault


async def test_after_a_fault_a_device_is_told_anew(clock, resource, device):
    resource.want(3000)
    await look(clock, resource)
    device.error = OSError("restarting")
    await look(clock, resource)
    device.error = None
    device.asked.clear()
    await clock.advance(timedelta(seconds=2))
    await look(clock, resource)
    assert device.asked == ["describe", 3000, "read"]


async def writes(clock, resource, device, wanted):
    device.asked.clear()
    for power_w in wanted:
        resource.want(power_w)
        await look(clock, resource)
        await clock.advance(timedelta(seconds=1))
    return [w for w in device.asked if w not in ("describe", "read")]


async def test_a_reversion_timer_is_armed_again_before_it_ends(clock, resource, device):
    device.description = Description("device", LIMITS, Reversion(30, 10))
    assert await writes(clock, resource, device, [3000] * 31) == [3000] * 4
    assert await writes(clock, resource, device, [4000, None, None]) == [4000, "release"]


async def test_a_device_that_keeps_set_points_is_told_them_now_and_then(clock, resource, device):
    assert await writes(clock, resource, device, [3000] * 61) == [3000] * 3


async def test_flash_is_not_worn(clock, resource, device):
    device.description = Description("device", LIMITS, is_volatile=False)
    wanted = [3000 + second for second in range(119)]
    assert await writes(clock, resource, device, wanted) == [3000, 3060]
    assert await writes(clock, resource, device, [None, None]) == ["release"]


async def test_flash_with_a_timer_is_written_at_its_pace_alone(clock, resource, device):
    device.description = Description("device", LIMITS, Reversion(900, 300), is_volatile=False)
    assert len(await writes(clock, resource, device, [3000, 4000] * 310)) == 3


@pytest.mark.parametrize(
    ("reversion", "asked"), [(None, ["release", "close"]), (Reversion(60, 20), ["close"])]
)
async def test_what_does_not_revert_is_released_at_the_end(
    clock, resource, device, reversion, asked
):
    device.description = Description("device", LIMITS, reversion)
    resource.want(3000)
    await look(clock, resource)
    device.asked.clear()
    await resource.close()
    assert device.asked == asked


async def test_changes_of_service_are_logged_once(clock, resource, device):
    with capture_logs() as logs:
        await look(clock, resource, 3)
        device.error = OSError("no route")
        await look(clock, resource, 20)
        device.error = None
        await look(clock, resource, 40)
    said = [(entry["event"], entry["log_level"]) for entry in logs]
    assert said == [
        ("resource in service", "info"),
        ("resource out of service", "warning"),
        ("resource in service", "info"),
    ]
    assert logs[1]["why"] == "OSError: no route"
