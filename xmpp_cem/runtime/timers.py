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
        self._changed = asyncio.Event()

    def set(self, key: str, at: datetime) -> None:
        """Set or move a timer."""
        earliest = min(self._due.values(), default=None)
        self._due[key] = at
        if earliest is None or at < earliest:
            self._changed.set()

    async def run(self) -> None:
        """Fire timers until cancelled."""
        while True:
            self._changed.clear()
            await self._wait()
            now = self._clock.now()
            due = sorted((at, key) for key, at in self._due.items() if at <= now)
            for _, key in due:
                del self._due[key]
                self._fire(key)

    async def _wait(self) -> None:
        """Wait for the earliest timer, or for an earlier one to be set."""
        if not self._due:
            await self._changed.wait()
            return
        start = asyncio.create_task
        sleep = start(self._clock.sleep_until(min(self._due.values())), name="timers asleep")
        changed = start(self._changed.wait(), name="timers changed")
        try:
            await asyncio.wait({sleep, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            changed.cancel()
            await asyncio.gather(sleep, changed, return_exceptions=True)
