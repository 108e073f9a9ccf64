"""An event loop without a computer beneath it: time is a number, and every run is the same."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVarTuple

_Ts = TypeVarTuple("_Ts")

START = datetime(2030, 1, 1, tzinfo=UTC)
"""When every simulation begins."""

MOST_TURNS = 400_000
"""So many callbacks, and a simulation does not come to rest."""


class RestlessError(Exception):
    """Something goes on for ever without time passing, or waits for nothing."""


class _Turn(asyncio.Handle):
    """What stands for a callback that is ready; nobody cancels one here."""

    __slots__ = ()

    def __init__(self) -> None:
        """Hold nothing."""

    def cancel(self) -> None:
        """Refuse to."""
        raise NotImplementedError


_TURN = _Turn()


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready, else lets time jump to the next instant that anybody waits for.

    No sockets, no threads, no timers of asyncio's own: `VirtualClock` is the only way to wait.
    """

    _ready: deque[tuple[Context, Callable[..., object], tuple[Any, ...]]]
    _stopping: bool

    def __init__(self, most_turns: int = MOST_TURNS) -> None:
        super().__init__()
        self.current = START
        self._most_turns = most_turns
        self._numbers = itertools.count()
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._turns = 0

    def time(self) -> float:
        """Return the seconds since the beginning."""
        return (self.current - START).total_seconds()

    def at(self, instant: datetime, step: Callable[[], None]) -> None:
        """Take a step at an instant, or at once when that is past; equal ones in order."""
        heapq.heappush(self._waiting, (instant, next(self._numbers), step))

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call back in the next turn; without the checks for threads that there are not."""
        self._ready.append((context or copy_context(), callback, args))
        return _TURN

    def _run_once(self) -> None:
        """Run what is ready, and what that makes ready, until it is to stop: none overtakes."""
        ready, turns = self._ready, self._turns
        if not ready:
            self._pass_time()
        while ready and not self._stopping:
            turns += 1
            if turns > self._most_turns:
                self._turns = turns
                raise RestlessError(f"not at rest after {self._most_turns} callbacks")
            context, callback, args = ready.popleft()
            try:
                context.run(callback, *args)
            except Exception as error:  # noqa: BLE001 told as asyncio's own loop does
                self.call_exception_handler({"message": "a callback failed", "exception": error})
        self._turns = turns

    def _pass_time(self) -> None:
        if not self._waiting:
            raise RestlessError("everybody waits, and nobody for an instant")
        instant, _, step = heapq.heappop(self._waiting)
        self.current = max(self.current, instant)
        step()
        while self._waiting and self._waiting[0][0] <= self.current and not self._ready:
            heapq.heappop(self._waiting)[2]()


class Alarm:
    """What is to be done at an instant, unless it is cancelled before."""

    __slots__ = ("_ring",)

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring: Callable[[], None] | None = ring

    def ring(self) -> None:
        """Do it."""
        if self._ring is not None:
            self._ring()

    def cancel(self) -> None:
        """Never do it."""
        self._ring = None


class VirtualClock:
    """The time of a `VirtualLoop`, in the shape of `runtime.ports.Clock`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return self._loop.current

    async def sleep_until(self, at: datetime) -> None:
        """Return at an instant; at once when that is past."""
        if at <= self._loop.current:
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._loop.at(at, lambda: None if waiter.done() else waiter.set_result(None))
        await waiter

    def call_at(self, at: datetime, ring: Callable[[], None]) -> Alarm:
        """Ring at an instant, at once when that is past."""
        alarm = Alarm(ring)
        self._loop.at(at, alarm.ring)
        return alarm

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await self.sleep_until(self._loop.current + timedelta(seconds=seconds))

    def after(self, seconds: float, step: Callable[[], None]) -> None:
        """Take a step so many seconds from now."""
        self._loop.at(self._loop.current + timedelta(seconds=seconds), step)
