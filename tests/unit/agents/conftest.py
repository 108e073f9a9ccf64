import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from xmpp_cem.agents.assemble import vtn_engine
from xmpp_cem.agents.operator import Operator, fresh_id
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.domains import WatchedConfig
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.model.availability import Availability, Offer
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.bus import Bus
from xmpp_cem.wire.codec import encode, encode_presence
from xmpp_cem.wire.digests import digest

HOST = "xmpp.example"
SERVICE = Jid(f"pubsub-grid.{HOST}")
VTN = Jid(f"grid@{HOST}", "vtn")
SITE = Jid(f"site-1@{HOST}", "ven")


class Place:
    """A VTN with one member on the in-memory server, and operators that come and go."""

    def __init__(self, folder: Path) -> None:
        self.bus = Bus("prosody", admins={str(SERVICE): {VTN.bare}})
        self.secret = folder / "secret"
        self.secret.write_text("x")
        self.secret.chmod(0o600)
        settings = VtnSettings(
            party="grid",
            domain="grid",
            address=VTN,
            service=SERVICE,
            digest=digest,
            members={"site-1": SITE.bare},
            operators=frozenset({f"op@{HOST}"}),
            grace=timedelta(0),
        )
        self.engine = vtn_engine(settings, MemoryStore(), SystemClock())
        intake = self.engine.intake(Link.LOWER)
        self.engine.attach(
            Link.LOWER,
            self.bus.stream(
                VTN,
                intake.deliver,
                admits=intake.is_admitted,
                services=self.engine.trusted(Link.LOWER),
            ),
        )
        self.site = self.bus.stream(SITE, lambda _: None, admits=lambda _: True, services=())

    def config(self, account: str = f"op@{HOST}") -> OperatorConfig:
        return OperatorConfig(
            role="operator",
            party="op",
            account=AccountConfig(jid=account, password_file=self.secret),
            domains=(WatchedConfig(domain="grid", vtn=VTN.bare, pubsub=SERVICE.bare),),
        )

    def operator(self, account: str = f"op@{HOST}") -> Operator:
        def connect(credentials, deliver, *, admits, services):
            return self.bus.stream(credentials.address, deliver, admits=admits, services=services)

        return Operator(self.config(account), connect)

    def show(self, decrease_w: int) -> None:
        """Let the member show an offer."""
        capability = _capability(decrease_w)
        offer = Offer(
            availability=Availability.AVAILABLE,
            capability=capability,
            valid_until=capability.at + timedelta(minutes=5),
        )
        self.site.show_presence("", offer.status, (encode_presence(offer),))

    async def register(self, decrease_w: int) -> None:
        """Let the member tell the VTN its capability."""
        capability = _capability(decrease_w)
        header = Header(
            verb=Verb.CREATE,
            noun=Noun.CONFIG,
            message_id=fresh_id(),
            timestamp=capability.at,
            source="site-1",
        )
        body = EndDeviceConfig(party="site-1", capability=capability)
        request = encode(RequestMessage(header=header, body=body))
        await self.site.request(VTN, request, is_query=False, timeout=5)


def _capability(decrease_w: int) -> Capability:
    resource = Resource(id="r", kind="battery", decrease_w=decrease_w)
    return Capability(revision=1, at=SystemClock().now(), resources=(resource,))


@contextlib.asynccontextmanager
async def running(*coroutines) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def settled(turns: int = 500) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    async with running(place.engine.run(), place.site.run()):
        await settled()
        yield place
