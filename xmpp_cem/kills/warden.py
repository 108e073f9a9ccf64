"""Starts a gateway's process, and starts it anew whenever it is dead."""

import asyncio
import multiprocessing
import signal
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess

from xmpp_cem.kills.doom import Boundary, read_trail
from xmpp_cem.kills.gateway import Nest, live

_OBEYS_S, _LOOK_S = 20.0, 0.05
_CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")


def prepare() -> None:
    """Have one process import everything, of which every gateway's is a fork: it starts at once."""
    _CONTEXT.set_forkserver_preload([live.__module__])


class Warden:
    """One gateway's process, life after life.

    `lives` counts them; `deaths` are exit codes that nobody has asked for.

    Args:
        nest: what it is started with.
    """

    def __init__(self, nest: Nest) -> None:
        self.nest = nest
        self.lives = 0
        self.deaths: list[int] = []
        self._is_doomed = False
        self._process: ForkServerProcess | None = None
        self._orders: Connection | None = None

    def start(self) -> None:
        """Start the process."""
        self._orders, theirs = multiprocessing.Pipe()
        name = self.nest.party
        process = _CONTEXT.Process(target=live, args=(self.nest, theirs), name=name, daemon=True)
        process.start()
        theirs.close()
        self.lives += 1
        self._process = process

    async def mind(self) -> None:
        """Start it anew whenever it is dead; returns never."""
        while True:
            process = self._process
            if process is None:
                return
            await _readable(process.sentinel)
            process.join()
            if not (self._is_doomed and process.exitcode == -signal.SIGKILL):
                self.deaths.append(process.exitcode or 0)
            self._is_doomed = False
            self.start()

    async def arm(self, at: Boundary | None) -> None:
        """Let it count its boundaries from now on, and die at one, or at none."""
        await self._order(is_armed=True, at=at)
        self._is_doomed = at is not None

    async def disarm(self) -> list[Boundary]:
        """Let it live; returns the boundaries that it passed since it was armed."""
        await self._order(is_armed=False, at=None)
        self._is_doomed = False
        return read_trail(self.nest.trail)

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()

    async def _order(self, *, is_armed: bool, at: Boundary | None) -> None:
        """Give an order, to the next life if this one is over; raises TimeoutError."""
        async with asyncio.timeout(_OBEYS_S):
            while not await self._is_obeyed(is_armed, at):  # noqa: ASYNC110 it is dead just now
                await asyncio.sleep(_LOOK_S)

    async def _is_obeyed(self, is_armed: bool, at: Boundary | None) -> bool:
        orders = self._orders
        if orders is None:
            return False
        try:
            orders.send((is_armed, at))
            await _readable(orders.fileno())
            orders.recv()
        except (EOFError, OSError):
            return False
        return True


async def _readable(descriptor: int) -> None:
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, seen.set)
    try:
        await seen.wait()
    finally:
        loop.remove_reader(descriptor)
