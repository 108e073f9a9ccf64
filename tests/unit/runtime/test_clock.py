import asyncio
from datetime import UTC, timedelta

import pytest

from xmpp_cem.runtime.clock import ScaledClock, SystemClock


async def test_the_system_clock_tells_utc_and_does_not_wait_for_what_is_past():
    clock = SystemClock()
    now = clock.now()
    assert now.tzinfo is UTC
    await clock.sleep_until(now - timedelta(days=1))
    await clock.sleep_until(now + timedelta(milliseconds=2))
    assert clock.now() >= now + timedelta(milliseconds=2)


async def test_simulated_time_runs_faster_from_its_origin_on():
    system = SystemClock()
    origin = system.now() - timedelta(seconds=10)
    clock = ScaledClock(origin, 20)
    ahead = clock.now() - origin
    assert timedelta(seconds=200) <= ahead < timedelta(seconds=240)
    before = system.now()
    await clock.sleep_until(clock.now() + timedelta(milliseconds=200))
    assert system.now() - before < timedelta(milliseconds=200)


def test_clocks_of_one_origin_agree():
    origin = SystemClock().now()
    first, second = ScaledClock(origin, 10), ScaledClock(origin, 10)
    assert abs(first.now() - second.now()) < timedelta(seconds=1)


@pytest.mark.parametrize("clock", [SystemClock(), ScaledClock(SystemClock().now(), 20)])
async def test_a_clock_rings_at_an_instant_and_soon_when_that_is_past(clock):
    past, soon = asyncio.Event(), asyncio.Event()
    at = clock.now() + timedelta(milliseconds=20)
    clock.call_at(at - timedelta(days=1), past.set)
    assert not past.is_set()
    clock.call_at(at, soon.set)
    await past.wait()
    await soon.wait()
    assert clock.now() >= at


async def test_an_alarm_that_was_cancelled_does_not_ring():
    clock, rung = SystemClock(), []
    at = clock.now() + timedelta(milliseconds=1)
    clock.call_at(at, lambda: rung.append("cancelled")).cancel()
    kept = asyncio.Event()
    clock.call_at(at, kept.set)
    await kept.wait()
    assert rung == []


async def test_a_clock_that_is_set_meanwhile_rings_by_what_it_shows(monkeypatch):
    clock, rung = SystemClock(), asyncio.Event()
    shown = clock.now()
    looked = iter((shown, shown, shown + timedelta(hours=1)))
    monkeypatch.setattr(clock, "now", lambda: next(looked))
    monkeypatch.setattr("xmpp_cem.runtime.clock._LONGEST_S", 0.001)
    clock.call_at(shown + timedelta(minutes=30), rung.set)
    await rung.wait()
    assert next(looked, None) is None
