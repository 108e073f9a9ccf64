"""The proxy between a party and its server, over plain sockets."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from xmpp_cem.chaos.proxy import Harm, Proxy

HOST = "127.0.0.1"


@asynccontextmanager
async def echo():
    """Serve an echo inside the block; yields its port and the list of ended connections."""
    ended = []

    async def serve(reader, writer):
        try:
            while chunk := await reader.read(1000):
                writer.write(chunk)
        except ConnectionError:
            pass
        finally:
            ended.append(writer)
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1], ended
    finally:
        server.close()


@asynccontextmanager
async def talking():
    """Yield a proxy before an echo, a connection through it and the echo's ended ones."""
    async with echo() as (port, ended), Proxy.serving(port) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        yield proxy, reader, writer, ended
        writer.close()


async def said(reader, writer, text=b"hello"):
    writer.write(text)
    return await asyncio.wait_for(reader.readexactly(len(text)), 2)


async def test_everything_passes_both_ways():
    async with talking() as (_, reader, writer, _ended):
        assert await said(reader, writer) == b"hello"


async def test_a_dropped_connection_ends_for_both_sides_and_a_new_one_passes():
    async with talking() as (proxy, reader, writer, ended):
        await said(reader, writer)
        proxy.drop()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        again, back = await asyncio.open_connection(HOST, proxy.port)
        assert await said(again, back) == b"hello"
        assert len(ended) == 1
        back.close()


async def test_a_half_open_connection_ends_for_the_server_alone():
    async with talking() as (proxy, reader, writer, ended):
        await said(reader, writer)
        proxy.leave_half_open()
        writer.write(b"is anybody there?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        assert len(ended) == 1
        assert not reader.at_eof()


async def test_what_was_stalled_arrives_in_its_order():
    async with talking() as (proxy, reader, writer, _):
        await said(reader, writer)
        proxy.stall()
        writer.write(b"one ")
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        proxy.flow()
        assert await asyncio.wait_for(reader.readexactly(7), 2) == b"one two"


@pytest.mark.parametrize("harm", [Harm(delay_s=0.1), Harm(bytes_per_s=50)])
async def test_delay_and_throttle_take_their_time(harm):
    async with talking() as (proxy, reader, writer, _):
        proxy.harm = harm
        began = asyncio.get_running_loop().time()
        assert await said(reader, writer) == b"hello"
        assert asyncio.get_running_loop().time() - began >= 0.19


async def test_a_refusing_proxy_ends_what_connects():
    async with talking() as (proxy, _, _, _):
        proxy.harm = Harm(refuses=True)
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(reader, writer)
        writer.close()


async def test_an_absent_server_ends_the_connection():
    async with echo() as (port, _):
        pass
    async with Proxy.serving(port) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(reader, writer)
        writer.close()
