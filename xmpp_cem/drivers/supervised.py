"""Keeps a site safe from a driver: one that hangs, lies, raises or disappears is put out of use."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from xmpp_cem.drivers.driver import Description, Driver, Reading
from xmpp_cem.drivers.health import Following, Look, doubt, jump

log = structlog.get_logger()

_GRACE = timedelta(seconds=0.3)
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(seconds=60)
_REPEAT = timedelta(seconds=30)
_DESCRIBE = timedelta(seconds=60)
_LEAST_WRITE = timedelta(seconds=60)
_CLOSE_S = 5.0
_UNREAD = "has not been read yet"
LENT = "is being tried"


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        ...

    async def sleep_until(self, at: datetime) -> None:
        """Return at an instant."""
        ...


@dataclass(frozen=True)
class Patience:
    """How much a driver is forgiven.

    Args:
        timeout: how long one call may take, and for how long the last plausible reading stands.
        follow: how long a resource may stay away from its set point though it says it could move.
    """

    timeout: timedelta = timedelta(seconds=5)
    follow: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class State:
    """What is known of a resource.

    Args:
        description: what it is; None: its driver has never said.
        reading: the last plausible one; None: there was none.
        fault: why it is out of service; empty: it is in service.
    """

    description: Description | None
    reading: Reading | None
    fault: str


class Supervised:
    """A resource behind a driver that nobody has to trust.

    The driver gets one call at a time, within a time-out; after failures it is left alone for 1 s,
    then 2 s, up to a minute. Nobody ever waits for it longer than a moment. Its readings are
    compared with its ratings, its registers and its set point.

    Args:
        name: the resource, for the log.
        driver: reaches it.
        clock: tells the time and waits for it.
        patience: how much is forgiven.
    """

    def __init__(self, name: str, driver: Driver, clock: Clock, patience: Patience) -> None:
        self._name = name
        self._driver = driver
        self._clock = clock
        self._patience = patience
        self._following = Following(patience.follow)
        self._wanted: int | None = None
        self._written: int | None = None
        self._written_at: datetime | None = None
        self._description: Description | None = None
        self._described_at = clock.now()
        self._seen: Look | None = None
        self._good: Look | None = None
        self._round: asyncio.Task[None] | None = None
        self._round_ends = clock.now()
        self._retry_at = clock.now()
        self._failures = 0
        self._reason = _UNREAD
        self._strays = ""
        self._fault = _UNREAD
        self._is_lent = False

    def want(self, power_w: int | None) -> None:
        """Remember the set point, W; None releases. It is put in force at the next look."""
        self._wanted = power_w

    async def look(self) -> State:
        """Put the set point in force, read the resource, and return what is known by now."""
        now = self._clock.now()
        if self._is_lent:
            return State(self._description, self._good.reading if self._good else None, LENT)
        if self._round is None and now >= self._retry_at:
            self._round = asyncio.create_task(self._work(), name=f"driver {self._name}")
            self._round_ends = now + self._patience.timeout
        if self._round is not None:
            await self._wait(self._round)
        self._judge(now)
        reading = self._good.reading if self._good else None
        return State(self._description, reading, self._fault)

    async def lend(self) -> Driver:
        """Leave the driver to somebody else; out of service until it is taken back.

        Raises:
            TimeoutError: a call of it is under way and does not end.
        """
        self._is_lent, work = True, self._round
        if work is not None:
            end = self._alarm(self._patience.timeout)
            try:
                await asyncio.wait((work, end), return_when=asyncio.FIRST_COMPLETED)
            finally:
                end.cancel()
            if not work.done():
                self._is_lent = False
                raise TimeoutError
            if self._round is work:
                self._round = None
                self._ended(work)
        return self._driver

    def take_back(self) -> None:
        """Go on with the driver; what was written to the device is no longer known."""
        self._is_lent, self._written_at = False, None
        self._good = None

    async def close(self) -> None:
        """Let go of the device; one without a reversion timer is released first."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.wait((self._round,), timeout=_CLOSE_S)
        is_left = self._description is not None and not self._description.reverts
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_S):
                if is_left and self._written is not None:
                    await self._driver.release()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_S):
                await self._driver.close()

    def _alarm(self, after: timedelta) -> asyncio.Task[None]:
        """Return what ends after a time."""
        sleep = self._clock.sleep_until(self._clock.now() + after)
        return asyncio.create_task(sleep, name="driver's patience")

    async def _wait(self, work: asyncio.Task[None]) -> None:
        """Wait a moment for the driver; what takes longer is picked up by a later look."""
        moment = self._alarm(_GRACE)
        try:
            await asyncio.wait((work, moment), return_when=asyncio.FIRST_COMPLETED)
        finally:
            moment.cancel()
        if work.done():
            self._round = None
            self._ended(work)
        elif self._clock.now() >= self._round_ends:
            # A call that ignores its cancellation keeps its place: calls never overlap.
            work.cancel()
            self._failed(f"no answer within {self._patience.timeout.total_seconds():g} s")

    def _ended(self, work: asyncio.Task[None]) -> None:
        if work.cancelled():
            return
        error = work.exception()
        if error is None:
            self._failures = 0
        else:
            self._failed(f"{type(error).__name__}: {error}".rstrip(": "))

    def _failed(self, reason: str) -> None:
        self._reason = reason
        self._retry_at = self._clock.now() + min(_SHORTEST * 2**self._failures, _LONGEST)
        self._failures = min(self._failures + 1, 16)
        # The device may have forgotten everything, or be another one.
        self._written_at, self._described_at = None, self._clock.now() - _DESCRIBE

    async def _work(self) -> None:
        """Do one round with the driver: describe, apply, read, each when it is due."""
        now = self._clock.now()
        if self._description is None or now - self._described_at >= _DESCRIBE:
            description = await self._driver.describe()
            if not isinstance(description, Description):
                raise TypeError(f"{description!r} is no description")
            self._description, self._described_at = description, now
        await self._write(self._description)
        reading = await self._driver.read()
        self._take(Look(self._clock.now(), reading), self._description)

    async def _write(self, description: Description) -> None:
        power_w, now = self._wanted, self._clock.now()
        if power_w is not None:
            power_w = description.limits.feasible(power_w)
        if not self._is_due(power_w, description, now):
            return
        if power_w is None:
            await self._driver.release()
        else:
            await self._driver.apply(power_w)
        self._written, self._written_at = power_w, now

    def _is_due(self, power_w: int | None, description: Description, now: datetime) -> bool:
        """Whether the set point has to be written: on change, and again before it is lost."""
        if self._written_at is None:
            return True
        since, is_change = now - self._written_at, power_w != self._written
        if description.reversion is not None and power_w is not None:
            refresh = timedelta(seconds=description.reversion.refresh_s)
            return since >= refresh or (is_change and description.is_volatile)
        if description.is_volatile:
            return is_change or (power_w is not None and since >= _REPEAT)
        return is_change and (power_w is None or since >= _LEAST_WRITE)

    def _take(self, look: Look, description: Description) -> None:
        if not isinstance(look.reading, Reading):
            raise TypeError(f"{look.reading!r} is no reading")
        why = doubt(look.reading, description.limits)
        if not why:
            # Registers that start anew are doubted once, and then they are the new ones.
            why = jump(look, self._seen, description.limits)
            self._seen = look
        if why:
            self._reason = f"implausible: {why}"
            return
        self._good = look
        self._strays = self._following.doubt(look, self._written, description.limits)

    def _judge(self, now: datetime) -> None:
        """Decide whether the resource is in service, and say so when that changes.

        Args:
            now: when the look began: a stall of this process is no fault of the device.
        """
        is_stale = self._good is None or now - self._good.at >= self._patience.timeout
        fault = self._reason if is_stale else self._strays
        if bool(fault) != bool(self._fault) or (fault and self._fault == _UNREAD != fault):
            say = log.warning if fault else log.info
            say(
                "resource out of service" if fault else "resource in service",
                resource=self._name,
                why=fault or self._fault,
            )
        self._fault = fault
