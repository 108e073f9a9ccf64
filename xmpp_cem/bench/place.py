"""Where the measurements take place: a private server, child processes, connections of our own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkEvent
from xmpp_cem.testing.server import Account, DomainSpec, Kind, PrivateServer
from xmpp_cem.testing.toml import toml
from xmpp_cem.xmpp.stream import Credentials, Stream

HOST = "xmpp.localhost"
UPPER, LOWER = "upper", "lower"
NAMES = ("vtn-upper", "vtn-lower", "gateway", "ven", "operator", "bare-upper", "bare-lower")

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Place:
    """A running server, and everything that was started on it."""

    server: PrivateServer
    folder: Path
    _children: list[asyncio.subprocess.Process] = field(default_factory=list)
    _runs: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def open(cls, kind: str, folder: Path) -> "Place":
        """Start the server with all accounts; raises ServerError."""
        domains = [DomainSpec(UPPER, "vtn-upper"), DomainSpec(LOWER, "vtn-lower")]
        known: Kind = "prosody" if kind == "prosody" else "ejabberd"
        return await cls.start(known, folder, NAMES, domains, is_gateway=True)

    @classmethod
    async def start(
        cls,
        kind: Kind,
        folder: Path,
        names: Iterable[str],
        domains: list[DomainSpec],
        deploy: Path | None = None,
        *,
        is_gateway: bool = False,
    ) -> "Place":
        """Start a server with these accounts, by its shipped settings; raises ServerError."""
        names = tuple(names)
        accounts = [Account(f"{name}@{HOST}", f"pw-{name}", gateway=is_gateway) for name in names]
        where = (deploy,) if deploy else ()
        server = await PrivateServer.start(kind, folder / "server", accounts, domains, *where)
        for name in names:
            secret = folder / f"{name}.password"
            secret.write_text(f"pw-{name}")
            secret.chmod(0o600)
        return cls(server, folder)

    async def close(self) -> None:
        """End every child, connection and the server."""
        await self.clear()
        await self.server.stop()

    async def clear(self) -> None:
        """End every child and connection."""
        for task in self._runs:
            task.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)
        for child in self._children:
            await end(child)
        self._runs.clear()
        self._children.clear()

    def account(self, name: str) -> dict[str, Any]:
        """Return an account's table for a configuration file."""
        end_point = self.server.endpoint
        return {
            "jid": f"{name}@{HOST}",
            "password_file": str(self.folder / f"{name}.password"),
            "host": end_point.host,
            "port": end_point.port,
            "ca_file": str(end_point.ca_file),
        }

    def service(self, domain: str) -> Jid:
        """Return a domain's pubsub service."""
        return Jid(self.server.endpoint.pubsub(domain))

    async def connect(
        self, name: str, connection: str, deliver: Callable[[LinkEvent], None]
    ) -> Stream:
        """Connect one of our own accounts, believing both services."""
        end_point = self.server.endpoint
        credentials = Credentials(
            address=Jid(f"{name}@{HOST}", connection),
            password=f"pw-{name}",
            host=end_point.host,
            port=end_point.port,
            ca_file=end_point.ca_file,
            watch_interval=0.05,
        )
        services = {str(self.service(UPPER)), str(self.service(LOWER))}
        stream = Stream(credentials, deliver, admits=lambda _: True, services=services)
        self._runs.append(asyncio.get_running_loop().create_task(stream.run(), name="stream"))
        await until(lambda: stream.is_up)
        return stream

    async def agent(self, config: dict[str, Any], name: str) -> asyncio.subprocess.Process:
        """Start an agent of ours as a process."""
        path = self.folder / f"{name}.toml"
        path.write_text(toml(config))
        return await self._start("-m", "xmpp_cem", "run", str(path), log=f"{name}.log")

    async def bare(self, part: dict[str, Any], name: str) -> asyncio.subprocess.Process:
        """Start a bare client as a process and wait until it is ready."""
        end_point = self.server.endpoint
        part |= {
            "jid": f"{name}@{HOST}/{part.get('connection', 'ven')}",
            "password": f"pw-{name}",
            "host": end_point.host,
            "port": end_point.port,
            "ca_file": str(end_point.ca_file),
        }
        child = await self._start("-m", "xmpp_cem.bench.bare", log=f"bare-{name}.log")
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("a bare client has no pipes")
        child.stdin.write(json.dumps(part).encode() + b"\n")
        await asyncio.wait_for(child.stdout.readline(), 20)
        return child

    async def _start(self, *arguments: str, log: str) -> asyncio.subprocess.Process:
        with (self.folder / log).open("ab") as errors:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                limit=2**24,
            )
        self._children.append(child)
        return child


async def end(child: asyncio.subprocess.Process) -> None:
    """End a child: politely, then not."""
    if child.returncode is None:
        child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), 5)
        except TimeoutError:
            child.kill()
            await child.wait()


def cpu_seconds(child: asyncio.subprocess.Process) -> float:
    """Return the CPU time a child has used, user and system, in seconds."""
    text = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(text[11]) + int(text[12])) / _TICKS


async def until(is_true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not is_true():  # noqa: ASYNC110 conditions here have no event
            await asyncio.sleep(0.002)


async def quiet(child: asyncio.subprocess.Process) -> float:
    """Return a child's CPU time once it has stood still for half a second."""
    last = -1.0
    while (now := cpu_seconds(child)) != last:
        last = now
        await asyncio.sleep(0.5)
    return now
