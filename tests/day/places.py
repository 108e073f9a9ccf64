"""Where the scripted day is played: in memory, or on a private server."""

from contextlib import AsyncExitStack, asynccontextmanager

from tests.day.script import SITES, TROUBLES
from tests.day.stepping import SteppedCarrier
from xmpp_cem.testing.carriers import MemoryCarrier
from xmpp_cem.testing.clock import ManualClock
from xmpp_cem.testing.operating import OPERATOR
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer

HOST = "xmpp.localhost"
DOMAIN, VTN = "grid", "vtn-grid"


class Memory(MemoryCarrier):
    """The in-memory server."""

    def __init__(self, start):
        super().__init__("prosody", HOST, {DOMAIN: VTN}, ManualClock(start))

    async def lose(self, bare):
        """Break an account's connection; none comes back before `find`."""
        self.bus.cut(bare)

    async def find(self, bare):
        """Let an account connect again."""
        self.bus.mend(bare)


@asynccontextmanager
async def on_server(kind, folder, start):
    """Serve a carrier over a private server; who will lose its connection has a relay."""
    names = (OPERATOR, VTN, *SITES)
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in names]
    server = await PrivateServer.start(kind, folder, accounts, [DomainSpec(DOMAIN, VTN)])
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        fragile = {t.site for t in TROUBLES if t.what in {"lost", "power cut"}}
        relays = {
            f"{site}@{HOST}": await stack.enter_async_context(Relay(server.endpoint.port).serving())
            for site in sorted(fragile)
        }
        yield SteppedCarrier(server.endpoint, start, relays)
