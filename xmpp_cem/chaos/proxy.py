"""A TCP proxy between a party and its server that does harm on demand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from xmpp_cem.testing.site import LOOPBACK

_CHUNK = 16_384


@dataclass
class Harm:
    """What the proxy does to what passes.

    Args:
        delay_s: how much later every chunk arrives, in order.
        bytes_per_s: the most that passes in each direction; 0 is no bound.
        refuses: new connections are ended at once.
    """

    delay_s: float = 0.0
    bytes_per_s: int = 0
    refuses: bool = False


@dataclass(eq=False)
class _Pair:
    """Both halves of one connection; a forgotten one never hears of its end."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    is_forgotten: bool = False

    def abort(self) -> None:
        self.near.transport.abort()
        self.far.transport.abort()


@dataclass
class Proxy:
    """Listens on a port of its own and passes everything on to one other port on loopback.

    Args:
        target: port that is passed on to.
    """

    target: int
    harm: Harm = field(default_factory=Harm)
    _server: asyncio.Server | None = None
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _pairs: set[_Pair] = field(default_factory=set)
    _dead: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def serving(cls, target: int) -> AsyncIterator["Proxy"]:
        """Serve inside the block on a free port."""
        proxy = cls(target)
        proxy.flow()
        proxy._server = await asyncio.start_server(proxy._accept, LOOPBACK, 0)
        try:
            yield proxy
        finally:
            await proxy.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the proxy does not serve")
        return int(self._server.sockets[0].getsockname()[1])

    def stall(self) -> None:
        """Hold everything back until `flow`, when it passes in its order."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass everything at once, without harm."""
        self.harm = Harm()
        self._flowing.set()

    def drop(self) -> None:
        """End all connections for both sides, as a reset does."""
        for pair in tuple(self._pairs):
            pair.abort()
        for writer in self._dead:
            writer.transport.abort()
        self._dead.clear()

    def leave_half_open(self) -> None:
        """End all connections for the server alone: the party is not told and hears no more."""
        for pair in tuple(self._pairs):
            pair.is_forgotten = True
            self._dead.append(pair.near)
            pair.far.transport.abort()

    async def close(self) -> None:
        """End everything."""
        self.drop()
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        # Held by us: once its connection is gone nobody else holds the task that waits for its end.
        carrying = asyncio.create_task(self._carry(reader, near), name="proxied connection")
        self._tasks.add(carrying)
        carrying.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self.harm.refuses:
            near.transport.abort()
            return
        try:
            far_reader, far = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            near.transport.abort()
            return
        pair = _Pair(near, far)
        self._pairs.add(pair)
        loop = asyncio.get_running_loop()
        ways = {
            loop.create_task(self._pass(reader, far, pair), name="proxied out"),
            loop.create_task(self._pass(far_reader, near, pair), name="proxied in"),
        }
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._pairs.discard(pair)
        if not pair.is_forgotten:
            pair.abort()
        else:
            # The party's side stays open; what it still says is read and lost.
            await asyncio.wait(ways)
        self._tasks.difference_update(ways)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: _Pair
    ) -> None:
        """Pass chunks on in their order until one side ends."""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._hold(len(chunk))
                if pair.is_forgotten:
                    continue
                writer.write(chunk)
                await writer.drain()

    async def _hold(self, size: int) -> None:
        """Wait as long as delay and throughput demand, and until anything passes at all."""
        if self.harm.delay_s:
            await asyncio.sleep(self.harm.delay_s)
        if self.harm.bytes_per_s:
            await asyncio.sleep(size / self.harm.bytes_per_s)
        await self._flowing.wait()
