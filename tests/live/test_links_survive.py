"""What a connection survives: a network that dies silently, a new certificate, a new address."""

import asyncio
import os
import signal
import socket
import time

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkDown, LinkUp
from xmpp_cem.testing.pki import make_pki
from xmpp_cem.testing.relay import Relay
from xmpp_cem.xmpp.stream import Credentials, Stream

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
]

HOST = "xmpp.localhost"


class Peer:
    """A connection and what it has told."""

    def __init__(self, server, host, port, **options):
        credentials = Credentials(
            Jid(f"ven1@{HOST}", "ven"),
            "secret of ven1",
            host=host,
            port=port,
            ca_file=server.endpoint.ca_file,
        )
        self.ups = self.downs = 0
        self.stream = Stream(
            credentials,
            self._take,
            admits=lambda _: True,
            services=(),
            backoff=(0.2, 0.5),
            **options,
        )

    def _take(self, seen):
        self.ups += isinstance(seen, LinkUp)
        self.downs += isinstance(seen, LinkDown)

    async def until(self, is_true, seconds=10):
        began = time.monotonic()
        while not is_true():
            assert time.monotonic() - began < seconds
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def __aenter__(self):
        self.task = asyncio.create_task(self.stream.run(), name="peer")
        await self.until(lambda: self.ups == 1)
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.mark.slow
async def test_a_connection_that_died_without_a_word_is_noticed_and_made_anew(server):
    async with (
        Relay(server.endpoint.port).serving() as relay,
        Peer(server, "127.0.0.1", relay.port, keepalive=0.5) as ven,
    ):
        relay.cut()
        assert await ven.until(lambda: ven.downs == 1, 12) < 10
        relay.drop()
        await ven.until(lambda: ven.ups == 2, 35)
        assert await ven.stream.ping(Jid(HOST), 5)


async def test_a_server_that_speaks_is_not_asked_whether_it_lives(server):
    end = server.endpoint
    async with Peer(server, end.host, end.port, keepalive=1.0) as ven:
        asked = []
        send = ven.stream._session.requests.ask_now

        async def noted(to, kind, content, seconds):
            asked.append(content.tag)
            return await send(to, kind, content, seconds)

        ven.stream._session.requests.ask_now = noted
        for _ in range(6):
            await asyncio.sleep(0.4)
            await ven.stream._session.requests.ask(Jid(HOST), "get", _disco(), 5)
        assert asked == []
        await ven.until(lambda: len(asked) == 1, 3)


def _disco():
    from xml.etree.ElementTree import Element

    return Element("{http://jabber.org/protocol/disco#info}query")


async def test_a_new_authority_and_certificate_are_taken_with_the_next_connection(server):
    end = server.endpoint
    async with (
        Relay(end.port).serving() as relay,
        Peer(server, "127.0.0.1", relay.port) as ven,
    ):
        make_pki(end.ca_file.parent, (HOST, end.pubsub("a"), end.pubsub("b")))
        if end.kind == "prosody":
            os.kill(server.pid, signal.SIGHUP)
            await asyncio.sleep(1)
            assert (ven.ups, ven.downs) == (1, 0)
            relay.drop()
        else:
            await server.restart()
        await ven.until(lambda: ven.ups == 2, 20)
        assert ven.downs == 1


async def test_a_name_that_points_elsewhere_is_asked_anew(server, monkeypatch):
    asked, addresses = socket.getaddrinfo, ["127.0.0.2"]

    def getaddrinfo(host, *rest, **more):
        return asked(addresses[0] if host == "server.test" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    port = server.endpoint.port
    async with (
        Relay(port, "127.0.0.2").serving() as first,
        Relay(port, "127.0.0.3").serving(first.port) as second,
        Peer(server, "server.test", first.port) as ven,
    ):
        assert (len(first._writers), len(second._writers)) == (2, 0)
        addresses[0] = "127.0.0.3"
        first.drop()
        await ven.until(lambda: ven.ups == 2)
        assert len(second._writers) == 2


async def test_a_sending_task_that_dies_ends_the_connection_at_once(server):
    end = server.endpoint
    async with Peer(server, end.host, end.port) as ven:
        ven.stream._session._client._run_out_filters.cancel()
        assert await ven.until(lambda: ven.ups == 2) < 5
        assert ven.downs == 1
