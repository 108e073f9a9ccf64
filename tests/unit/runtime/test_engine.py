import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from xmpp_cem.core.concerns import Concern
from xmpp_cem.core.effects import (
    Note,
    ProbeService,
    Publish,
    Remember,
    Respond,
    SetTimer,
    ShowPresence,
    Transact,
)
from xmpp_cem.core.inputs import (
    Decided,
    Link,
    LinkChanged,
    NodesVerified,
    PresenceChanged,
    ReplyArrived,
    RequestArrived,
    Started,
    TimerFired,
    TransactionFailed,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.records import VtnRecord
from xmpp_cem.errors import ClockError, RefusedError, StoreError, StoreUnavailableError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.keeping import Batch
from xmpp_cem.runtime import journal
from xmpp_cem.runtime.engine import Engine, Surroundings
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.builders import HOST, NOW, capability, make_event, request
from xmpp_cem.wire.codec import encode

SENDER = Jid(f"a@{HOST}", "ven")
PEER = Jid(f"vtn@{HOST}", "vtn")
ASKED = request(Verb.CREATE, Noun.CONFIG, "a", EndDeviceConfig(party="a", capability=capability()))
READ = request(Verb.GET, Noun.CONFIG, "a")
REPLY = Letters("vtn").reply(ASKED, NOW)
PUBLISHED = EventMessage(
    header=Header(
        verb=Verb.CREATED,
        noun=Noun.CONTROLS,
        message_id=derived_id("m"),
        timestamp=NOW,
        source="vtn",
    ),
    body=EndDeviceControls(events=(make_event(),)),
)
LEADS = ShowPresence(Link.LOWER, Leadership(is_active=True, epoch=1))


@dataclass
class Scripted:
    """A state machine that does what a test says."""

    script: dict = field(default_factory=dict)
    heard: list = field(default_factory=list)
    restored: list = field(default_factory=list)
    worries: tuple = ()

    def concerns(self, _now):
        return self.worries

    def restore(self, record):
        self.restored.append(record)

    def handle(self, what, now):
        self.heard.append((what, now))
        if isinstance(what, RequestArrived):
            reply = Letters("vtn").reply(what.message, now)
            return [*self.script.get(RequestArrived, ()), Respond(what.link, what.token, reply)]
        return list(self.script.get(type(what), ()))

    def kinds(self):
        return [type(what) for what, _ in self.heard]


class Counting(MemoryStore):
    """A store that notes its commits, and fails when told to."""

    def __init__(self):
        super().__init__()
        self.batches = []
        self.fails: StoreError | None = None

    async def commit(self, batch: Batch):
        if self.fails:
            raise self.fails
        self.batches.append(batch)
        await super().commit(batch)


class Running:
    """An engine with a role by script, a store, and a connection by hand."""

    def __init__(self, wire, clock, store=None, **script):
        self.wire, self.clock = wire, clock
        self.store = store or Counting()
        self.role = Scripted(script.get("script", {}))
        surroundings = Surroundings(
            services=lambda _: Jid(f"pubsub.{HOST}"),
            admitted={Link.LOWER: frozenset({SENDER.bare})},
        )
        self.engine = Engine(self.role, self.store, clock, surroundings=surroundings)
        self.engine.attach(Link.LOWER, wire)
        self.task = asyncio.get_running_loop().create_task(self.engine.run())

    async def tell(self, *inputs):
        for what in inputs:
            self.engine.put(what)
        await self.clock.settle()

    async def stop(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def start(wire, clock):
    """Start engines that end with the test."""
    made = []

    async def build(store=None, **script):
        made.append(Running(wire, clock, store, **script))
        await clock.settle()
        return made[-1]

    yield build
    for running in made:
        running.task.cancel()
    await asyncio.gather(*(running.task for running in made), return_exceptions=True)


def arrived(name, message=ASKED, sender=SENDER):
    return RequestArrived(Link.LOWER, sender, name, message)


def responses(wire):
    return [what[1:] for what in wire.done if what[0] == "respond"]


async def test_it_begins_by_restoring_and_then_tells_that_it_runs(start):
    store = Counting()
    await store.open()
    await store.commit(Batch(put=[journal.write_record(VtnRecord(epoch=7))]))
    await store.close()
    running = await start(store)
    assert running.role.restored == [VtnRecord(epoch=7)]
    assert running.role.kinds() == [Started]


async def test_nothing_leaves_before_the_commit(start, wire, clock):
    script = {
        TimerFired: (
            Remember(VtnRecord(epoch=1)),
            LEADS,
            Publish(Link.LOWER, "n", "i", PUBLISHED, clock.now() + timedelta(hours=1)),
        )
    }
    running = await start(script=script)
    running.store.fails = StoreError("damaged")
    running.engine.put(arrived("t"))
    running.engine.put(TimerFired("k"))
    with pytest.raises(ExceptionGroup) as caught:
        await running.task
    assert caught.group_contains(StoreError)
    assert wire.done == []


async def test_with_a_full_disk_nobody_is_answered_and_with_room_everybody_is(start, wire):
    running = await start()
    running.store.fails = StoreUnavailableError("the disk is full")
    await running.tell(arrived("t1"))
    await running.clock.advance(timedelta(seconds=20))
    assert (wire.done, running.engine.keeper.unavailable_since is None) == ([], False)
    running.store.fails = None
    await running.clock.advance(timedelta(seconds=31))
    assert [token for token, _ in responses(wire)] == ["t1"]
    assert running.role.kinds() == [Started, RequestArrived]
    (batch,) = running.store.batches
    assert (len(batch.received), len(batch.journal)) == (1, 2)


async def test_an_agent_ends_in_order_while_its_disk_is_full(start, wire):
    running = await start()
    running.store.fails = StoreUnavailableError("the disk is full")
    await running.tell(arrived("t1"))
    await running.stop()
    assert running.task.cancelled()
    assert wire.done == []


async def test_effects_leave_in_order_once_committed(start, wire, clock):
    script = {TimerFired: (Remember(VtnRecord(epoch=1)), LEADS, Note("info", "x"))}
    running = await start(script=script)
    await running.tell(TimerFired("k"))
    assert [row.kind for batch in running.store.batches for row in batch.put] == ["vtn"]
    assert [what[0] for what in wire.done] == ["show"]


async def test_several_inputs_that_wait_are_one_commit(start):
    running = await start(script={TimerFired: (Remember(VtnRecord(epoch=1)),)})
    before = len(running.store.batches)
    await running.tell(*(TimerFired(str(n)) for n in range(50)))
    assert len(running.store.batches) == before + 1
    assert len(running.store.batches[-1].journal) >= 50


async def test_inputs_that_change_nothing_go_with_a_later_commit_and_none_is_lost(start):
    running = await start(script={Decided: (Remember(VtnRecord(epoch=1)),)})
    for number in range(30):
        await running.tell(TimerFired(str(number)))
    assert running.store.batches == []
    decided = Decided(make_event().id, make_event().order, Opt.OUT, 0)
    await running.tell(decided)
    (batch,) = running.store.batches
    kinds = [row.kind for row in batch.journal]
    assert kinds == ["Started", *["TimerFired"] * 30, "Decided"]
    for number in range(100):
        await running.tell(TimerFired(str(number)))
    assert len(running.store.batches) == 2


async def test_a_repeated_transaction_gets_the_answer_it_was_given_and_acts_once(start, wire):
    running = await start()
    await running.tell(arrived("t1"))
    await running.clock.advance(timedelta(seconds=5))
    await running.tell(arrived("t2"))
    assert running.role.kinds().count(RequestArrived) == 1
    (first, second) = responses(wire)
    assert (first[0], second[0]) == ("t1", "t2")
    assert first[1] == second[1]


async def test_the_answer_outlives_a_restart(start, wire):
    running = await start()
    await running.tell(arrived("t1"))
    await running.stop()
    again = await start(running.store)
    await again.tell(arrived("t2"))
    assert again.role.kinds() == [Started]
    assert [token for token, _ in responses(wire)] == ["t1", "t2"]


async def test_repeats_that_wait_beside_the_first_act_once_and_are_all_answered(start, wire):
    """Whoever repeats has given up the first: an answer to that alone would be lost."""
    running = await start()
    await running.tell(arrived("t1"), arrived("t2"), arrived("t3"))
    assert running.role.kinds().count(RequestArrived) == 1
    told = responses(wire)
    assert [token for token, _ in told] == ["t1", "t2", "t3"]
    assert len({answer for _, answer in told}) == 1


async def test_the_same_message_id_of_another_account_is_another_request(start):
    running = await start()
    other = Jid(f"b@{HOST}", "ven")
    await running.tell(arrived("t1"), arrived("t2", sender=other))
    assert running.role.kinds().count(RequestArrived) == 2


async def test_a_query_is_answered_anew_each_time(start):
    running = await start()
    await running.tell(arrived("t1", READ), arrived("t2", READ))
    assert running.role.kinds().count(RequestArrived) == 2
    assert running.store.batches == []


def sending(clock, seconds=60):
    return {
        TimerFired: (Transact(Link.LOWER, PEER, ASKED, clock.now() + timedelta(seconds=seconds)),)
    }


async def test_the_answer_to_a_transaction_comes_back_and_settles_it(start, wire, clock):
    wire.answer = encode(REPLY)
    running = await start(script=sending(clock))
    await running.tell(TimerFired("k"))
    assert running.role.heard[-1][0] == ReplyArrived(Link.LOWER, ASKED, REPLY)
    assert running.store._outbox.entries == ()


@pytest.mark.parametrize(
    ("outcome", "condition"),
    [(RefusedError("not-allowed"), "not-allowed"), (None, "undefined-condition")],
    ids=["refused", "an answer that cannot be read"],
)
async def test_a_transaction_that_cannot_succeed_is_told(start, wire, clock, outcome, condition):
    wire.outcomes = [outcome]
    wire.answer = b"<nonsense/>"
    running = await start(script=sending(clock))
    await running.tell(TimerFired("k"))
    failed = running.role.heard[-1][0]
    assert isinstance(failed, TransactionFailed)
    assert failed.condition == condition
    assert running.store._outbox.entries == ()


async def test_an_answer_that_is_no_answer_is_a_failure(start, wire, clock):
    wire.answer = encode(PUBLISHED)
    running = await start(script=sending(clock))
    await running.tell(TimerFired("k"))
    assert isinstance(running.role.heard[-1][0], TransactionFailed)


async def test_what_was_not_sent_before_a_restart_is_sent_after_it_with_the_same_bytes(
    start, wire, clock
):
    wire.is_up = False
    running = await start(script=sending(clock, 600))
    await running.tell(TimerFired("k"))
    await running.stop()
    wire.is_up = True
    wire.answer = encode(REPLY)
    again = await start(running.store)
    assert wire.done == [("request", str(PEER), encode(ASKED))]
    assert again.role.kinds() == [Started, ReplyArrived]


async def test_a_refused_publish_is_given_up_and_nothing_else_stops(start, wire, clock):
    until = clock.now() + timedelta(hours=1)
    script = {TimerFired: (Publish(Link.LOWER, "n", "i", PUBLISHED, until),)}
    wire.outcomes = [RefusedError("forbidden", "auth")]
    running = await start(script=script)
    await running.tell(NodesVerified(Link.LOWER, ()), TimerFired("k"))
    await running.tell(TimerFired("k"))
    assert [what[0] for what in wire.done] == ["publish", "publish"]
    assert running.store._outbox.entries == ()


async def test_what_an_earlier_run_kept_is_published_once_the_nodes_are_verified(
    start, wire, clock
):
    until = clock.now() + timedelta(hours=1)
    script = {TimerFired: (Publish(Link.LOWER, "n", "i", PUBLISHED, until),)}
    running = await start(script=script)
    await running.tell(LinkChanged(Link.LOWER, is_up=True), TimerFired("k"))
    assert wire.done == []
    await running.stop()
    again = await start(running.store)
    await again.tell(LinkChanged(Link.LOWER, is_up=True))
    assert wire.done == []
    await again.tell(NodesVerified(Link.LOWER, ()))
    assert [what[0] for what in wire.done] == ["publish"]
    await again.tell(LinkChanged(Link.LOWER, is_up=False), LinkChanged(Link.LOWER, is_up=True))
    again.role.script = script
    await again.tell(TimerFired("k"))
    assert [what[0] for what in wire.done] == ["publish"]


async def test_inputs_that_changed_nothing_are_in_the_journal_of_a_run_that_has_ended(start):
    running = await start()
    await running.tell(TimerFired("k"))
    assert running.store.batches == []
    await running.stop()
    assert len(running.store.batches[-1].journal) == 2


async def test_a_timer_comes_back_as_an_input_at_its_time(start, clock):
    due = clock.now() + timedelta(seconds=9)
    running = await start(script={Started: (SetTimer("k", due),)})
    await clock.advance(timedelta(seconds=10))
    assert running.role.heard[-1] == (TimerFired("k"), due)


async def test_a_connection_or_a_peer_that_comes_back_wakes_what_waits(start, wire, clock):
    for sign in (
        LinkChanged(Link.LOWER, is_up=True),
        PresenceChanged(Link.LOWER, PEER, is_available=True),
    ):
        wire.is_up, wire.answer = False, encode(REPLY)
        wire.done.clear()
        running = await start(script=sending(clock))
        await running.tell(TimerFired("k"))
        wire.is_up = True
        await running.tell(sign)
        assert [what[0] for what in wire.done] == ["request"]
        await running.stop()


async def test_a_lost_connection_stops_what_was_going_on_over_it(start, wire):
    running = await start(script={TimerFired: (ProbeService(Link.LOWER, PEER),)})
    wire.outcomes = ["never"]
    await running.tell(TimerFired("k"))
    await running.tell(TimerFired("k"))
    assert wire.done == [("probe",)]
    await running.tell(LinkChanged(Link.LOWER, is_up=False))
    await running.tell(TimerFired("k"))
    assert wire.done == [("probe",), ("probe",)]


async def test_time_never_goes_back_for_the_role(start, clock):
    running = await start()
    await running.tell(TimerFired("a"))
    clock._now -= timedelta(seconds=10)
    await running.tell(TimerFired("b"))
    instants = [now for _, now in running.role.heard]
    assert instants == sorted(instants)


async def test_a_clock_that_was_set_far_back_ends_it_so_that_it_starts_anew(start, clock):
    running = await start()
    await running.tell(TimerFired("a"))
    clock._now -= timedelta(hours=1)
    await running.tell(TimerFired("b"))
    assert running.task.done()
    (error,) = running.task.exception().exceptions
    assert isinstance(error, ClockError)
    assert [what for what, _ in running.role.heard][-1] == TimerFired("a")


@pytest.mark.slow
async def test_old_answers_and_journal_rows_are_dropped(start, clock):
    running = await start()
    await running.tell(arrived("t1"))
    await clock.advance(timedelta(hours=49))
    await running.tell(arrived("t2"))
    assert running.role.kinds().count(RequestArrived) == 2


async def test_only_who_is_admitted_may_ask(start):
    running = await start()
    assert running.engine.admits(Link.LOWER, SENDER)
    assert not running.engine.admits(Link.LOWER, PEER)
    assert not running.engine.admits(Link.UPPER, SENDER)


async def test_the_end_waits_until_all_is_sent(start, wire, clock):
    wire.outcomes = ["never"]
    running = await start(script=sending(clock))
    await running.tell(TimerFired("k"))
    assert running.engine.health().outbox == 1
    began = asyncio.get_running_loop().time()
    await running.engine.drain(0.1)
    assert 0.1 <= asyncio.get_running_loop().time() - began < 1
    await running.stop()
    wire.answer = encode(REPLY)
    again = await start(running.store)
    await again.engine.drain(5)
    assert again.engine.health().outbox == 0
    assert again.role.kinds() == [Started, ReplyArrived]


async def test_the_end_waits_for_nothing_without_a_connection(start, wire, clock):
    wire.is_up = False
    running = await start(script=sending(clock))
    await running.tell(TimerFired("k"))
    async with asyncio.timeout(1):
        await running.engine.drain(60)
    assert running.engine.health().outbox == 1


async def test_health_tells_of_connections_and_of_what_the_role_is_concerned_about(start):
    running = await start()
    assert [r.what for r in running.engine.health().reasons] == ["no lower connection"]
    await running.tell(LinkChanged(Link.LOWER, is_up=True))
    assert running.engine.health().reasons == ()
    running.role.worries = (Concern("the VTN is silent"),)
    assert [r.what for r in running.engine.health().reasons] == ["the VTN is silent"]
