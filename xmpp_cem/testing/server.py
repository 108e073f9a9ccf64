"""Private Prosody and ejabberd servers for tests and the demo, configured by deploy/."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from xmpp_cem.errors import ServerError
from xmpp_cem.testing import ejabberd, prosody
from xmpp_cem.testing.pki import ServerPki, make_pki
from xmpp_cem.testing.process import ServerProcess
from xmpp_cem.testing.readiness import accepts_tls, listens
from xmpp_cem.testing.site import (
    LOOPBACK,
    Account,
    Command,
    DomainSpec,
    Endpoint,
    Federation,
    Kind,
    Site,
)

__all__ = ["Account", "DomainSpec", "Endpoint", "Federation", "Kind", "PrivateServer", "missing"]

_DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
_DEFAULT_HOST: Final = "xmpp.localhost"
_START_S: Final = 90.0
_STOP_S: Final = 5.0
_POLL_S: Final = 0.05
_TAIL_LINES: Final = 15


@dataclass(frozen=True)
class _Recipe:
    missing: Callable[[], str | None]
    configure: Callable[[Site, ServerPki], Command]
    add_account: Callable[[Site, Account], Awaitable[None]]
    set_password: Callable[[Site, Account], Awaitable[None]]


_RECIPES: Final[dict[Kind, _Recipe]] = {
    "prosody": _Recipe(
        prosody.missing, prosody.configure, prosody.add_account, prosody.set_password
    ),
    "ejabberd": _Recipe(
        ejabberd.missing, ejabberd.configure, ejabberd.add_account, ejabberd.set_password
    ),
}


def missing(kind: Kind) -> str | None:
    """What to install before such a server can start, as a sentence with the command."""
    return _RECIPES[kind].missing()


class PrivateServer:
    """A server on loopback that keeps everything below one folder; made by `start`."""

    def __init__(self, site: Site, pki: ServerPki) -> None:
        self._site = site
        self._recipe = _RECIPES[site.endpoint.kind]
        self._command = self._recipe.configure(site, pki)
        self._process = self._spawn()

    @classmethod
    async def start(
        cls,
        kind: Kind,
        folder: Path,
        accounts: Sequence[Account],
        domains: Sequence[DomainSpec],
        deploy: Path = _DEPLOY,
        federation: Federation | None = None,
    ) -> Self:
        """Start a server and wait until clients can log in.

        Args:
            kind: which server.
            folder: made if need be; must not hold another server's data.
            accounts: all of one host, which becomes the server's.
            domains: each gets a pubsub service of its own.
            deploy: the configuration templates.
            federation: with whom it speaks over s2s.

        Raises:
            ServerError: the server is not installed, did not start or refuses an account.
        """
        reason = missing(kind)
        if reason:
            raise ServerError(reason)
        server = cls(*_prepare(kind, folder, accounts, tuple(domains), deploy, federation))
        try:
            await server._wait_until_ready()
            await asyncio.gather(*(server.add_account(account) for account in accounts))
        except BaseException:
            await server.kill()
            raise
        return server

    @property
    def endpoint(self) -> Endpoint:
        """Where it is reached; the same after a restart."""
        return self._site.endpoint

    @property
    def pid(self) -> int:
        """Process id of the server now running, or of the last one."""
        return self._process.pid

    async def add_account(self, account: Account) -> None:
        """Make an account that can log in at once; `gateway` counts only at `start`.

        Raises:
            ServerError: the account exists or the server refuses it.
        """
        await self._recipe.add_account(self._site, account)

    async def set_password(self, account: Account) -> None:
        """Give an account another password; ejabberd's configuration must allow the command.

        Raises:
            ServerError: the server refuses, or there is no such account.
        """
        await self._recipe.set_password(self._site, account)

    async def stop(self) -> None:
        """End it in order, by force after 5 s; idempotent."""
        await self._process.stop(_STOP_S)

    async def kill(self) -> None:
        """End it at once as a crash would; idempotent.

        ejabberd loses what it acknowledged in its last seconds, new accounts too; Prosody nothing.
        """
        self._process.kill()

    async def restart(self, *, is_trusted: bool = True) -> None:
        """Stop it if it runs and start it again on the same port with the same data.

        Args:
            is_trusted: whether it has a certificate that clients believe.

        Raises:
            ServerError: it did not come back.
        """
        await self.stop()
        self._process = self._spawn()
        try:
            await self._wait_until_ready(accepts_tls if is_trusted else listens)
        except BaseException:
            await self.kill()
            raise

    def _spawn(self) -> ServerProcess:
        folder = self._site.folder
        return ServerProcess(self._command.argv, self._command.env, folder, folder / "output.log")

    async def _wait_until_ready(
        self, is_ready: Callable[[Endpoint], Awaitable[bool]] = accepts_tls
    ) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_S
        while not await is_ready(self.endpoint):
            if not self._process.is_running:
                raise ServerError(f"{self.endpoint.kind} died at start\n{self._tail()}")
            if loop.time() > deadline:
                raise ServerError(f"{self.endpoint.kind} does not answer\n{self._tail()}")
            await asyncio.sleep(_POLL_S)

    def _tail(self) -> str:
        lines: list[str] = []
        for path in (self._site.folder / "output.log", self._command.log):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join(lines)


def _prepare(
    kind: Kind,
    folder: Path,
    accounts: Sequence[Account],
    domains: tuple[DomainSpec, ...],
    deploy: Path,
    federation: Federation | None,
) -> tuple[Site, ServerPki]:
    hosts = {account.host for account in accounts} or {_DEFAULT_HOST}
    if len(hosts) > 1:
        raise ServerError(f"one server serves one host, not {sorted(hosts)}")
    if not deploy.is_dir():
        raise ServerError(f"no configuration templates in {deploy}; they are in the source tree")
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_file = folder / "pki" / "ca.pem"
    address = federation.address if federation else LOOPBACK
    endpoint = Endpoint(kind, hosts.pop(), address, free_port(address), ca_file)
    fast = {f"{one.vtn}@{endpoint.xmpp_host}" for one in domains}
    fast |= {account.jid for account in accounts if account.gateway}
    names = (endpoint.xmpp_host, *(endpoint.pubsub(one.domain) for one in domains))
    site = Site(endpoint, folder, deploy.resolve(), domains, tuple(sorted(fast)), federation)
    if federation:
        federation.write_peers(site.peers_file)
    return site, make_pki(ca_file.parent, names, federation.authority if federation else None)


def free_port(address: str = LOOPBACK) -> int:
    """Return a port of a loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
