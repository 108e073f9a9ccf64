"""A client that shares no code with us, npm's @xmpp/client, reads and validates what we publish."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.schemas import flaws
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import EventMessage
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.codec import Flow, decode

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

pytestmark = [pytest.mark.timeout(180)]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The example beside an installed @xmpp/client."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed: apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("node")
    for path in EXAMPLES.glob("*.mjs"):
        shutil.copy(path, folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "@xmpp/client@0.14"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot install @xmpp/client: {done.stderr.strip()[-200:]}")
    return folder / "watch.mjs"


async def test_what_we_publish_is_read_and_valid_for_another_client(world, server, program):
    if server == "memory":
        pytest.skip("another client needs a real server")
    endpoint = server.endpoint
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    address = f"{endpoint.host}:{endpoint.port}"
    told = (world.account("operator"), "pw-operator", address, endpoint.pubsub("grid"), "grid")
    watching = await asyncio.create_subprocess_exec(
        "node",
        str(program),
        *told,
        "site-1",
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(endpoint.ca_file)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines = []
    reading = asyncio.create_task(_read(watching.stdout, lines))
    try:

        async def is_here():
            (member,) = (await operator.members()).members
            return member.availability is Availability.AVAILABLE and member.revision > 0

        await world.until(is_here, 40)
        await world.until(lambda: any("site-1" in line and "available" in line for line in lines))
        await operator.dispatch(81, -1000, seconds=10)
        wanted = {EndDeviceControls, EventIndex, DispatchRecord, MeterReadings}
        await world.until(lambda: wanted <= {type(m.body) for m in _messages(lines)}, 40)
    finally:
        watching.terminate()
        await watching.wait()
        await reading
        await operator.stop()
    assert [flaw for data in _items(lines) for flaw in flaws(data)] == []


async def _read(stream, lines):
    async for line in stream:
        lines.append(line.decode())


def _items(lines):
    return [line[line.index("<") :].strip().encode() for line in lines if line.startswith("cem/")]


def _messages(lines):
    messages = [decode(data, Flow.EVENT) for data in _items(lines)]
    assert all(isinstance(message, EventMessage) for message in messages)
    return messages
