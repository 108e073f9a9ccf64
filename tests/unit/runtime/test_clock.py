from datetime import UTC, timedelta

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
