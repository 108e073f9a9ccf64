"""The engine's timers: a key is due at an instant."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from xmpp_cem.runtime.ports import Alarm, Clock


class Timers:
    """Wakes `fire` with each key that is due; setting a key again moves it."""

    def __init__(self, clock: Clock, fire: Callable[[str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._due: dict[str, datetime] = {}
        self._is_running = False
        self._rung = asyncio.Event()
        self._alarm: Alarm | None = None
        self._rings_at: datetime | None = None

    def set(self, key: str, at: datetime) -> None:
        """Set or move a timer."""
        self._due[key] = at
        if self._is_running and (self._rings_at is None or at < self._rings_at):
            self._ring_at(at)

    async def run(self) -> None:
        """Fire timers until cancelled."""
        self._is_running = True
        try:
            while True:
                self._ring_at(min(self._due.values(), default=None))
                await self._rung.wait()
                self._rung.clear()
                now = self._clock.now()
                for _, key in sorted((at, key) for key, at in self._due.items() if at <= now):
                    del self._due[key]
                    self._fire(key)
        finally:
            self._is_running = False
            self._ring_at(None)

    def _ring_at(self, at: datetime | None) -> None:
        """Ring then and at no other time; an alarm and no task that sleeps, which costs more."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if at is None else self._clock.call_at(at, self._rung.set)
        self._rings_at = at
