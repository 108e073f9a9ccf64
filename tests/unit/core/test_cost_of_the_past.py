"""What an input costs while ended events are kept: the same whatever their number.

Counted are the instructions that the interpreter executes, so that no clock decides.
"""

from datetime import timedelta

import pytest

from tests.unit.core.test_cost_per_update import SLACK, steps_of
from tests.unit.core.test_settling import Settled
from tests.unit.core.test_site import BOTH, House
from xmpp_cem.core.effects import Forget
from xmpp_cem.core.inputs import Decided, Measured, TimerFired
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    arrived,
    at,
    make_event,
    of_kind,
    plain_digest,
    reply_in,
    request,
)

pytestmark = pytest.mark.slow

FEW, MANY = 8, 64
"""So many events are kept; as many readings in both cases."""

EVERY_S, LENGTH_S = 60, 60
LAST_S = MANY * EVERY_S


def event_of(number, start_s):
    """Return one of a row of events without a pause between them."""
    active = Interval(start=at(start_s), end=at(start_s + LENGTH_S))
    made = make_event(active=active, answer_by=at(start_s - 10), created=at(start_s - 50))
    return made.model_copy(update={"id": derived_id("past", number)})


class Led(Settled):
    """A VTN with one member, that creates such events."""

    def __init__(self):
        super().__init__()
        self.lead()
        self.register("a", 3000)
        self.presence("a", seconds=1)

    def create(self, number, start_s):
        event = event_of(number, start_s)
        body = EndDeviceControls(events=(event,))
        asked = request(Verb.CREATE, Noun.CONTROLS, "op", body)
        assert reply_in(self.tell(arrived(asked, "op", "x"), start_s - 50)).result == "OK"
        return event


class Grid(Led):
    """A VTN that keeps so many ended events; each was answered, measured and has a baseline."""

    def __init__(self, kept):
        super().__init__()
        for number in range(MANY):
            start_s = number * EVERY_S
            if number < MANY - kept:
                self.report(start_s, 5000)
                continue
            event = self.create(number, start_s)
            self.state(event.id, start_s - 30)
            self.answers(event, -1000, 1, start_s - 20)
            self.report(start_s, 2000)
            self.end(event, start_s + LENGTH_S)
        self.live = self.create(MANY, LAST_S)
        self.tell(TimerFired("vtn/heartbeat"), LAST_S + LENGTH_S)

    def end(self, event, seconds):
        self.tell(TimerFired(f"vtn/event/{event.id}/end"), seconds)


class Home(House):
    """A site that keeps so many ended events, in all of which it took part."""

    def __init__(self, kept):
        super().__init__()
        self.begin()
        for number in range(kept):
            event = self.taken(number, LAST_S - (kept - number) * EVERY_S)
            self.tick(event.active.start)
            self.tell(TimerFired(f"ven/{event.id}"), self.second(event.active.end))
        self.live = self.taken(kept, LAST_S)
        self.tick(self.live.active.start)

    def taken(self, number, start_s):
        event = event_of(number, start_s)
        self.publish(EndDeviceControls(events=(event,)), start_s - 40)
        self.tell(Decided(event.id, event.order, Opt.IN, -3000), start_s - 30)
        return event

    def tick(self, instant):
        return self.tell(TimerFired("site/control"), self.second(instant))

    def second(self, instant):
        return (instant - at(0)).total_seconds()

    def index(self, seconds):
        live = self.live
        entry = IndexEntry(event=live.id, order=live.order, digest=plain_digest(live))
        index = EventIndex(
            domain="grid", epoch=1, version=2, at=at(seconds), heartbeat_s=60, entries=(entry,)
        )
        return self.publish(index, seconds)


AT_THE_VTN = {
    "a reading": lambda grid: grid.report(LAST_S, 2000),
    "an answer": lambda grid: grid.answers(grid.live, -1000, 1, LAST_S - 20),
    "a baseline": lambda grid: grid.state(grid.live.id, LAST_S - 30),
    "another event": lambda grid: grid.create(MANY + 1, LAST_S + EVERY_S),
    "a loss": lambda grid: grid.presence("a", Availability.UNREACHABLE, LAST_S + 55),
    "the end of an event": lambda grid: grid.end(grid.live, LAST_S + LENGTH_S),
}
AT_A_SITE = {
    "a look at its plan": lambda home: home.tick(at(LAST_S + 2)),
    "a look at its devices": lambda home: home.tell(Measured(BOTH), LAST_S + 2),
    "an index": lambda home: home.index(LAST_S + 2),
    "another event": lambda home: home.taken(MANY + 1, LAST_S + EVERY_S),
}


def growing(kind, inputs):
    """Return the inputs that cost more with many events than with few, and what they cost."""
    few, many = kind(FEW), kind(MANY)
    costs = {
        news: tuple(steps_of(lambda one=one, told=told: told(one)) for one in (few, many))
        for news, told in inputs.items()
    }
    return {news: cost for news, cost in costs.items() if cost[1] > SLACK * cost[0]}


class Metered(Led):
    """A VTN that was told so many windows of a minute before an event."""

    def __init__(self, told):
        super().__init__()
        for number in range(-told, 0):
            self.report(LAST_S + number * 60, 5000)
        event = self.create(MANY, LAST_S)
        self.stated = lambda: self.state(event.id, LAST_S - 30)


def test_a_baseline_after_a_day_of_readings_costs_little_more_than_after_an_hour():
    few, many = (steps_of(Metered(told).stated) for told in (60, 24 * 60))
    assert many < 2 * few


def test_it_does_not_grow_at_a_vtn():
    assert growing(Grid, AT_THE_VTN) == {}


def test_nor_at_a_site():
    assert growing(Home, AT_A_SITE) == {}


def test_events_without_a_pause_do_not_keep_what_has_ended_from_being_forgotten():
    grid = Grid(FEW)
    week_s = timedelta(days=7).total_seconds()
    event = grid.create(MANY + 1, week_s + LAST_S + EVERY_S)
    effects = grid.tell(
        TimerFired(f"vtn/event/{event.id}/end"), week_s + LAST_S + EVERY_S + LENGTH_S
    )
    gone = {effect.record.kind for effect in of_kind(effects, Forget)}
    assert {"dispatch", "part", "version", "replies", "baseline", "group-baseline"} <= gone


def test_a_forgotten_event_leaves_no_share_behind():
    grid = Grid(FEW)
    book = grid.vtn.dispatching
    for event_id in list(book.dispatches):
        book.forget(event_id)
    assert (book.parts, book._shares, book.size) == ({}, {}, 0)
