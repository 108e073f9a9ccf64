import asyncio
import os
import sys

import pytest

from xmpp_cem.demo.files import Files, Time
from xmpp_cem.demo.fleet import DemoError, Fleet
from xmpp_cem.demo.plan import Plan
from xmpp_cem.testing.process import ServerProcess

PATIENT = (sys.executable, "-c", "import signal; signal.pause()")


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path, Plan(), Time(None, 1))


@pytest.fixture
async def server(files):
    files.server.mkdir()
    started = ServerProcess(PATIENT, {}, files.server, files.server / "output.log")
    yield started
    started.kill()


@pytest.mark.slow
async def test_an_agent_that_ends_by_itself_ends_all_with_the_tail_of_its_log(files, server):
    fleet = Fleet(files)
    files.config("grid").write_text("role = 'nobody'")
    fleet.start(["grid"])
    with pytest.raises(DemoError, match=r"grid ended unexpectedly:\n.*role"):
        async with asyncio.timeout(50):
            await fleet.watch(server.pid)
    await fleet.stop()


async def test_a_server_that_dies_ends_all_with_the_tail_of_its_log(files, server):
    (files.server / "output.log").write_text("out of memory")
    os.kill(server.pid, 9)
    with pytest.raises(DemoError, match="server ended unexpectedly:\nout of memory"):
        async with asyncio.timeout(20):
            await Fleet(files).watch(server.pid)


async def test_a_silent_agent_says_that_its_log_is_empty(files):
    files.log("grid").touch()
    assert Fleet(files).tail("grid") == "(its log is empty)"
