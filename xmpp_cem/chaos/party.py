"""Runs a party as the program does, but lets the harness kill it at a commit, disorder or date it.

`python -m xmpp_cem.chaos.party run FILE` is `xmpp-cem run FILE` with three classes replaced. They
do nothing unless the harness puts a file beside FILE, and nothing of this is in the program itself.
"""

import asyncio
import functools
import json
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

from xmpp_cem.agents import run as program
from xmpp_cem.model.keeping import Batch
from xmpp_cem.model.link import LinkDown, LinkEvent, LinkFailed, LinkUp, PresenceSeen
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.xmpp.stream import Credentials, Stream

MOMENTS: Final = ("before", "after", "sent")
"""Before the commit; after it and before anything leaves; when what followed has left."""

_LEAVES_S: Final = 0.05
_LATEST_S: Final = 0.4
_LOOK_S: Final = 0.1
_APART_S: Final = 1e-6


class MortalStore(DatabaseStore):
    """A store whose party is killed at the first commit that holds an input of a named kind.

    Args:
        place: as of a DatabaseStore.
        order: the file that names kind and moment; it is gone before the party is.
    """

    def __init__(self, place: Path | str, order: Path) -> None:
        super().__init__(place)
        self._order = order

    async def commit(self, batch: Batch) -> None:
        """Commit, or die at it."""
        moment = self._moment(batch)
        if moment == "before":
            self._die()
        await super().commit(batch)
        if moment == "after":
            self._die()
        elif moment == "sent":
            asyncio.get_running_loop().call_later(_LEAVES_S, self._die)

    def _moment(self, batch: Batch) -> str:
        """Return the moment at which this commit ends us, or nothing."""
        if not self._order.exists():
            return ""
        kind, moment = json.loads(self._order.read_text(encoding="utf-8"))
        return str(moment) if any(one.kind == kind for one in batch.journal) else ""

    def _die(self) -> None:
        self._order.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGKILL)


class SteppedClock(SystemClock):
    """The computer's clock, or as many seconds beside it as a file says while it exists.

    Args:
        steps: the file; it is looked at ten times a second, as a real clock steps at any moment.
    """

    def __init__(self, steps: Path) -> None:
        self._steps = steps
        self._off = timedelta()
        self._looked = -_LOOK_S

    def now(self) -> datetime:
        """Return what this clock shows."""
        if (at := time.monotonic()) >= self._looked + _LOOK_S:
            self._looked = at
            try:
                text = self._steps.read_text(encoding="ascii")
            except OSError:
                text = ""
            self._off = timedelta(seconds=float(text or 0))
        return super().now() + self._off


class Disorder:
    """Passes on what a connection tells us, in another order while a file exists.

    Items and requests may overtake each other, whoever sent them. Presences of one sender stay in
    their order, which RFC 6120, 10.1, promises and a presence's meaning needs; what a connection
    told us comes before its end.

    Args:
        deliver: takes everything in the end.
        switch: the file.
    """

    def __init__(self, deliver: Callable[[LinkEvent], None], switch: Path) -> None:
        self._deliver = deliver
        self._switch = switch
        self._random = SystemRandom()
        self._held: dict[int, tuple[LinkEvent, asyncio.TimerHandle]] = {}
        self._number = 0
        self._latest: dict[str, float] = {}

    def take(self, seen: LinkEvent) -> None:
        """Pass on now or, while the file exists, within 0.4 s."""
        if isinstance(seen, LinkUp | LinkDown | LinkFailed):
            for number in tuple(self._held):
                self._release(number)
        if isinstance(seen, LinkUp | LinkDown | LinkFailed) or not self._is_on():
            self._deliver(seen)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + self._random.uniform(0, _LATEST_S)
        if isinstance(seen, PresenceSeen):
            due = max(due, self._latest.get(str(seen.sender), 0.0) + _APART_S)
            self._latest[str(seen.sender)] = due
        self._number += 1
        self._held[self._number] = seen, loop.call_at(due, self._release, self._number)

    def _is_on(self) -> bool:
        return bool(self._held) or self._switch.exists()

    def _release(self, number: int) -> None:
        seen, timer = self._held.pop(number)
        timer.cancel()
        self._deliver(seen)


class DisorderedStream(Stream):
    """A connection behind a Disorder.

    Args:
        credentials, deliver, more: as of a Stream.
        switch: the file that turns the disorder on.
    """

    def __init__(
        self,
        credentials: Credentials,
        deliver: Callable[[LinkEvent], None],
        *,
        switch: Path,
        **more: Any,
    ) -> None:
        super().__init__(credentials, Disorder(deliver, switch).take, **more)


def main() -> None:
    """Run the program with these in their places."""
    file = Path(sys.argv[-1])
    replaced = {
        "DatabaseStore": functools.partial(MortalStore, order=file.with_suffix(".die")),
        "clock_of": lambda _: SteppedClock(file.with_suffix(".clock")),
        "Stream": functools.partial(DisorderedStream, switch=file.with_suffix(".disorder")),
    }
    for name, made in replaced.items():
        setattr(program, name, made)
    runpy.run_module("xmpp_cem", run_name="__main__")


if __name__ == "__main__":
    main()
