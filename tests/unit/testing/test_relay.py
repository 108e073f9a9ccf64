import asyncio
import contextlib

import pytest

from xmpp_cem.testing.relay import Relay


@contextlib.asynccontextmanager
async def echo():
    async def answer(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, Relay(server.sockets[0].getsockname()[1]).serving() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        yield relay, reader, writer
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        await ended.wait()


async def said(reader, seconds=5.0):
    async with asyncio.timeout(seconds):
        return await reader.read(100)


async def test_it_passes_on_what_is_said():
    async with echo() as (_, reader, writer):
        writer.write(b"hello")
        assert await said(reader) == b"hello"


async def test_a_cut_connection_is_silent_and_open_until_it_is_mended():
    async with echo() as (relay, reader, writer):
        relay.cut()
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await said(reader, 0.1)
        assert not reader.at_eof()
        relay.mend()
        assert await said(reader) == b"hello"


async def test_a_dropped_connection_ends_for_both_sides():
    async with echo() as (relay, reader, writer):
        writer.write(b"hello")
        await said(reader)
        relay.drop()
        with contextlib.suppress(ConnectionResetError):
            assert await said(reader) == b""
