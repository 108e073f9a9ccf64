"""Fixtures for tests that talk to real servers."""

import pytest
import pytest_asyncio

from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing

HOST = "xmpp.localhost"


@pytest.fixture(scope="module")
def accounts():
    names = ("vtn", "vtn-b", "ven1", "ven2", "ven3", "ven4", "ven5", "operator", "viewer")
    return {name: Account(f"{name}@{HOST}", f"secret of {name}") for name in names}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["prosody", "ejabberd"])
async def server(request, tmp_path_factory, accounts):
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    started = await PrivateServer.start(
        request.param,
        tmp_path_factory.mktemp(request.param),
        list(accounts.values()),
        [DomainSpec("a", "vtn"), DomainSpec("b", "vtn-b")],
    )
    yield started
    await started.stop()
