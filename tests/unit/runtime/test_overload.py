"""An engine whose store is away while its peers go on: what waits stays bounded."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Respond
from xmpp_cem.core.inputs import ItemReceived, Link, RequestArrived
from xmpp_cem.core.letters import Letters
from xmpp_cem.errors import StoreUnavailableError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.engine import Engine, Surroundings
from xmpp_cem.runtime.outbox import Outbox
from xmpp_cem.runtime.queueing import MOST
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.builders import HOST, NOW, capability, make_event, request

MINUTE = timedelta(minutes=1)
SERVICE = Jid(f"pubsub.{HOST}")
REPORT = EventMessage(
    header=Header(
        verb=Verb.CREATED,
        noun=Noun.READINGS,
        message_id=derived_id("report"),
        timestamp=NOW,
        source="a",
    ),
    body=EndDeviceControls(events=(make_event(),)),
)


ASKED = request(Verb.CREATE, Noun.CONFIG, "a", EndDeviceConfig(party="a", capability=capability()))


class Full(MemoryStore):
    """A store that is away until it is back."""

    is_away = True

    async def commit(self, batch):
        if self.is_away:
            raise StoreUnavailableError("no room")
        await super().commit(batch)


class Echo:
    """A role that answers requests and counts what it is told."""

    def __init__(self):
        self.heard = []

    def restore(self, record): ...

    def concerns(self, _now):
        return ()

    def handle(self, what, now):
        self.heard.append(what)
        if isinstance(what, RequestArrived):
            return [Respond(what.link, what.token, Letters("vtn").reply(what.message, now))]
        return []


@pytest.fixture
async def engine(wire, clock):
    made = Engine(
        Echo(),
        Full(),
        clock,
        surroundings=Surroundings(
            services=lambda _: SERVICE,
            admitted={Link.LOWER: frozenset({f"a@{HOST}"})},
        ),
    )
    made.attach(Link.LOWER, wire)
    task = asyncio.get_running_loop().create_task(made.run())
    await clock.settle()
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def arrived(number):
    sender = Jid(f"a@{HOST}", "ven")
    header = ASKED.header.model_copy(update={"message_id": derived_id(number)})
    asked = ASKED.model_copy(update={"header": header})
    return RequestArrived(Link.LOWER, sender, f"token {number}", asked)


async def test_a_flood_of_reports_while_nothing_can_be_stored_is_shed_and_said(engine, clock):
    engine.put(arrived(1))
    await clock.settle()
    for number in range(10_000):
        engine.put(ItemReceived(Link.LOWER, SERVICE, "reports", str(number), REPORT))
    assert "more arrives than can be handled" in [r.what for r in engine.health().reasons]
    engine.store.is_away = False
    await clock.advance(MINUTE)
    reports = [what for what in engine._role.heard if isinstance(what, ItemReceived)]
    assert 0 < len(reports) <= MOST // 2


async def test_a_queue_full_of_control_refuses_more_for_now(engine, wire, clock):
    for number in range(MOST + 1000):
        engine.put(arrived(number))
    refused = [done for done in wire.done if done[0] == "refuse"]
    assert {done[2:4] for done in refused} == {("resource-constraint", "wait")}
    assert len(refused) >= 1000
    engine.store.is_away = False
    await clock.advance(MINUTE)
    handled = [what for what in engine._role.heard if isinstance(what, RequestArrived)]
    assert len(handled) + len(refused) == MOST + 1000


async def test_reports_that_cannot_be_sent_do_not_pile_up(wire, clock, group):
    wire.is_up = False
    outbox = Outbox({Link.UPPER: wire}, lambda _: SERVICE, clock, lambda _: None)
    window = timedelta(seconds=1)
    most = 0
    for number in range(120):
        expires = clock.now() + 3 * window
        name = str(number)
        outbox.add(Outgoing(name, "upper", "publish", "reports", name, b"", expires), group)
        await clock.advance(window)
        most = max(most, outbox.size)
    assert most <= 3 + 30 + 1  # three windows, and the longest pause between two looks
