"""The only place that knows what time it is."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The computer's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)  # noqa: TID251 this is the clock

    async def sleep_until(self, at: datetime) -> None:
        """Return at an instant; long sleeps look at the clock again, in case it is set."""
        while (rest := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 it waits for time
            await asyncio.sleep(min(rest, 60))


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
            await asyncio.sleep(min(rest / self._speed, 60))
