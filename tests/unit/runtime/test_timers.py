from datetime import timedelta

import pytest

from tests.unit.core.test_cost_per_update import steps_of
from xmpp_cem.runtime.timers import Timers


@pytest.fixture
def fired():
    return []


@pytest.fixture
async def timers(clock, group, fired):
    made = Timers(clock, lambda key: fired.append((key, clock.now())))
    group.create_task(made.run())
    await clock.settle()
    return made


def after(clock, seconds):
    return clock.now() + timedelta(seconds=seconds)


async def test_a_key_fires_at_its_instant_and_once(timers, fired, clock):
    due = after(clock, 10)
    timers.set("a", due)
    await clock.advance(timedelta(seconds=9.9))
    assert fired == []
    await clock.advance(timedelta(seconds=100))
    assert fired == [("a", due)]


async def test_setting_a_key_again_moves_it_earlier_or_later(timers, fired, clock):
    timers.set("a", after(clock, 10))
    timers.set("a", after(clock, 2))
    timers.set("b", after(clock, 3))
    timers.set("b", after(clock, 30))
    await clock.advance(timedelta(seconds=20))
    assert [key for key, _ in fired] == ["a"]
    await clock.advance(timedelta(seconds=20))
    assert [key for key, _ in fired] == ["a", "b"]


async def test_a_key_that_is_taken_away_fires_no_more(timers, fired, clock):
    timers.set("a", after(clock, 10))
    timers.set("b", after(clock, 11))
    timers.set("a", None)
    timers.set("unknown", None)
    await clock.advance(timedelta(seconds=20))
    assert [key for key, _ in fired] == ["b"]
    timers.set("a", after(clock, 1))
    await clock.advance(timedelta(seconds=2))
    assert [key for key, _ in fired] == ["b", "a"]


def test_what_is_taken_away_is_not_kept_until_it_would_have_been_due(clock):
    made = Timers(clock, lambda _: None)
    for number in range(10_000):
        made.set(f"far {number}", after(clock, 86_400))
        if number >= 100:
            made.set(f"far {number - 100}", None)
    assert len(made._due) == 100
    assert len(made._order) < 300


async def test_an_earlier_timer_is_not_kept_waiting_by_a_later_one(timers, fired, clock):
    timers.set("late", after(clock, 100))
    await clock.advance(timedelta(seconds=1))
    timers.set("soon", after(clock, 1))
    await clock.advance(timedelta(seconds=2))
    assert [key for key, _ in fired] == ["soon"]


async def test_what_is_overdue_fires_at_once(timers, fired, clock):
    timers.set("past", after(clock, -5))
    await clock.settle()
    assert [key for key, _ in fired] == ["past"]


async def test_what_became_due_together_fires_in_the_order_of_time(clock, group):
    fired = []
    timers = Timers(clock, fired.append)
    timers.set("second", after(clock, -1))
    timers.set("first", after(clock, -2))
    group.create_task(timers.run())
    await clock.settle()
    assert fired == ["first", "second"]


def with_far_ones(clock, count):
    """Return timers of which so many are due in a year."""
    made = Timers(clock, lambda _: None)
    for number in range(count):
        made.set(f"far {number}", after(clock, 365 * 86_400))
    return made


def test_what_is_due_in_a_year_costs_nothing_now(clock):
    def soon(made):
        made.set("soon", clock.now())
        assert list(made._taken(clock.now())) == ["soon"]

    few, many = (with_far_ones(clock, count) for count in (8, 8000))
    assert steps_of(lambda: soon(many)) == steps_of(lambda: soon(few))


def test_a_key_that_is_moved_again_and_again_does_not_pile_up(clock):
    made = with_far_ones(clock, 10)
    for seconds in range(10_000):
        made.set("moved", after(clock, 60 + seconds))
    assert len(made._order) <= 100
    assert list(made._taken(after(clock, 10_058))) == []
    assert list(made._taken(after(clock, 10_059))) == ["moved"]
