"""What carries the stanzas of a `World`: the in-memory server, or a private real one."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from xmpp_cem.model.ids import DomainId, Jid
from xmpp_cem.model.link import LinkEvent
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.runtime.ports import Clock, Transport
from xmpp_cem.testing.bus import Bus
from xmpp_cem.testing.clock import ManualClock
from xmpp_cem.testing.server import Endpoint
from xmpp_cem.xmpp.stream import Credentials, Stream


class Carrier(Protocol):
    """What carries the stanzas: the in-memory server with a manual clock, or a real server."""

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...

    def account(self, name: str) -> str:
        """Return the bare address of an account."""
        ...

    def service(self, domain: DomainId) -> Jid:
        """Return the domain's pubsub service."""
        ...

    def stream(
        self,
        address: Jid,
        deliver: Callable[[LinkEvent], None],
        admits: Callable[[Jid], bool],
        services: set[str],
    ) -> Transport:
        """Return an account's connection."""
        ...

    async def pass_time(self, length: timedelta) -> None:
        """Let time pass: at once where the clock is manual."""
        ...


class MemoryCarrier:
    """The in-memory server with a manual clock: a minute passes in a moment.

    Args:
        kind: `prosody` or `ejabberd`, whose ways the server has.
        host: of all accounts.
        vtns: domain to the local part of the account that owns its pubsub service.
        clock: another one than one of its own.
    """

    def __init__(
        self,
        kind: str,
        host: str,
        vtns: Mapping[DomainId, str],
        clock: ManualClock | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.host = host
        admins = {str(self.service(domain)): {f"{vtn}@{host}"} for domain, vtn in vtns.items()}
        self.bus = Bus(kind, admins=admins, clock=self.clock)

    def account(self, name: str) -> str:
        """Return the bare address of an account."""
        return f"{name}@{self.host}"

    def service(self, domain: DomainId) -> Jid:
        """Return the domain's pubsub service."""
        return Jid(f"pubsub-{domain}.{self.host}")

    def stream(
        self,
        address: Jid,
        deliver: Callable[[LinkEvent], None],
        admits: Callable[[Jid], bool],
        services: set[str],
    ) -> Transport:
        """Return an account's connection."""
        return self.bus.stream(address, deliver, admits=admits, services=services)

    async def pass_time(self, length: timedelta) -> None:
        """Advance the clock."""
        await self.clock.advance(length)


class ServerCarrier:
    """Private servers and the computer's clock; passwords are `pw-` and the account's name.

    Args:
        endpoint: the server of all accounts that are nowhere else.
        relays: bare addresses to the port that they connect to instead of their server's.
        elsewhere: names of accounts on another server; a domain is where its VTN is.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        relays: Mapping[str, int] | None = None,
        elsewhere: Mapping[str, Endpoint] | None = None,
    ) -> None:
        self.clock = SystemClock()
        self.host = endpoint.xmpp_host
        self._endpoint = endpoint
        self._relays = relays or {}
        self._elsewhere = elsewhere or {}

    def account(self, name: str) -> str:
        """Return the bare address of an account."""
        return f"{name}@{self._server_of(name).xmpp_host}"

    def service(self, domain: DomainId) -> Jid:
        """Return the domain's pubsub service."""
        return Jid(self._server_of(f"vtn-{domain}").pubsub(domain))

    def stream(
        self,
        address: Jid,
        deliver: Callable[[LinkEvent], None],
        admits: Callable[[Jid], bool],
        services: set[str],
    ) -> Transport:
        """Return an account's connection."""
        name = address.bare.partition("@")[0]
        server = self._server_of(name)
        credentials = Credentials(
            address=address,
            password=f"pw-{name}",
            host=server.host,
            port=self._relays.get(address.bare, server.port),
            ca_file=Path(server.ca_file),
            watch_interval=0.05,
        )
        return Stream(credentials, deliver, admits=admits, services=services, backoff=(0.2, 2.0))

    async def pass_time(self, length: timedelta) -> None:
        """Wait."""
        await asyncio.sleep(length.total_seconds())

    def _server_of(self, name: str) -> Endpoint:
        return self._elsewhere.get(name, self._endpoint)
