"""A TCP relay to a server whose connections can be cut without either end being told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xmpp_cem.testing.site import LOOPBACK

_CHUNK = 65_536


class Relay:
    """Passes everything on to a port on loopback, until it is cut.

    Args:
        target: the port.
        host: where to listen, an address of loopback.
    """

    def __init__(self, target: int, host: str = LOOPBACK) -> None:
        self._target = target
        self._host = host
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["Relay"]:
        """Serve inside the block, on any free port by default."""
        self._server = await asyncio.start_server(self._begin, self._host, port)
        try:
            yield self
        finally:
            self._server.close()
            self.drop()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the relay does not serve")
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Let nothing pass any more, as a dead network does; connections stay open."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let everything pass again, also what was held back."""
        self._flowing.set()

    def drop(self) -> None:
        """End all connections, both ends told."""
        self.mend()
        for writer in self._writers:
            writer.transport.abort()

    def _begin(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._accept(near, back), name="relay")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self._writers.add(back)
        try:
            await self._flowing.wait()
            if back.is_closing():
                return
            far, forth = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            back.transport.abort()
            return
        self._writers.add(forth)
        try:
            await asyncio.gather(self._pump(near, forth), self._pump(far, back))
        finally:
            for writer in (back, forth):
                self._writers.discard(writer)
                writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        await self._flowing.wait()
        sink.close()
