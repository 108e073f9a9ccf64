"""Every conversation runs three times: in memory, on Prosody and on ejabberd."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import MemoryCarrier, ServerCarrier
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer
from xmpp_cem.testing.world import World

HOST = "xmpp.localhost"
PARTIES = (
    *("operator", "outsider", "agg-1", "agg-1-b", "agg-2"),
    *("site-1", "site-2", "site-3", "site-4"),
    *("level-2", "level-3", "level-4"),
)
DOMAINS = (
    *("grid", "dso-b", "agg-1-sites", "agg-2-sites", "west-sites"),
    *("level-2-sites", "level-3-sites", "level-4-sites"),
)
VTNS = tuple(f"vtn-{domain}" for domain in DOMAINS)


@pytest.fixture(scope="module", params=["memory", "prosody", "ejabberd"])
def server(request, tmp_path_factory) -> Iterator[PrivateServer | str]:
    """The server of a module: a real one, or the name of the simulated kind."""
    if request.param == "memory":
        yield "memory"
        return
    folder: Path = tmp_path_factory.mktemp(request.param)
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in (*PARTIES, *VTNS)]
    domains = [DomainSpec(domain, f"vtn-{domain}") for domain in DOMAINS]
    running = asyncio.run(PrivateServer.start(request.param, folder, accounts, domains))
    yield running
    asyncio.run(running.stop())


@pytest.fixture
async def world(server) -> AsyncIterator[World]:
    """A hierarchy without parties, and with a store for each that outlives its agent."""
    stores: dict[str, MemoryStore] = {}
    if server == "memory":
        carrier = MemoryCarrier("prosody", HOST, dict(zip(DOMAINS, VTNS, strict=True)))
    else:
        carrier = ServerCarrier(server.endpoint)
    built = World(carrier, lambda party: stores.setdefault(party, MemoryStore()))
    yield built
    await built.stop()
