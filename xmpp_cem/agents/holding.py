"""Tries failsafe on the real devices: the site's own core without any VTN must hold its limit."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.agents.trial import Check, Limits, Trial, Verdict, uninterrupted
from xmpp_cem.core.effects import Actuate, Effect, ReadDevices, SetTimer
from xmpp_cem.core.inputs import Input, Measured, Started, TimerFired
from xmpp_cem.core.ven.site.site import Site, SiteSettings
from xmpp_cem.drivers.driver import Description, Driver, Reading
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.model.control import Sample
from xmpp_cem.runtime.ports import Application, Clock

_HOLDS_S = 3.0
_OF = "site"

NONE_CONFIGURED = Check(
    "failsafe",
    _OF,
    Verdict.SKIPPED,
    "none is configured: without a VTN nothing is held",
)


class Alone:
    """A site that has just been started and has no VTN: the same core as the agent's.

    Args:
        settings: with the failsafe limit to try.
        program: reaches the devices.
        clock: tells the time and waits for it.
    """

    def __init__(self, settings: SiteSettings, program: Application, clock: Clock) -> None:
        self._site = Site(settings)
        self._program = program
        self._clock = clock
        self._timers: dict[str, datetime] = {}
        self.samples: tuple[Sample, ...] = ()

    @property
    def power_w(self) -> int | None:
        """What all devices together take, W; None as long as one of them is not read."""
        if not self.samples or any(sample.is_faulty for sample in self.samples):
            return None
        return sum(sample.power_w for sample in self.samples)

    async def start(self) -> None:
        """Begin as after a start of the machine."""
        await self._handle(Started())

    async def go_on(self) -> None:
        """Wait for the next timer and do what is due."""
        key = min(self._timers, key=lambda name: self._timers[name])
        await self._clock.sleep_until(self._timers[key])
        del self._timers[key]
        await self._handle(TimerFired(key))

    async def _handle(self, what: Input) -> None:
        for effect in self._site.handle(what, self._clock.now()):
            await self._perform(effect)

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case SetTimer(key=key, at=datetime() as at):
                self._timers[key] = at
            case SetTimer(key=key):
                self._timers.pop(key, None)
            case Actuate(set_points=set_points):
                await self._program.apply(set_points)
            case ReadDevices():
                self.samples = tuple(await self._program.read())
                await self._handle(Measured(self.samples))
            case _:
                return  # nothing is sent and nothing is kept: this is a trial


async def try_failsafe(
    settings: SiteSettings,
    program: Application,
    clock: Clock,
    step_w: int,
    settle_s: float,
    say: Callable[[Check], None],
) -> None:
    """Hold the failsafe limit without a VTN, where needed one that lies a step below the power.

    Args:
        settings: of the site.
        program: reaches its devices, and is closed by the caller.
        clock: tells the time and waits for it.
        step_w: by how much the tried limit lies below the present power, W.
        settle_s: how long the devices may take to get below it beside their ramps, seconds.
        say: is told how it ended.
    """
    failsafe = settings.failsafe
    if failsafe is None:
        return say(NONE_CONFIGURED)
    samples = await _free(program, clock, settle_s)
    if not samples:
        told = "not all devices can be read"
        return say(Check("failsafe", _OF, Verdict.FAILED, told))
    free_w = sum(sample.power_w for sample in samples)
    settle_s += max(map(_ramp_s, samples))
    import_w = min(failsafe.import_w, max(0, free_w - step_w)) if free_w > 0 else failsafe.import_w
    export_w = min(failsafe.export_w, max(0, -free_w - step_w)) if free_w < 0 else failsafe.export_w
    tried = failsafe.model_copy(update={"import_w": import_w, "export_w": export_w})
    alone = Alone(replace(settings, failsafe=tried), program, clock)
    held = await _is_held(alone, clock, settle_s, (-export_w - step_w // 4, import_w + step_w // 4))
    limit = f"{import_w} W import, {export_w} W export"
    told = f"limit of {limit}; the devices took {free_w} W before and {alone.power_w} W with it"
    return say(Check("failsafe", _OF, Verdict.PASSED if held else Verdict.FAILED, told))


async def hold_together(
    settings: SiteSettings,
    drivers: Mapping[str, Driver],
    patience: Patience,
    clock: Clock,
    limits: Limits,
    say: Callable[[Check], None],
) -> None:
    """Try failsafe with all devices of a site together, then release each; no driver is closed.

    Args:
        settings: of the site.
        drivers: of all its resources; nobody else may use them meanwhile.
        patience: how much the agent forgives a driver.
        clock: tells the time and waits for it.
        limits: how far to go.
        say: is told each check as it ends.
    """
    guarded = {n: Supervised(n, _Borrowed(d), clock, patience) for n, d in drivers.items()}
    program = DrivenSite(guarded)

    async def let_go() -> None:
        await program.close()
        trials = (Trial(name, driver, clock, limits, say) for name, driver in drivers.items())
        await asyncio.gather(*(trial.release() for trial in trials))

    try:
        await try_failsafe(settings, program, clock, limits.step_w, limits.settle_s, say)
    finally:
        await uninterrupted(let_go())


class _Borrowed:
    """A driver that whoever borrows it does not close."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def describe(self) -> Description:
        return await self._driver.describe()

    async def apply(self, power_w: int) -> None:
        await self._driver.apply(power_w)

    async def read(self) -> Reading:
        return await self._driver.read()

    async def release(self) -> None:
        await self._driver.release()

    async def close(self) -> None:
        """Leave it open: its owner goes on with it."""


def _ramp_s(sample: Sample) -> float:
    """Return how long a device takes from its highest power to nothing, seconds."""
    limits = sample.limits
    if limits is None or not limits.ramp_w_per_s:
        return 0
    return max(limits.rated_import_w, limits.rated_export_w) / limits.ramp_w_per_s


async def _free(program: Application, clock: Clock, settle_s: float) -> tuple[Sample, ...]:
    """Return what all devices do when they are free; nothing when one cannot be read."""
    until = clock.now() + timedelta(seconds=settle_s)
    while True:
        samples = tuple(await program.read())
        if samples and not any(sample.is_faulty for sample in samples):
            return samples
        if clock.now() >= until:
            return ()
        await clock.sleep_until(clock.now() + timedelta(seconds=0.5))


async def _is_held(alone: Alone, clock: Clock, settle_s: float, allowed: tuple[int, int]) -> bool:
    """Whether the power gets between two bounds, W, and stays there for some seconds."""
    await alone.start()
    now = clock.now()
    until, since = now + timedelta(seconds=settle_s), None
    while since is None or clock.now() - since < timedelta(seconds=_HOLDS_S):
        await alone.go_on()
        power_w = alone.power_w
        if power_w is not None and allowed[0] <= power_w <= allowed[1]:
            since = since or clock.now()
        else:
            since = None
        if since is None and clock.now() >= until:
            return False
        await asyncio.sleep(0)
    return True
