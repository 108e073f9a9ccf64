import asyncio
from datetime import timedelta

import pytest

from xmpp_cem.simulation import loop as simulated
from xmpp_cem.simulation.loop import START, RestlessError, VirtualClock, VirtualLoop


@pytest.fixture
def loop():
    made = VirtualLoop()
    yield made
    made.close()


def test_time_jumps_to_the_next_instant_that_anybody_waits_for(loop):
    clock, seen = VirtualClock(loop), []

    async def sleep(seconds):
        await clock.sleep(seconds)
        seen.append((seconds, clock.now() - START))

    async def main():
        await asyncio.gather(sleep(3600), sleep(0.5), sleep(20))

    loop.run_until_complete(main())
    assert seen == [(s, timedelta(seconds=s)) for s in (0.5, 20, 3600)]


def test_steps_of_one_instant_are_taken_in_order(loop):
    clock, seen = VirtualClock(loop), []
    for name in "abc":
        clock.after(1, lambda name=name: seen.append(name))
    loop.run_until_complete(clock.sleep(2))
    assert seen == ["a", "b", "c"]


def test_an_instant_that_is_past_is_now(loop):
    clock = VirtualClock(loop)
    loop.run_until_complete(clock.sleep_until(START - timedelta(hours=1)))
    assert clock.now() == START


def test_waiting_for_nothing_is_told(loop):
    with pytest.raises(RestlessError):
        loop.run_until_complete(loop.create_future())


def test_going_on_for_ever_at_one_instant_is_told(loop, monkeypatch):
    monkeypatch.setattr(simulated, "MOST_TURNS", 100)

    def spin():
        loop.call_soon(spin)

    spin()
    with pytest.raises(RestlessError):
        loop.run_until_complete(loop.create_future())
