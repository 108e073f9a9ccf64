"""Tries one device: a small step must move its meter the right way, and its timer must let go."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from xmpp_cem.drivers.driver import Description, Driver, Reading
from xmpp_cem.drivers.health import doubt, margin_w
from xmpp_cem.runtime.ports import Clock

_T = TypeVar("_T")
_LOOK_EVERY = timedelta(seconds=0.5)
_LOOKS = 3
_RELEASES = 3
_LATE = 1.5
_LATE_S = 5.0
_EARLY = 0.5


class Verdict(StrEnum):
    """How a check ended; `skipped` has proved nothing and says why."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One thing that was tried: of what, how it ended, and a sentence for people."""

    what: str
    of: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True)
class Limits:
    """How far a trial goes.

    Args:
        step_w: size of the step, W.
        settle_s: how long a device may take to get there, beside its ramp, seconds.
        reversion_s: a timer that is longer is not waited for, seconds.
        call_s: how long one call of a driver may take, seconds.
    """

    step_w: int = 500
    settle_s: float = 15.0
    reversion_s: float = 120.0
    call_s: float = 10.0


async def uninterrupted(work: Coroutine[Any, Any, _T]) -> _T:
    """Finish a piece of work however often we are cancelled meanwhile; then that is raised."""
    doing = asyncio.create_task(work, name="uninterrupted")
    interruption: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError as error:
            if doing.cancelled():
                raise
            interruption = error
    if interruption is not None:
        raise interruption
    return doing.result()


class StopTrialError(Exception):
    """Nothing more can be tried with this device; the check that says why is its argument."""


class Trial:
    """Tries one resource behind its driver; whatever happens, it is released at the end.

    Args:
        name: the resource.
        driver: reaches it; nobody else may use it meanwhile.
        clock: tells the time and waits for it.
        limits: how far to go.
        say: is told each check as it ends.
    """

    def __init__(
        self, name: str, driver: Driver, clock: Clock, limits: Limits, say: Callable[[Check], None]
    ) -> None:
        self._name = name
        self._driver = driver
        self._clock = clock
        self._limits = limits
        self._say = say
        self._description: Description | None = None

    async def run(self) -> None:
        """Try everything in order; a device that cannot be reached fails and is left alone."""
        try:
            await self._try()
        except StopTrialError as stop:
            self._say(stop.args[0])
        finally:
            await self.release()

    async def release(self) -> None:
        """Give the device back to its own plan, however often we are interrupted meanwhile."""
        await uninterrupted(self._told())

    async def _try(self) -> None:
        description = await self._call("driver", self._driver.describe())
        if not isinstance(description, Description):
            raise self._stop("driver", f"describe returned {type(description).__name__}")
        self._description = description
        before_w, reading = await self._mean()
        if why := doubt(reading, description.limits):
            raise self._stop(
                "meter", f"{why}; a meter that is connected the wrong way round shows this"
            )
        kind, power = description.kind, f"{before_w} W"
        self._done("driver", Verdict.PASSED, f"{kind} answers; its meter shows {power}")
        if reading.overridden:
            raise self._stop("step", "the customer has taken control", Verdict.SKIPPED)
        target_w = self._target(reading, before_w, description)
        if target_w is None:
            offers = f"+{reading.increase_w} W, -{reading.decrease_w} W"
            why = f"it offers no step of more than {self._margin} W now ({offers})"
            raise self._stop("step", f"{why}; try again while it runs", Verdict.SKIPPED)
        await self._step(before_w, target_w, description)
        await self._timer(before_w, target_w, description)

    @property
    def _margin(self) -> int:
        """By how much a meter may miss, W: less than half a step, so that a step is seen."""
        if self._description is None:
            return 0
        return min(margin_w(self._description.limits), self._limits.step_w // 4)

    def _target(self, reading: Reading, before_w: int, described: Description) -> int | None:
        """Return the power to ask for: less where that is possible, else more."""
        for sign, able_w in ((-1, reading.decrease_w), (1, reading.increase_w)):
            size_w = min(able_w, self._limits.step_w)
            target_w = described.limits.feasible(before_w + sign * size_w)
            reach_w = (target_w - before_w) * sign
            if size_w > self._margin and self._margin < reach_w <= able_w + self._margin:
                return target_w
        return None

    async def _step(self, before_w: int, target_w: int, described: Description) -> None:
        """Ask for a step and see where the meter goes."""
        asked_w = target_w - before_w
        patience = self._limits.settle_s
        if described.limits.ramp_w_per_s:
            patience += abs(asked_w) / described.limits.ramp_w_per_s
        until = self._clock.now() + timedelta(seconds=patience)
        refresh_s = described.reversion.refresh_s if described.reversion else patience
        moved_w, told_at = 0, None
        while self._clock.now() < until:
            now = self._clock.now()
            if told_at is None or now - told_at >= timedelta(seconds=refresh_s):
                await self._call("step", self._driver.apply(target_w))
                told_at = now
            await self._pause()
            moved_w = (await self._read()).power_w - before_w
            if abs(moved_w - asked_w) <= self._margin:
                told = f"asked for {asked_w:+} W, the meter moved by {moved_w:+} W"
                return self._done("step", Verdict.PASSED, told)
        raise self._stop("step", _why_not_moved(asked_w, moved_w, self._margin))

    async def _timer(self, before_w: int, target_w: int, described: Description) -> None:
        """Stop speaking to the device and see whether it goes back by its own timer."""
        if described.reversion is None:
            why = "it has no timer: the agent releases it at its end, not when it is killed"
            return self._done("timer", Verdict.SKIPPED, why)
        after_s = described.reversion.after_s
        if after_s > self._limits.reversion_s:
            why = f"it runs {after_s:g} s, longer than was to be waited"
            return self._done("timer", Verdict.SKIPPED, why)
        await self._call("timer", self._driver.apply(target_w))
        began = self._clock.now()
        until = began + timedelta(seconds=after_s * _LATE + _LATE_S)
        while self._clock.now() < until:
            await self._pause()
            power_w = (await self._read()).power_w
            took_s = (self._clock.now() - began).total_seconds()
            if abs(power_w - target_w) <= abs(before_w - target_w) / 2:
                continue
            if took_s < after_s * _EARLY:
                raise self._stop(
                    "timer", f"it let go after {took_s:.0f} s instead of {after_s:g} s"
                )
            return self._done("timer", Verdict.PASSED, f"it let go by itself after {took_s:.0f} s")
        raise self._stop(
            "timer",
            f"it still holds its set point after {after_s * _LATE + _LATE_S:.0f} s instead of "
            f"{after_s:g} s: an agent that is killed would leave it curtailed",
        )

    async def _mean(self) -> tuple[int, Reading]:
        looks = [await self._read()]
        for _ in range(_LOOKS - 1):
            await self._pause()
            looks.append(await self._read())
        return sum(look.power_w for look in looks) // len(looks), looks[-1]

    async def _read(self) -> Reading:
        reading = await self._call("meter", self._driver.read())
        if not isinstance(reading, Reading) or not isinstance(reading.power_w, int):
            raise self._stop("meter", f"read returned {reading!r:.80}")
        return reading

    async def _pause(self) -> None:
        await self._clock.sleep_until(self._clock.now() + _LOOK_EVERY)

    async def _call(self, what: str, work: Awaitable[_T]) -> _T:
        """Wait for a driver; one that hangs or raises ends the trial."""
        try:
            async with asyncio.timeout(self._limits.call_s):
                return await work
        except TimeoutError:
            raise self._stop(what, f"no answer within {self._limits.call_s:g} s") from None
        except Exception as error:
            raise self._stop(what, f"{type(error).__name__}: {error}"[:200]) from error

    async def _told(self) -> None:
        self._say(await self._released())

    async def _released(self) -> Check:
        why = ""
        for _ in range(_RELEASES):
            try:
                async with asyncio.timeout(self._limits.call_s):
                    await self._driver.release()
            except Exception as error:  # noqa: BLE001 a driver may raise anything
                why = f"{type(error).__name__}: {error}".rstrip(": ")[:150]
            else:
                return Check("release", self._name, Verdict.PASSED, "given back to its own plan")
        told = f"it cannot be released ({why}) and may be curtailed; switch it off and on"
        return Check("release", self._name, Verdict.FAILED, told)

    def _stop(self, what: str, detail: str, verdict: Verdict = Verdict.FAILED) -> StopTrialError:
        return StopTrialError(Check(what, self._name, verdict, detail))

    def _done(self, what: str, verdict: Verdict, detail: str) -> None:
        self._say(Check(what, self._name, verdict, detail))


def _why_not_moved(asked_w: int, moved_w: int, margin_w: int) -> str:
    told = f"asked for {asked_w:+} W, the meter moved by {moved_w:+} W"
    if abs(moved_w) <= margin_w:
        return f"{told}: the meter is dead, or the driver says yes and does nothing"
    if moved_w * asked_w < 0:
        return f"{told}: the meter is connected the wrong way round"
    return f"{told}: it does not follow its set point"
