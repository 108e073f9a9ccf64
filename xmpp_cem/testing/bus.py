"""One XMPP server in memory, on which agents run unchanged."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkEvent
from xmpp_cem.testing.bus_router import Router
from xmpp_cem.testing.bus_service import Kind
from xmpp_cem.testing.bus_stream import BusStream, Login

__all__ = ["Bus", "BusStream", "Kind"]


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        ...

    async def sleep_until(self, at: datetime) -> None:
        """Return at an instant."""
        ...


class Bus:
    """A simulated server: accounts, presence, requests and pubsub services.

    Everything travels through one queue, a step per turn of the event loop: asynchronous, yet the
    same on every run. Accounts exist as soon as they log in. What the services store outlives
    every session, as roster subscriptions do.

    Args:
        kind: `prosody` or `ejabberd`: who may write without reading, whether publishers are named,
            which refusals, evictions and retractions are seen.
        admins: pubsub service to the bare addresses that may create nodes on it; there are no
            other services. May be changed at any time through `admins`.
        clock: measures the timeouts of requests; without one the event loop does.

    Raises:
        ValueError: `kind` is neither.
    """

    def __init__(
        self,
        kind: str = Kind.PROSODY,
        *,
        admins: Mapping[str, Collection[str]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.admins = {service: set(accounts) for service, accounts in (admins or {}).items()}
        sleep = asyncio.sleep if clock is None else _sleep_by(clock)
        self._router = Router(Kind(kind), self.admins, sleep)

    def stream(
        self,
        address: Jid,
        deliver: Callable[[LinkEvent], None],
        *,
        admits: Callable[[Jid], bool],
        services: Collection[str],
        priority: int = 0,
    ) -> BusStream:
        """Return a connection of an account, in the shape of `Stream`; nothing runs yet.

        Args:
            address: the full address to bind.
            deliver: takes every LinkEvent in order; must not block nor raise.
            admits: whether a bare address may subscribe to our presence.
            services: addresses of the pubsub services whose notifications we believe.
            priority: -128 to 127; negative receives no pubsub notifications.
        """
        return BusStream(Login(address, deliver, admits, services, priority), self._router)

    def cut(self, bare: str) -> None:
        """Break an account's connections at once; none comes back before `mend`.

        Watchers see it unavailable, what it was sending or asking is lost, and so are
        notifications until it is back.
        """
        self._router.cut(bare)

    def mend(self, bare: str) -> None:
        """Let a cut account log in again."""
        self._router.mend(bare)

    def down(self) -> None:
        """Kill the server: every connection breaks, nobody is told, all under way is lost."""
        self._router.stop()

    def up(self) -> None:
        """Start the server again, with its nodes, items, affiliations and subscriptions."""
        self._router.start()


def _sleep_by(clock: Clock) -> Callable[[float], Coroutine[Any, Any, None]]:
    async def sleep(seconds: float) -> None:
        await clock.sleep_until(clock.now() + timedelta(seconds=seconds))

    return sleep
