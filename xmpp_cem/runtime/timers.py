"""The engine's timers: a key is due at an instant."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from xmpp_cem.runtime.ports import Clock


class Timers:
    """Wakes `fire` with each key that is due; setting a key again moves it."""

    def __init__(self, clock: Clock, fire: Callable[[str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._due: dict[str, datetime] = {}
        self._changed: asyncio.Future[None] | None = None

    def set(self, key: str, at: datetime) -> None:
        """Set or move a timer."""
        earliest = min(self._due.values(), default=None)
        self._due[key] = at
        is_earlier = earliest is None or at < earliest
        if is_earlier:
            self._wake()

    async def run(self) -> None:
        """Fire timers until cancelled."""
        while True:
            await self._wait()
            now = self._clock.now()
            due = sorted((at, key) for key, at in self._due.items() if at <= now)
            for _, key in due:
                del self._due[key]
                self._fire(key)

    async def _wait(self) -> None:
        """Wait for the earliest timer, or for an earlier one to be set."""
        self._changed = asyncio.get_running_loop().create_future()
        if not self._due:
            await self._changed
            return
        sleep = asyncio.create_task(
            self._clock.sleep_until(min(self._due.values())), name="timers asleep"
        )
        sleep.add_done_callback(self._wake)
        try:
            await self._changed
        finally:
            if not sleep.done():
                sleep.cancel()
                await asyncio.gather(sleep, return_exceptions=True)

    def _wake(self, _: object = None) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
