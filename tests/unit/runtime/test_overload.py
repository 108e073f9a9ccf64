"""An engine whose store is away while its peers go on: what waits stays bounded."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Respond, Transact
from xmpp_cem.core.inputs import ItemReceived, Link, RequestArrived
from xmpp_cem.core.letters import Letters
from xmpp_cem.errors import StoreUnavailableError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, NamedId, Noun, RequestMessage, Verb
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.keeping import Batch, Outgoing, Retention
from xmpp_cem.runtime.engine import Engine, Surroundings
from xmpp_cem.runtime.health import Shed
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
    assert engine.health().shed == Shed(telemetry=10_000 - len(reports))


@pytest.mark.slow
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
    assert engine.health().shed == Shed(control=len(refused))


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


def wants(verb, number, noun=Noun.CONTROLS):
    """An operator's request about an event."""
    header = ASKED.header.model_copy(
        update={"verb": verb, "noun": noun, "message_id": derived_id(verb, number)}
    )
    sent = RequestMessage(header=header, ids=(NamedId(text="e"),))
    return RequestArrived(Link.LOWER, Jid(f"a@{HOST}", "cli"), f"{verb.value} {number}", sent)


class Telling(Echo):
    """A role that tells a member of each event, beside its answer."""

    def handle(self, what, now):
        effects = super().handle(what, now)
        if isinstance(what, RequestArrived):
            told = request(Verb.CREATE, Noun.CONFIG, "vtn", EndDeviceConfig(party="vtn"))
            header = told.header.model_copy(
                update={"message_id": derived_id(what.message.header.message_id, "told")}
            )
            told = told.model_copy(update={"header": header})
            to = Jid(f"a@{HOST}", "ven")
            effects.append(Transact(Link.LOWER, to, told, now + timedelta(hours=1)))
        return effects


@pytest.fixture
async def narrow(wire, clock):
    """An engine of whose messages three may wait, and whose member takes none."""
    wire.outcomes = ["never"]
    made = Engine(
        Telling(),
        MemoryStore(),
        clock,
        surroundings=Surroundings(
            services=lambda _: SERVICE,
            admitted={Link.LOWER: frozenset({f"a@{HOST}"})},
            retention=Retention(outbox=3),
        ),
    )
    made.attach(Link.LOWER, wire)
    task = asyncio.get_running_loop().create_task(made.run())
    await clock.settle()
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_full_outbox_refuses_new_events_for_now_and_takes_what_ends_them(
    narrow, wire, clock
):
    for number in range(10):
        narrow.put(wants(Verb.CREATE, number))
    narrow.put(wants(Verb.CHANGE, 10))
    narrow.put(wants(Verb.CANCEL, 11))
    await clock.settle()
    refused = {done[1]: done for done in wire.done if done[0] == "refuse"}
    assert list(refused) == [*(f"create {number}" for number in range(3, 10)), "change 10"]
    assert {(done[2], done[3]) for done in refused.values()} == {("resource-constraint", "wait")}
    assert all(b"5.1" in done[5] for done in refused.values())
    handled = [what.token for what in narrow._role.heard if isinstance(what, RequestArrived)]
    assert handled == ["create 0", "create 1", "create 2", "cancel 11"]
    assert narrow.health().outbox == 4
    assert narrow.health().shed == Shed(refused=len(refused))
    assert "too much waits to be sent, new events are refused" in [
        reason.what for reason in narrow.health().reasons
    ]


async def test_a_repeat_of_what_was_taken_is_answered_also_while_the_outbox_is_full(
    narrow, wire, clock
):
    for number in range(4):
        narrow.put(wants(Verb.CREATE, number))
    await clock.settle()
    narrow.put(replace(wants(Verb.CREATE, 0), token="again"))
    await clock.settle()
    assert [done[0] for done in wire.done if done[1] == "again"] == ["respond"]


async def test_readings_that_yield_leave_the_store_too(clock, wire):
    wire.is_up = False
    store = MemoryStore()
    at = clock.now() + timedelta(hours=1)
    kinds = ["readings"] * 8 + ["publish"] * 8
    waiting = [
        Outgoing(f"{kind} {n}", "lower", kind, kind, str(n), b"", at)
        for n, kind in enumerate(kinds)
    ]
    await store.open()
    await store.commit(Batch(send=waiting))
    await store.close()
    made = Engine(
        Echo(),
        store,
        clock,
        surroundings=Surroundings(
            services=lambda _: SERVICE, admitted={}, retention=Retention(outbox=10)
        ),
    )
    made.attach(Link.LOWER, wire)
    task = asyncio.get_running_loop().create_task(made.run())
    await clock.settle()
    kinds = [entry.kind for entry in (await store.load()).outbox]
    assert (kinds.count("readings"), kinds.count("publish")) == (2, 8)
    assert made.health().shed == Shed(unsent=6)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
