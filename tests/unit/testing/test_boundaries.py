"""Every call of a port passes a boundary, before it and after it, with a name."""

from datetime import UTC, datetime

import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Outgoing, Received, Row
from xmpp_cem.model.node import Affiliation
from xmpp_cem.runtime.ports import Store, Transport
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.boundaries import SteppedStore, SteppedTransport, name_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ASKED = b"<RequestMessage><Header><Verb>create</Verb><Noun>EndDeviceEvents</Noun></Header>"
PEER, SERVICE = Jid("a@x.example", "ven"), Jid("pubsub.x.example")


class DeadError(BaseException):
    pass


class Wire:
    """A connection that answers everything, and notes what it was asked."""

    is_up = True

    def __init__(self):
        self.done = []

    def __getattr__(self, name):
        if name in {"respond", "refuse", "show_presence", "review_watchers"}:
            return lambda *_, **__: self.done.append(name)

        async def call(*_, **__):
            self.done.append(name)
            return b""

        return call


async def _called(call, transport):
    outcome = call(transport)
    if outcome is not None:
        await outcome


CALLS = {
    "request": lambda t: t.request(PEER, ASKED, is_query=False, timeout=1),
    "publish": lambda t: t.publish(SERVICE, "n", "i", ASKED),
    "retract": lambda t: t.retract(SERVICE, "n", "i"),
    "fetch": lambda t: t.fetch(SERVICE, "n"),
    "ping": lambda t: t.ping(PEER, 1),
    "subscribe": lambda t: t.subscribe(SERVICE, "n"),
    "affiliate": lambda t: t.affiliate(SERVICE, "n", {"a@x.example": Affiliation.NONE}),
    "offers_write_only": lambda t: t.offers_write_only(SERVICE),
    "watch_presence": lambda t: t.watch_presence(PEER),
}
SAID = {
    "respond": lambda t: t.respond("token", ASKED),
    "refuse": lambda t: t.refuse("token", "item-not-found", "cancel"),
    "show_presence": lambda t: t.show_presence("", "ready"),
}


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_passes_one_boundary_before_it_and_one_when_its_answer_has_come(name):
    wire, passed = Wire(), []
    await CALLS[name](SteppedTransport(wire, lambda *where: passed.append((where, *wire.done))))
    (before, *done_before), (after, *done_after) = passed
    assert (done_before, done_after) == ([], [name])
    assert after[0] == "at an answer"
    assert before != after


@pytest.mark.parametrize("name", SAID)
def test_what_needs_no_answer_passes_one_before_and_one_after(name):
    wire, passed = Wire(), []
    SAID[name](SteppedTransport(wire, lambda *where: passed.append((where[0], *wire.done))))
    assert [done for _, *done in passed] == [[], [name]]
    assert passed[1][0].startswith("after ")


@pytest.mark.parametrize("call", [*CALLS.values(), *SAID.values()], ids=[*CALLS, *SAID])
async def test_nothing_is_done_beyond_a_boundary_at_which_it_died(call):
    def die(*_):
        raise DeadError

    wire = Wire()
    transport = SteppedTransport(wire, die)
    with pytest.raises(DeadError):
        await _called(call, transport)
    assert wire.done == []


async def test_a_commit_passes_one_before_and_one_after_with_what_it_holds():
    disk, passed = MemoryStore(), []

    async def count():
        return len((await disk.load()).records)

    store = SteppedStore(disk, lambda where, about: passed.append((where, str(about))))
    await store.open()
    row = Row(kind="member", key="a", value=b"{}")
    await store.commit(Batch(put=[row]))
    await store.commit(Batch(send=[Outgoing("m", "upper", "transact", "a", "", b"", NOW)]))
    await store.commit(Batch(received=[Received("a", "m", b"", NOW)]))
    assert passed == [
        ("before a commit", "member"),
        ("after a commit", "member"),
        ("before a commit of messages", ""),
        ("after a commit of messages", ""),
        ("before a commit of answers", ""),
        ("after a commit of answers", ""),
    ]
    assert await count() == 1


async def test_a_process_that_dies_before_a_commit_has_kept_nothing():
    disk = MemoryStore()

    def die(*_):
        raise DeadError

    store = SteppedStore(disk, die)
    await store.open()
    with pytest.raises(DeadError):
        await store.commit(Batch(put=[Row(kind="member", key="a", value=b"{}")]))
    assert (await disk.load()).records == ()


def test_a_message_is_named_by_verb_and_noun():
    assert name_of(ASKED) == "create EndDeviceEvents"
    assert name_of(b"") == ""


def test_every_call_of_the_ports_is_there():
    for port, stepped in ((Store, SteppedStore), (Transport, SteppedTransport)):
        public = {name for name in vars(port) if not name.startswith("_")}
        assert public <= set(dir(stepped))
