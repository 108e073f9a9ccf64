"""What waits to be sent has a bound: readings yield first, then status, a control never."""

import time
from datetime import timedelta

import pytest

from xmpp_cem.core.inputs import Link
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.outbox import Outbox

MOST = 40
MINUTE = timedelta(minutes=1)


class Sending:
    """An outbox with a small bound; what has ended is noted."""

    def __init__(self, wire, clock, group, most=MOST):
        self.wire, self.clock, self.group = wire, clock, group
        self.ended = []
        links = {Link.LOWER: wire, Link.UPPER: wire}
        self.outbox = Outbox(links, lambda _: Jid("pubsub.x"), clock, self.ended.append, most=most)
        self.outbox.release(Link.LOWER)

    def add(self, kind, name, to="n", noun=Noun.CONTROLS):
        item = noun.value if kind == "transact" else name
        expires = self.clock.now() + timedelta(hours=1)
        entry = Outgoing(f"{kind} {name}", "lower", kind, to, item, name.encode(), expires)
        self.outbox.add(entry, self.group)

    def fill(self, kind, count, **more):
        for number in range(count):
            self.add(kind, str(number), **more)

    @property
    def shed(self):
        return [each.entry.id for each in self.ended if each.condition == "resource-constraint"]


@pytest.fixture
def sending(wire, clock, group):
    wire.is_up = False
    return Sending(wire, clock, group)


READINGS = {
    "published": {"kind": "readings"},
    "as transactions": {"kind": "transact", "to": "b@x/ven", "noun": Noun.READINGS},
}


@pytest.mark.parametrize("how", READINGS.values(), ids=READINGS)
async def test_of_too_many_readings_the_oldest_yield_and_that_is_told(sending, how):
    sending.fill(count=MOST, **how)
    assert sending.outbox.size == MOST // 2
    assert sending.shed == [f"{how['kind']} {number}" for number in range(MOST // 2)]
    assert sending.ended[0].reason == "too much waits to be sent"


async def test_status_takes_the_place_of_readings_and_then_the_oldest_of_it_yields(sending):
    sending.fill("readings", MOST // 2, to="reports")
    sending.fill("status", MOST, to="operations")
    assert sending.outbox.size == MOST * 3 // 4
    assert len([name for name in sending.shed if name.startswith("readings")]) == MOST // 2
    last = len([name for name in sending.shed if name.startswith("status")])
    assert sending.shed[MOST // 2 :] == [f"status {number}" for number in range(last)]


async def test_control_takes_the_place_of_all_else_and_is_never_shed(sending, wire, clock):
    sending.fill("readings", MOST // 2, to="reports")
    sending.fill("status", MOST // 4, to="operations")
    sending.fill("transact", MOST // 2, to="a@x/ven")
    sending.fill("publish", MOST, to="events")
    assert {name.partition(" ")[0] for name in sending.shed} == {"readings", "status"}
    assert sending.outbox.size == MOST * 3 // 2
    wire.is_up = True
    sending.outbox.wake()
    await clock.advance(MINUTE)
    taken = {each.entry.id for each in sending.ended if not each.condition}
    assert taken == {f"transact {number}" for number in range(MOST // 2)} | {
        f"publish {number}" for number in range(MOST)
    }


async def test_new_work_is_taken_while_there_is_room_for_all_that_it_sends(sending):
    sending.fill("transact", MOST - 3, to="a@x/ven")
    assert sending.outbox.has_room(2)
    assert not sending.outbox.has_room(3)


async def test_many_controls_that_wait_do_not_slow_down_what_is_shed(wire, clock, group):
    wire.is_up = False
    sending = Sending(wire, clock, group, most=20_000)
    for number in range(20_000):
        sending.add("transact", str(number), to=f"{number % 100}@x/ven")
    began = time.process_time()
    sending.fill("readings", 1000, to="reports")
    assert time.process_time() - began < 2  # a look at everything for each would take 10 s
    assert sending.outbox.size == 20_000


async def test_what_is_under_way_is_not_shed(sending, wire, clock):
    wire.is_up = True
    wire.outcomes = ["never"]
    sending.add("readings", "under way")
    await clock.settle()
    sending.fill("readings", MOST)
    assert "readings under way" not in sending.shed
    assert sending.outbox.size == MOST // 2


async def test_one_that_takes_nothing_keeps_its_readings_and_costs_nobody_a_control(
    sending, wire, clock
):
    """A slow consumer: its readings pile up to the bound, and what others are sent goes on."""
    wire.is_up = True
    wire.outcomes = ["never"]
    sending.add("transact", "stuck", to="slow@x/ven", noun=Noun.READINGS)
    await clock.settle()
    for number in range(10 * MOST):
        sending.add("transact", f"reading {number}", to="slow@x/ven", noun=Noun.READINGS)
        sending.add("transact", f"event {number}", to="quick@x/ven")
        await clock.settle()
        assert sending.outbox.size <= MOST // 2 + 1
    taken = [each.entry.payload.decode() for each in sending.ended if not each.condition]
    assert taken == [f"event {number}" for number in range(10 * MOST)]


async def test_a_newer_version_takes_the_place_of_the_older_and_not_of_another_item(sending):
    for number in range(10 * MOST):
        sending.add("publish", "index" if number else "first", to="events")
        sending.add("status", "card", to="card")
    assert sending.outbox.size <= 4
    assert sending.shed == []
