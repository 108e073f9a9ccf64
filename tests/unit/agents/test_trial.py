import asyncio
from datetime import timedelta

import pytest

from xmpp_cem.agents.trial import Limits, Trial, Verdict
from xmpp_cem.drivers.driver import Description, Reading, Reversion
from xmpp_cem.model import limits
from xmpp_cem.testing.clock import ManualClock


class Device:
    """A heater of 5 kW whose faults a test sets."""

    def __init__(self, clock, reverts_s=None):
        self.clock = clock
        self.reverts_s = reverts_s
        self.set_point = None
        self.asked_at = clock.now()
        self.calls = []
        self.sign = 1
        self.obeys = True
        self.is_dead = False
        self.runs_timer_s = reverts_s
        self.fails = set()
        self.hangs = set()
        self.is_overridden = False
        self.able_w = 5000

    async def _call(self, name):
        self.calls.append(name)
        if name in self.hangs:
            await asyncio.Event().wait()
        if name in self.fails:
            raise OSError("no line")

    async def describe(self):
        await self._call("describe")
        rated = limits.Limits(rated_import_w=5000, rated_export_w=5000)
        reversion = Reversion(self.reverts_s, self.reverts_s / 3) if self.reverts_s else None
        return Description("heater", rated, reversion)

    async def apply(self, power_w):
        await self._call("apply")
        if self.obeys:
            self.set_point, self.asked_at = power_w, self.clock.now()

    @property
    def power_w(self):
        timer = self.runs_timer_s
        if timer and self.clock.now() - self.asked_at >= timedelta(seconds=timer):
            self.set_point = None
        return 3000 if self.set_point is None else self.set_point

    async def read(self):
        await self._call("read")
        power_w = 3000 if self.is_dead else self.power_w
        return Reading(
            power_w=self.sign * power_w,
            increase_w=min(self.able_w, 2000),
            decrease_w=min(self.able_w, 2000),
            import_wh=None,
            export_wh=None,
            stored_wh=None,
            overridden=self.is_overridden,
        )

    async def release(self):
        await self._call("release")
        self.set_point = None

    async def close(self):
        await self._call("close")


class Bench:
    def __init__(self, reverts_s=None):
        self.clock = ManualClock()
        self.device = Device(self.clock, reverts_s)
        self.checks = {}

    def note(self, check):
        self.checks[check.what] = check

    async def run(self, **limits):
        usual = {"step_w": 500, "settle_s": 5, "reversion_s": 120, "call_s": 0.05}
        trial = Trial("r", self.device, self.clock, Limits(**usual | limits), self.note)
        running = asyncio.ensure_future(trial.run())
        while not running.done():
            await self.clock.advance(timedelta(seconds=0.5))
        await running
        return {what: check.verdict.value for what, check in self.checks.items()}


PASSED = {"driver": "passed", "step": "passed", "timer": "skipped", "release": "passed"}


async def test_a_device_that_follows_and_shows_it_passes_and_is_released():
    bench = Bench()
    assert await bench.run() == PASSED
    assert bench.device.set_point is None
    assert "asked for -500 W, the meter moved by -500 W" in bench.checks["step"].detail


async def test_a_meter_connected_the_wrong_way_round_is_found():
    bench = Bench()
    bench.device.sign = -1
    assert (await bench.run())["step"] == "failed"
    assert "wrong way round" in bench.checks["step"].detail
    assert bench.device.set_point is None


async def test_a_meter_that_shows_what_cannot_be_is_found_before_anything_is_moved():
    bench = Bench()

    async def describe():
        rated = limits.Limits(rated_import_w=5000, rated_export_w=0)
        return Description("heater", rated)

    bench.device.sign, bench.device.describe = -1, describe
    assert (await bench.run())["meter"] == "failed"
    assert "apply" not in bench.device.calls


@pytest.mark.parametrize("fault", ["is_dead", "obeys"])
async def test_a_dead_meter_and_a_driver_that_lies_are_found(fault):
    bench = Bench()
    setattr(bench.device, fault, fault == "is_dead")
    assert (await bench.run())["step"] == "failed"
    assert "dead" in bench.checks["step"].detail


@pytest.mark.parametrize("call", ["describe", "read", "apply"])
@pytest.mark.parametrize("way", ["fails", "hangs"])
async def test_a_driver_that_fails_or_hangs_ends_the_trial_and_is_released(call, way):
    bench = Bench()
    getattr(bench.device, way).add(call)
    verdicts = await bench.run()
    assert "failed" in verdicts.values()
    assert bench.device.calls[-1] == "release"


async def test_a_device_lets_go_by_its_own_timer():
    bench = Bench(reverts_s=30)
    assert await bench.run() == PASSED | {"timer": "passed"}
    assert "after 30 s" in bench.checks["timer"].detail


@pytest.mark.parametrize(("runs_s", "word"), [(None, "leave it curtailed"), (5, "instead of 30 s")])
async def test_a_timer_that_does_not_run_as_it_says_is_found(runs_s, word):
    bench = Bench(reverts_s=30)
    bench.device.runs_timer_s = runs_s
    assert (await bench.run())["timer"] == "failed"
    assert word in bench.checks["timer"].detail
    assert bench.device.set_point is None


async def test_a_timer_that_is_too_long_is_not_waited_for():
    bench = Bench(reverts_s=600)
    assert (await bench.run())["timer"] == "skipped"


@pytest.mark.parametrize(("field", "value"), [("is_overridden", True), ("able_w", 0)])
async def test_what_cannot_be_moved_now_is_skipped_and_proves_nothing(field, value):
    bench = Bench()
    setattr(bench.device, field, value)
    assert (await bench.run())["step"] == "skipped"
    assert "apply" not in bench.device.calls


async def test_a_device_that_cannot_be_released_is_told_loudly():
    bench = Bench()
    bench.device.fails.add("release")
    assert (await bench.run())["release"] == "failed"
    assert bench.device.calls.count("release") == 3
    assert "switch it off" in bench.checks["release"].detail


async def test_an_interrupted_trial_releases_the_device_however_often_it_is_interrupted():
    bench = Bench()
    bench.device.is_dead = True
    trial = Trial("r", bench.device, bench.clock, Limits(), bench.note)
    running = asyncio.ensure_future(trial.run())
    while "apply" not in bench.device.calls:
        await bench.clock.advance(timedelta(seconds=0.5))
    for _ in range(3):
        running.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.device.set_point is None
    assert bench.checks["release"].verdict is Verdict.PASSED


async def test_a_slow_device_is_told_again_before_its_timer_ends():
    bench = Bench(reverts_s=6)
    bench.device.is_dead = True
    assert (await bench.run(settle_s=10))["step"] == "failed"
    assert bench.device.calls.count("apply") == 5
