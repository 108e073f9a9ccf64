from datetime import timedelta

import pytest

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
