"""A gateway as a process of its own, that dies where it is told."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from xmpp_cem.kills.doom import Doom
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkEvent
from xmpp_cem.runtime.ports import Store, Transport
from xmpp_cem.runtime.telemetry import configure
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.testing.boundaries import Step, SteppedStore, SteppedTransport
from xmpp_cem.testing.carriers import Carrier, ServerCarrier
from xmpp_cem.testing.site import Endpoint
from xmpp_cem.testing.world import World

_SWIFT = timedelta(seconds=1)
_WINDOW = timedelta(seconds=10)
_GRACE = timedelta(seconds=5)


@dataclass(frozen=True)
class Nest:
    """What a gateway's process is started with.

    Args:
        endpoint: the server.
        party: the gateway.
        upper: the domain above.
        members: the parties below.
        folder: where its store, its log and its trail are.
    """

    endpoint: Endpoint
    party: str
    upper: str
    members: tuple[str, ...]
    folder: Path

    @property
    def store(self) -> Path:
        """Its store."""
        return self.folder / f"{self.party}.sqlite"

    @property
    def trail(self) -> Path:
        """The boundaries that it passed since it was armed."""
        return self.folder / f"{self.party}.trail"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.party}.log"


class SteppedCarrier(ServerCarrier):
    """Connections to a real server that tell of every boundary."""

    def __init__(self, endpoint: Endpoint, step: Step) -> None:
        super().__init__(endpoint)
        self._step = step

    def stream(
        self,
        address: Jid,
        deliver: Callable[[LinkEvent], None],
        admits: Callable[[Jid], bool],
        services: set[str],
    ) -> Transport:
        """Return an account's connection."""
        return SteppedTransport(super().stream(address, deliver, admits, services), self._step)


def swift_world(carrier: Carrier, new_store: Callable[[str], Store]) -> World:
    """Return a world without parties, where what else takes minutes takes seconds.

    Windows are too long for two of them to fit into an event: what is measured decides nothing.
    """
    return World(
        carrier,
        new_store,
        report_every=_WINDOW,
        grace=_GRACE,
        change_every=_SWIFT,
        show_every=_SWIFT,
    )


def live(nest: Nest, orders: Connection) -> None:
    """Be the gateway until somebody kills it; `orders` say where to die."""
    os.setsid()  # a signal for the harness is none for it, and it gets a share of the processor
    log = os.open(nest.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    configure("console", "INFO")
    asyncio.run(_live(nest, orders))


async def _live(nest: Nest, orders: Connection) -> None:
    doom = Doom(nest.trail)
    asyncio.get_running_loop().add_reader(orders.fileno(), lambda: _obey(doom, orders))
    store = SteppedStore(DatabaseStore(nest.store), doom.pass_by)
    world = swift_world(SteppedCarrier(nest.endpoint, doom.pass_by), lambda _: store)
    await world.gateway(nest.party, nest.upper, *nest.members).run()


def _obey(doom: Doom, orders: Connection) -> None:
    """Take an order; when nobody is left who gives any, the process ends."""
    try:
        is_armed, at = orders.recv()
    except EOFError:
        os._exit(1)
    if is_armed:
        doom.arm(at)
    else:
        doom.disarm()
    orders.send(True)
