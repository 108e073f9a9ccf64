import asyncio
import itertools
from datetime import timedelta

import pytest

from xmpp_cem.core.inputs import Link, PresenceChanged
from xmpp_cem.errors import RefusedError, RequestTimeoutError, StreamLostError
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.model.node import Access
from xmpp_cem.runtime.outbox import Outbox

WAIT = RefusedError("resource-constraint", "wait")
MINUTE = timedelta(minutes=1)


class Sending:
    """An outbox on a connection by hand; what has ended is noted."""

    def __init__(self, wire, clock, group):
        self.wire, self.clock, self.group = wire, clock, group
        self.ended = []
        self.service = Jid("pubsub.x")
        self.outbox = Outbox(
            {Link.LOWER: wire, Link.UPPER: wire},
            lambda _: self.service,
            clock,
            self.ended.append,
            frozenset({"card"}),
        )

        self.outbox.release(Link.LOWER)

    def add(self, name, kind="transact", to="b@x/ven", item="", seconds=600):
        expires = self.clock.now() + timedelta(seconds=seconds)
        entry = Outgoing(name, "lower", kind, to, item, name.encode(), expires)
        self.outbox.add(entry, self.group)

    @property
    def outcomes(self):
        return [(o.entry.id, o.condition) for o in self.ended]

    @property
    def sent(self):
        return [what[-1] for what in self.wire.done]


@pytest.fixture
def sending(wire, clock, group):
    return Sending(wire, clock, group)


async def test_messages_to_one_destination_keep_their_order(sending, clock):
    sending.wire.outcomes = [WAIT, StreamLostError("gone")]
    for name in ("1", "2", "3"):
        sending.add(name)
    await clock.advance(MINUTE)
    assert sending.sent == [b"1", b"1", b"1", b"2", b"3"]
    assert sending.outcomes == [("1", ""), ("2", ""), ("3", "")]


async def test_readings_wait_until_everything_else_has_gone(sending, clock):
    sending.wire.outcomes = [WAIT]
    sending.add("reading 1", item=Noun.READINGS.value)
    sending.add("reading 2", item=Noun.READINGS.value)
    await clock.settle()
    sending.add("answer 1", item=Noun.EVENTS.value)
    sending.add("answer 2", item=Noun.EVENTS.value)
    await clock.advance(MINUTE)
    tried, *rest = sending.sent
    assert tried == b"reading 1"
    assert rest == [b"answer 1", b"answer 2", b"reading 1", b"reading 2"]
    assert sending.outbox.size == 0


def presence(epoch=None, *, is_available=True):
    leadership = Leadership(is_active=True, epoch=epoch) if epoch is not None else None
    return PresenceChanged(Link.LOWER, Jid("b@x", "ven"), is_available, leadership=leadership)


@pytest.mark.parametrize(
    "back",
    [[presence(is_available=False), presence()], [presence(2)]],
    ids=["it was seen to go", "it is back in another epoch"],
)
async def test_what_a_peer_was_asked_in_another_life_is_asked_anew_at_once(sending, clock, back):
    sending.outbox.see(presence(1))
    sending.wire.outcomes = ["never"]
    sending.add("1")
    await clock.settle()
    for seen in back:
        sending.outbox.see(seen)
    await clock.settle()
    assert sending.sent == [b"1", b"1"]
    assert sending.outcomes == [("1", "")]


async def test_a_peer_that_only_shows_something_else_may_still_answer(sending, clock):
    sending.outbox.see(presence(1))
    sending.wire.outcomes = ["never"]
    sending.add("1")
    await clock.settle()
    sending.outbox.see(presence(1))
    await clock.settle()
    assert sending.sent == [b"1"]


async def test_a_destination_that_is_stuck_keeps_nobody_else_waiting(sending, clock):
    sending.wire.outcomes = ["never"]
    sending.add("1", to="stuck@x/ven")
    sending.add("2", to="b@x/ven")
    await clock.settle()
    assert sending.outcomes == [("2", "")]


@pytest.mark.parametrize(
    "fault",
    [
        WAIT,
        RefusedError("service-unavailable"),
        StreamLostError("gone"),
        RequestTimeoutError("no answer"),
    ],
    ids=["asked to wait", "nobody there", "stream lost", "no answer"],
)
async def test_what_may_succeed_later_is_sent_again_with_the_same_bytes(sending, clock, fault):
    sending.wire.outcomes = [fault, fault]
    sending.add("1")
    await clock.advance(MINUTE)
    assert sending.sent == [b"1"] * 3
    assert sending.outcomes == [("1", "")]


async def test_a_refusal_for_good_is_told_and_the_next_one_sent(sending, clock):
    sending.wire.outcomes = [RefusedError("not-allowed", "cancel", "never")]
    sending.add("1")
    sending.add("2")
    await clock.settle()
    assert sending.outcomes == [("1", "not-allowed"), ("2", "")]
    assert sending.ended[0].reason == "never"


async def test_what_nobody_took_in_time_expires_and_is_told(sending, clock):
    sending.wire.is_up = False
    sending.add("1", seconds=20)
    await clock.advance(MINUTE)
    assert sending.outcomes == [("1", "expired")]
    assert sending.sent == []


async def test_a_connection_that_comes_back_is_used_at_once(sending, clock):
    sending.wire.is_up = False
    sending.add("1")
    await clock.settle()
    sending.wire.is_up = True
    sending.outbox.wake()
    await clock.settle()
    assert sending.outcomes == [("1", "")]


async def test_a_peer_that_comes_back_during_an_attempt_is_tried_again_at_once(sending, clock):
    late = asyncio.get_running_loop().create_future()
    sending.wire.outcomes = [late]
    sending.add("1")
    await clock.settle()
    sending.outbox.wake()
    late.set_result(RequestTimeoutError("no answer"))
    await clock.settle()
    assert sending.outcomes == [("1", "")]


async def test_a_newer_version_of_an_item_replaces_one_not_yet_sent(sending, clock):
    sending.wire.is_up = False
    for name, item in (("first", "x"), ("old", "index"), ("event", "e"), ("new", "index")):
        sending.add(name, "publish", "n", item)
    await clock.settle()
    sending.wire.is_up = True
    sending.outbox.wake()
    await clock.settle()
    assert [what[2] for what in sending.wire.done] == ["x", "e", "index"]
    assert [name for name, _ in sending.outcomes] == ["first", "event", "new"]


async def test_what_may_be_under_way_is_not_replaced(sending, clock):
    sending.wire.outcomes = ["never"]
    sending.add("old", "publish", "n", "index")
    await clock.settle()
    sending.add("new", "publish", "n", "index")
    await clock.settle()
    assert [what[3] for what in sending.wire.done] == [b"old"]


async def test_a_version_that_overtook_readings_is_not_replaced_while_it_is_under_way(
    sending, clock
):
    sending.wire.outcomes = [first := asyncio.Future()]
    sending.add("readings", "readings", "n", "r")
    sending.add("old", "publish", "n", "index")
    await clock.settle()
    sending.add("new", "publish", "n", "index")
    first.set_result(None)
    await clock.settle()
    assert [what[3] for what in sending.wire.done] == [b"old", b"new", b"readings"]
    assert (sending.outbox.size, sending.outbox.oldest) == (0, None)


async def test_what_has_not_gone_is_replaced_at_once_also_the_first(sending, clock):
    sending.wire.is_up = False
    for name in ("v1", "v2", "v3"):
        sending.add(name, "publish", "n", "index")
        await clock.settle()
    assert sending.outbox.size == 1
    sending.wire.is_up = True
    await clock.advance(MINUTE)
    assert [what[3] for what in sending.wire.done] == [b"v3"]


async def test_the_same_version_may_wait_while_it_is_under_way_and_be_replaced(sending, clock):
    sending.wire.outcomes = [first := asyncio.Future(), second := asyncio.Future()]
    sending.add("v1", "publish", "node", "item")
    await clock.settle()
    sending.add("v1", "publish", "node", "item")  # all is published again after a new connection
    first.set_result(None)
    await clock.settle()
    assert sending.outbox.oldest is not None
    sending.add("v1", "publish", "node", "item")
    sending.add("v2", "publish", "node", "item")
    second.set_result(None)
    await clock.settle()
    assert sending.outcomes[-1] == ("v2", "")
    assert (sending.outbox.size, sending.outbox.oldest) == (0, None)


async def test_transactions_never_replace_each_other(sending, clock):
    sending.wire.is_up = False
    for name in ("1", "2", "3"):
        sending.add(name)
    sending.wire.is_up = True
    await clock.advance(MINUTE)
    assert sending.sent == [b"1", b"2", b"3"]


async def test_only_the_card_is_published_as_open(sending, clock):
    sending.add("1", "publish", "card", "card")
    sending.add("2", "publish", "events", "e")
    await clock.settle()
    sending.add("3", "retract", "events", "e")
    await clock.settle()
    done = sending.wire.done
    published = {what[1]: what[4] for what in done if what[0] == "publish"}
    assert published == {"card": Access.OPEN, "events": Access.WHITELIST}
    assert ("retract", "events", "e") in done


async def test_a_publish_waits_until_the_service_is_known(sending, clock):
    service, sending.service = sending.service, None
    sending.add("1", "publish", "n", "i")
    await clock.advance(timedelta(seconds=2))
    assert sending.ended == []
    sending.service = service
    await clock.advance(MINUTE)
    assert sending.outcomes == [("1", "")]


async def test_nothing_is_published_on_nodes_that_are_not_verified(sending, clock):
    sending.outbox.hold(Link.LOWER)
    sending.add("item", "publish", "node", "i")
    sending.add("request")
    await clock.advance(MINUTE)
    assert sending.sent == [b"request"]
    sending.outbox.release(Link.LOWER)
    await clock.advance(MINUTE)
    assert sending.outcomes == [("request", ""), ("item", "")]


async def test_pauses_between_attempts_grow_to_a_bound_and_differ(sending, clock):
    """Many that wait for one server must not come back at one instant."""
    tried = {"a@x/ven": [], "b@x/ven": []}

    async def refused(to, _payload, **_):
        tried[str(to)].append(clock.now())
        raise WAIT

    sending.wire.request = refused
    for to in tried:
        sending.add(to, to=to, seconds=3600)
    for _ in range(1200):
        await clock.advance(timedelta(seconds=1))
    pauses = {
        to: [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
        for to, times in tried.items()
    }
    assert pauses["a@x/ven"][:10] != pauses["b@x/ven"][:10]
    for each in pauses.values():
        assert all(s <= min(2**number, 30) + 1 for number, s in enumerate(each))
        assert max(each) > 10
        assert len(each) >= 1200 // 30 - 1
