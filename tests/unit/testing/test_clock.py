import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.testing.clock import START, ManualClock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    return ManualClock()


async def sleeper(clock, minutes, seen):
    await clock.sleep_until(START + minutes * MINUTE)
    seen.append((minutes, clock.now()))


async def test_time_stands_still_until_it_is_advanced(clock):
    assert clock.now() == START
    await clock.settle()
    assert clock.now() == START
    await clock.advance(MINUTE)
    assert clock.now() == START + MINUTE


async def test_sleepers_wake_in_order_of_time_and_at_their_time(clock):
    seen = []
    async with asyncio.TaskGroup() as group:
        for minutes in (3, 1, 2, 7):
            group.create_task(sleeper(clock, minutes, seen))
        await clock.advance(5 * MINUTE)
        assert seen == [(m, START + m * MINUTE) for m in (1, 2, 3)]
        assert clock.now() == START + 5 * MINUTE
        await clock.advance(5 * MINUTE)
    assert seen[-1] == (7, START + 7 * MINUTE)


async def test_sleepers_of_one_instant_wake_in_order_of_falling_asleep(clock):
    seen = []

    async def named(name):
        await clock.sleep_until(START + MINUTE)
        seen.append(name)

    async with asyncio.TaskGroup() as group:
        for name in "bac":
            group.create_task(named(name))
        await clock.advance(MINUTE)
    assert seen == ["b", "a", "c"]


async def test_the_past_is_not_waited_for(clock):
    await clock.sleep_until(START)
    await clock.sleep_until(START - MINUTE)


async def test_what_a_sleeper_starts_happens_at_its_instant(clock):
    ticks = []

    async def tick():
        for _ in range(4):
            await clock.sleep_until(clock.now() + MINUTE)
            for _ in range(200):
                await asyncio.sleep(0)
            ticks.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await clock.advance(4 * MINUTE)
        assert ticks == [START + n * MINUTE for n in (1, 2, 3, 4)]


async def test_a_cancelled_sleeper_does_not_move_time(clock):
    task = asyncio.create_task(clock.sleep_until(START + MINUTE))
    await clock.settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await clock.advance(2 * MINUTE)
    assert task.cancelled()
    assert clock.now() == START + 2 * MINUTE


async def test_time_waits_for_work_in_threads():
    released, done = threading.Event(), []
    clock = ManualClock(is_busy=lambda: bool(running) and not done)
    running = []

    async def work():
        running.append(True)
        asyncio.get_running_loop().call_later(0.01, released.set)
        await asyncio.to_thread(released.wait)
        done.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        await clock.advance(MINUTE)
        assert done == [START]


async def test_a_loop_that_never_rests_is_reported():
    clock = ManualClock(patience=1000)
    loop, is_over = asyncio.get_running_loop(), []

    def spin():
        if not is_over:
            loop.call_soon(spin)

    spin()
    with pytest.raises(RuntimeError, match="still busy after 1000"):
        await clock.settle()
    is_over.append(True)
    await clock.settle()


async def test_time_does_not_go_back_and_needs_a_zone(clock):
    with pytest.raises(ValueError, match="back"):
        await clock.advance(-MINUTE)
    with pytest.raises(ValueError, match="zone"):
        ManualClock(datetime(2030, 1, 1))  # noqa: DTZ001 that is the point
    paris = ManualClock(datetime.fromisoformat("2030-01-01T01:00:00+01:00"))
    assert paris.now() == START
    assert paris.now().tzinfo is UTC
