"""A clock that stands still until a test advances it."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

START = datetime(2030, 1, 1, tzinfo=UTC)

_QUIET_ROUNDS = 3
_OUTSIDE_PAUSE = 0.0005


def _never() -> bool:
    return False


class ManualClock:
    """Simulated time, for one event loop; one task at a time may advance it.

    Args:
        start: the first instant, with a time zone.
        is_busy: whether work that the event loop cannot see is under way, such as in a store's
            thread; simulated time waits for it.
        patience: turns of the event loop that may pass before it has to be at rest.

    Raises:
        ValueError: `start` has no time zone.
    """

    def __init__(
        self,
        start: datetime = START,
        *,
        is_busy: Callable[[], bool] = _never,
        patience: int = 1_000_000,
    ) -> None:
        if start.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        self._now = start.astimezone(UTC)
        self._is_busy = is_busy
        self._patience = patience
        self._numbers = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the simulated instant, UTC."""
        return self._now

    async def sleep_until(self, at: datetime) -> None:
        """Return when the clock has been advanced to `at`; at once when that is past."""
        if at <= self._now:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (at, next(self._numbers), waiter))
        await waiter

    def call_at(self, at: datetime, ring: Callable[[], None]) -> asyncio.Future[None]:
        """Ring when the clock has been advanced to `at`, soon when that is past."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter.add_done_callback(lambda bell: None if bell.cancelled() else ring())
        if at <= self._now:
            waiter.set_result(None)
        else:
            heapq.heappush(self._sleepers, (at, next(self._numbers), waiter))
        return waiter

    async def advance(self, delta: timedelta) -> None:
        """Let time pass, waking sleepers one by one in order of time, then of falling asleep.

        After each the event loop comes to rest before time goes on, so whatever a sleeper starts
        at its instant, further sleeps within `delta` included, happens at the right time.

        Raises:
            ValueError: `delta` is negative.
            RuntimeError: the event loop does not come to rest.
        """
        if delta < timedelta():
            raise ValueError("time does not go back")
        end = self._now + delta
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, waiter = heapq.heappop(self._sleepers)
            if not waiter.done():
                self._now = at.astimezone(UTC)
                waiter.set_result(None)
                await self.settle()
        self._now = end

    async def settle(self) -> None:
        """Return when nothing can happen any more before time passes.

        Raises:
            RuntimeError: the event loop does not come to rest.
        """
        # Only the loop itself knows what is ready; counting rounds would be slow or wrong.
        ready = cast(Any, asyncio.get_running_loop())._ready  # noqa: SLF001
        quiet = 0
        for _ in range(self._patience):
            await asyncio.sleep(0)
            while self._is_busy():
                await asyncio.sleep(_OUTSIDE_PAUSE)
                quiet = 0
            quiet = 0 if ready else quiet + 1
            # Answers of threads and sockets enter the loop between two rounds.
            if quiet == _QUIET_ROUNDS:
                return
        raise RuntimeError(f"the event loop is still busy after {self._patience} turns")
