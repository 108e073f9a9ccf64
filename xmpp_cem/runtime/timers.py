"""The engine's timers: a key is due at an instant."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime

from xmpp_cem.runtime.ports import Alarm, Clock

_FEW = 64


class Timers:
    """Wakes `fire` with each key that is due; setting a key again moves it.

    What waits for days costs those nothing that are due soon.
    """

    def __init__(self, clock: Clock, fire: Callable[[str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._due: dict[str, datetime] = {}
        self._order: list[tuple[datetime, str]] = []
        self._is_running = False
        self._rung = asyncio.Event()
        self._alarm: Alarm | None = None
        self._rings_at: datetime | None = None

    def set(self, key: str, at: datetime | None) -> None:
        """Set or move a timer, or take it away."""
        if at is None:
            self._due.pop(key, None)
        else:
            self._due[key] = at
            heapq.heappush(self._order, (at, key))
            if self._is_running and (self._rings_at is None or at < self._rings_at):
                self._ring_at(at)
        if len(self._order) > 2 * len(self._due) + _FEW:  # most have been moved or taken away
            self._order = sorted((at, key) for key, at in self._due.items())

    async def run(self) -> None:
        """Fire timers until cancelled."""
        self._is_running = True
        try:
            while True:
                self._ring_at(self._first())
                await self._rung.wait()
                self._rung.clear()
                for key in self._taken(self._clock.now()):
                    del self._due[key]
                    self._fire(key)
        finally:
            self._is_running = False
            self._ring_at(None)

    def _first(self) -> datetime | None:
        """Return when the first is due; what was moved or has fired is passed over."""
        while self._order and self._due.get(self._order[0][1]) != self._order[0][0]:
            heapq.heappop(self._order)
        return self._order[0][0] if self._order else None

    def _taken(self, now: datetime) -> dict[str, datetime]:
        """Return what is due, in the order of time."""
        due: dict[str, datetime] = {}
        while (first := self._first()) is not None and first <= now:
            at, key = heapq.heappop(self._order)
            due[key] = at
        return due

    def _ring_at(self, at: datetime | None) -> None:
        """Ring then and at no other time; an alarm and no task that sleeps, which costs more."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if at is None else self._clock.call_at(at, self._rung.set)
        self._rings_at = at
