"""The only place that knows what time it is."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_LONGEST_S = 60.0
"""The clock is looked at again that often, in case it is set."""


class _Alarm:
    """Looks at a clock again and again until its instant has come."""

    def __init__(self, rest_s: Callable[[], float], ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._rest_s = rest_s
        self._ring = ring
        self._next = self._sleep(rest_s())

    def cancel(self) -> None:
        """Let it not ring."""
        self._next.cancel()

    def _sleep(self, rest_s: float) -> asyncio.TimerHandle:
        return self._loop.call_later(max(0.0, min(rest_s, _LONGEST_S)), self._look)

    def _look(self) -> None:
        rest_s = self._rest_s()
        if rest_s > 0:
            self._next = self._sleep(rest_s)
        else:
            self._ring()


class SystemClock:
    """The computer's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)  # noqa: TID251 this is the clock

    async def sleep_until(self, at: datetime) -> None:
        """Return at an instant; long sleeps look at the clock again, in case it is set."""
        while (rest := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 it waits for time
            await asyncio.sleep(min(rest, _LONGEST_S))

    def call_at(self, at: datetime, ring: Callable[[], None]) -> _Alarm:
        """Ring at an instant; a distant one is looked at again, in case the clock is set."""

        def rest_s() -> float:
            return (at - self.now()).total_seconds()

        return _Alarm(rest_s, ring)


class ScaledClock:
    """Simulated time for demonstrations: from `origin` on it runs `speed` times as fast.

    All parties of a demonstration are given the same origin, so that they agree on the time.

    Args:
        origin: when simulated and real time were equal.
        speed: simulated seconds per real second, 1 to 20.
    """

    def __init__(self, origin: datetime, speed: float) -> None:
        self._origin = origin
        self._speed = speed
        self._offset = (datetime.now(UTC) - origin).total_seconds() - time.monotonic()  # noqa: TID251

    def now(self) -> datetime:
        """Return the present simulated instant."""
        real = time.monotonic() + self._offset
        return self._origin + timedelta(seconds=real * self._speed)

    async def sleep_until(self, at: datetime) -> None:
        """Return at a simulated instant."""
        while (rest := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 it waits for time
            await asyncio.sleep(min(rest / self._speed, _LONGEST_S))

    def call_at(self, at: datetime, ring: Callable[[], None]) -> _Alarm:
        """Ring at a simulated instant."""

        def rest_s() -> float:
            return (at - self.now()).total_seconds() / self._speed

        return _Alarm(rest_s, ring)
