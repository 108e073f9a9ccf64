"""Sees when a busy machine lets a party or the server stand still, which is a fault of its own."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from xmpp_cem.runtime.clock import SystemClock

_LOOK_S = 0.25
_WITHIN = timedelta(seconds=3)
_MOST_S = 2.4
_NS = 1e-9


@dataclass
class Pulse:
    """Looks at how long threads wait for a processor or the disk, as the kernel counts it.

    It asks the kernel and no party, so that a party that stands still by itself is not excused.

    Args:
        pids: the present process of each name.
        told: takes a name and from when to when it waited for more than 2.4 s in 3 s.
    """

    pids: Callable[[], Mapping[str, int]]
    told: Callable[[str, datetime, datetime], None]
    _known: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    _waited: dict[str, deque[tuple[datetime, float]]] = field(default_factory=dict)
    _last: datetime = field(default_factory=lambda: SystemClock().now())

    async def watch(self) -> None:
        """Look four times a second; returns never."""
        while True:
            await asyncio.sleep(_LOOK_S)
            now = SystemClock().now()
            for name, pid in self.pids().items():
                self.note(name, self._wait(name, pid), now)
            self._last = now

    def note(self, name: str, seconds: float, now: datetime) -> None:
        """Add what a name waited since the last look, and tell when it is too much."""
        waited = self._waited.setdefault(name, deque())
        waited.append((now, seconds))
        while waited[0][0] < now - _WITHIN:
            waited.popleft()
        if sum(s for _, s in waited) > _MOST_S:
            self.told(name, min(self._last, now - _WITHIN), now)

    def _wait(self, name: str, pid: int) -> float:
        """Return for how long the thread that waited most did so since the last look."""
        delays, is_blocked = waits(pid)
        before, known = self._known.get(name, (0, {}))
        self._known[name] = pid, delays
        if before != pid:
            return 0.0
        more = (delay - known[thread] for thread, delay in delays.items() if thread in known)
        return max(more, default=0) * _NS + (_LOOK_S if is_blocked else 0.0)


def waits(pid: int) -> tuple[dict[str, int], bool]:
    """Return each thread's whole wait for a processor, ns, and whether one waits for the disk."""
    delays: dict[str, int] = {}
    is_blocked = False
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError, IndexError):
            delays[task.name] = int((task / "schedstat").read_text(encoding="ascii").split()[1])
            state = (task / "stat").read_text(encoding="utf-8", errors="replace")
            is_blocked = is_blocked or state.rpartition(")")[2].split()[0] == "D"
    return delays, is_blocked
