"""Each kind of an agent's tasks is killed by what it works with; none is missing afterwards."""

import asyncio
from datetime import timedelta

import pytest

from xmpp_cem.core.effects import (
    Actuate,
    AskDecision,
    CatchUp,
    Fetch,
    Ping,
    ProbeService,
    Query,
    ReadDevices,
    Transact,
    VerifyNodes,
    WatchPresence,
)
from xmpp_cem.core.inputs import Link, Started
from xmpp_cem.errors import AgentError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Outgoing
from xmpp_cem.runtime.engine import Engine, Surroundings
from xmpp_cem.runtime.supervision import Tasks
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.builders import HOST, NOW, make_event, request

SERVICE = Jid(f"pubsub.{HOST}")
PEER = Jid(f"a@{HOST}", "ven")
ASKED = request(Verb.GET, Noun.CONFIG, "vtn")
TOLD = request(Verb.CREATE, Noun.CONFIG, "vtn", EndDeviceConfig(party="vtn"))


class BugError(Exception):
    """What no part of an agent expects."""


class Doing:
    """A state machine that wants something done as soon as it runs."""

    def __init__(self, *effects):
        self.effects = effects
        self.heard = []

    def restore(self, record):
        raise AssertionError(record)

    def handle(self, what, _now):
        self.heard.append(what)
        if isinstance(what, Started):
            if self.effects == ("bug",):
                raise BugError
            return list(self.effects)
        return []


class Broken:
    """A site's program that always fails."""

    async def decide(self, _event, _power_w):
        raise BugError

    async def apply(self, _set_points):
        raise BugError

    async def read(self):
        raise BugError


def engine(wire, clock, role, store=None, application=None):
    surroundings = Surroundings(services=lambda _: SERVICE, admitted={})
    made = Engine(
        role, store or MemoryStore(), clock, application=application, surroundings=surroundings
    )
    made.attach(Link.UPPER, wire)
    return made


async def outcome_of(made, clock):
    """Run an engine for a while; return what it died from, or None."""
    before = asyncio.all_tasks()
    task = asyncio.get_running_loop().create_task(made.run())
    await clock.settle()
    died = task.done()
    task.cancel()
    result = (await asyncio.gather(task, return_exceptions=True))[0]
    assert asyncio.all_tasks() <= before
    return result if died else None


def assert_died_of(result, kind, text=""):
    assert isinstance(result, ExceptionGroup)
    assert result.subgroup(lambda error: isinstance(error, kind) and text in str(error))


EFFECTS = {
    "watch": WatchPresence(Link.UPPER, Jid(PEER.bare)),
    "catch up": CatchUp(Link.UPPER, SERVICE, "n"),
    "fetch": Fetch(Link.UPPER, SERVICE, "n", ("i",)),
    "probe": ProbeService(Link.UPPER, SERVICE),
    "query": Query(Link.UPPER, PEER, ASKED, timedelta(seconds=5)),
    "ping": Ping(Link.UPPER, PEER, timedelta(seconds=5)),
    "outbox": Transact(Link.UPPER, PEER, TOLD, NOW + timedelta(days=10_000)),
}


@pytest.mark.parametrize("kind", EFFECTS)
async def test_a_bug_in_what_runs_over_a_connection_ends_the_agent(wire, clock, kind):
    wire.outcomes = [BugError()]
    assert_died_of(await outcome_of(engine(wire, clock, Doing(EFFECTS[kind])), clock), BugError)


@pytest.mark.parametrize("kind", EFFECTS)
async def test_a_stray_cancellation_ends_the_agent_and_not_only_the_task(wire, clock, kind):
    wire.outcomes = [asyncio.CancelledError()]
    result = await outcome_of(engine(wire, clock, Doing(EFFECTS[kind])), clock)
    assert_died_of(result, AgentError, "cancelled by nobody")


async def test_a_bug_in_verifying_nodes_ends_the_agent(wire, clock):
    from xmpp_cem.core.vtn.nodes import node_specs
    from xmpp_cem.model.node import Uplink
    from xmpp_cem.testing.builders import Domain

    specs = node_specs(Domain("a").settings, Uplink.TRANSACTION, ("a@x.example",))
    wire.outcomes = [BugError()]
    role = Doing(VerifyNodes(Link.UPPER, SERVICE, specs))
    assert_died_of(await outcome_of(engine(wire, clock, role), clock), BugError)


async def test_a_bug_in_the_core_ends_the_agent(wire, clock):
    assert_died_of(await outcome_of(engine(wire, clock, Doing("bug")), clock), BugError)


@pytest.mark.parametrize("way", ["raises", "returns"])
async def test_a_connection_that_ends_ends_the_agent(wire, clock, way):
    async def run():
        if way == "raises":
            raise BugError

    wire.run = run
    result = await outcome_of(engine(wire, clock, Doing()), clock)
    if way == "raises":
        assert_died_of(result, BugError)
    else:
        assert_died_of(result, AgentError, "connection upper has ended")


async def test_a_clock_that_fails_ends_the_agent(wire, clock):
    async def sleep_until(_at):
        raise BugError

    clock.sleep_until = sleep_until
    assert_died_of(await outcome_of(engine(wire, clock, Doing()), clock), BugError)


async def test_a_store_that_fails_to_prune_ends_the_agent(wire, clock):
    store = MemoryStore()

    async def prune(_before, _keep):
        raise BugError

    store.prune = prune
    assert_died_of(await outcome_of(engine(wire, clock, Doing(), store), clock), BugError)


async def test_a_sites_program_that_fails_ends_nothing(wire, clock):
    event = make_event()
    role = Doing(AskDecision(event, -1), Actuate(()), ReadDevices())
    assert await outcome_of(engine(wire, clock, role, application=Broken()), clock) is None
    assert [type(what).__name__ for what in role.heard] == ["Started", "Decided"]


async def test_an_old_entry_that_can_no_longer_be_read_is_dropped_and_ends_nothing(wire, clock):
    store = MemoryStore()
    until = NOW + timedelta(days=10_000)
    await store.open()
    entry = Outgoing("m", Link.UPPER, "transact", str(PEER), "", b"<nonsense/>", until)
    await store.commit(Batch(send=[entry]))
    await store.close()
    wire.answer = b"<nonsense/>"
    assert await outcome_of(engine(wire, clock, Doing(), store), clock) is None
    await store.open()
    assert (await store.load()).outbox == ()


async def test_every_task_has_a_name_that_says_what_it_does(wire, clock):
    before = asyncio.all_tasks()
    role = Doing(EFFECTS["outbox"], EFFECTS["probe"])
    wire.outcomes = ["never", "never"]
    task = asyncio.get_running_loop().create_task(engine(wire, clock, role).run(), name="agent")
    await clock.settle()
    names = {t.get_name() for t in asyncio.all_tasks() - before}
    assert {
        "agent",
        "supervision",
        "work",
        "timers",
        "prune",
        "overdue requests",
        "connection upper",
        "upper probe",
        f"outbox upper {PEER}",
    } <= names
    assert [name for name in names if name.startswith("Task-")] == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_tasks_that_end_as_they_may_end_nothing():
    async def short():
        await asyncio.sleep(0)

    async def long():
        await asyncio.Event().wait()

    async def grouped():
        async with asyncio.TaskGroup() as group:
            tasks = Tasks(group)
            tasks.create_task(short(), name="short")
            tasks.create_task(long(), name="cancelled by somebody").cancel()
            await asyncio.sleep(0.01)
            ended.append(True)

    ended = []
    task = asyncio.get_running_loop().create_task(grouped())
    await asyncio.sleep(0.05)
    assert (ended, task.done()) == ([True], False)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
