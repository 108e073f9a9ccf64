"""What whole agents survive, as processes on real servers: frozen, killed, started in any order."""

import asyncio
import contextlib
import itertools
import json
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from xmpp_cem.agents.operator import Operator
from xmpp_cem.bench.detect import Options, Scene
from xmpp_cem.bench.place import Place
from xmpp_cem.errors import TransportError
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

HOST = "xmpp.localhost"
VTN, SITE = "vtn-grid", "site-0"
ORDERS = list(itertools.permutations(["server", VTN, SITE]))


class Town(Scene):
    """A VTN with a short lease and one site that tells its health."""

    def _lower(self):
        made = super()._lower()
        made["lower"]["lease"] = "PT5S"
        return made

    def _upper(self, name):
        return super()._upper(name) | {"health": f"127.0.0.1:{self.health_port}"}

    async def health(self):
        """Return what the site tells of itself."""
        return await asyncio.to_thread(self._health)

    def _health(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz") as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    async def is_here(self):
        """Whether the VTN counts on the site."""
        with contextlib.suppress(TransportError):
            return SITE in await self.reachable()
        return False

    async def until(self, is_true, seconds=40):
        """Wait; return after how many seconds it was true."""
        began = time.monotonic()
        while not await is_true():
            assert time.monotonic() - began < seconds
            await asyncio.sleep(0.1)
        return time.monotonic() - began


@pytest.fixture(params=["prosody", "ejabberd"])
async def town(request, tmp_path):
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    names = (VTN, SITE, "operator")
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in names]
    server = await PrivateServer.start(
        request.param, tmp_path / "server", accounts, [DomainSpec("grid", VTN)]
    )
    for name in names:
        (tmp_path / f"{name}.password").write_text(f"pw-{name}")
        (tmp_path / f"{name}.password").chmod(0o600)
    place = Place(server, tmp_path)
    async with Relay(server.endpoint.port).serving() as relay:
        made = Town(place, relay, Options(request.param, vens=1, victims=1))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            made.health_port = probe.getsockname()[1]
        yield made
        await place.close()


@contextlib.asynccontextmanager
async def watched(town):
    async with Operator(town.operator_config()) as operator:
        town.operator = operator
        yield


async def test_a_frozen_site_is_lost_with_its_lease_and_comes_back_as_it_was(town):
    await town.start(VTN)
    await town.start(SITE)
    async with watched(town):
        await town.until(town.is_here)
        site = town.running[SITE]
        site.send_signal(signal.SIGSTOP)

        async def is_lost():
            return not await town.is_here()

        assert await town.until(is_lost) < 8
        await asyncio.sleep(3)
        site.send_signal(signal.SIGCONT)
        assert await town.until(town.is_here) < 8

        town.relay.cut()
        assert await town.until(is_lost) < 8
        town.relay.drop()
        await town.until(town.is_here)


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_server_vtn_and_site_may_start_in_any_order(town, order):
    await town.place.server.stop()
    for what in order:
        await (town.place.server.restart() if what == "server" else town.start(what))
        await asyncio.sleep(2)
    async with watched(town):
        await town.until(town.is_here)
    assert {child.returncode for child in town.running.values()} == {None}


async def test_health_says_what_is_missing_and_sigterm_ends_in_order(town):
    await town.place.server.stop()
    await town.start(SITE)

    async def tells(*statuses):
        with contextlib.suppress(OSError):
            return (await town.health())["status"] in statuses
        return False

    await town.until(lambda: tells("degraded", "failing"))
    (reason,) = (await town.health())["reasons"]
    assert reason["what"] == "no upper connection"
    await town.place.server.restart()
    await town.until(lambda: tells("ok"))
    site = town.running[SITE]
    began = time.monotonic()
    site.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(site.wait(), 30) == 0
    assert time.monotonic() - began < 15  # what nobody takes is waited for 5 s


async def test_what_an_agent_cannot_mend_ends_it_with_code_1(town):
    store = town.place.folder / f"{SITE}.sqlite"
    store.write_bytes(b"this is no database" * 1000)
    await town.start(SITE)
    assert await asyncio.wait_for(town.running[SITE].wait(), 20) == 1
    assert "sqlite" in town._log(SITE)
