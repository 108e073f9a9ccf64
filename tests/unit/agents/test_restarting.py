import asyncio
import contextlib
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from xmpp_cem.agents import restarting as module
from xmpp_cem.agents.restarting import Life as OneLife
from xmpp_cem.agents.restarting import Restarter, sentence
from xmpp_cem.errors import AgentError, ConfigError, StoreError
from xmpp_cem.runtime.health import Health, Reason, Shed, Status
from xmpp_cem.testing.clock import ManualClock


class Life:
    """An engine that ends as it is told, or runs until it is cancelled."""

    def __init__(self, end=None):
        self.end = end
        self.drained = []
        self.is_running = False
        self.reasons = ()
        self.shed = Shed()

    async def run(self):
        self.is_running = True
        try:
            if self.end is not None:
                raise self.end
            await asyncio.Event().wait()
        finally:
            self.is_running = False

    async def drain(self, seconds):
        assert self.is_running
        self.drained.append(seconds)
        await asyncio.sleep(0)

    def health(self):
        return Health(self.reasons, shed=self.shed)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "_SHORTEST_S", 0.0)
    monkeypatch.setattr(module, "_LONGEST_S", 0.0)
    monkeypatch.setattr(module, "_LOOK_S", 0.001)


@contextlib.asynccontextmanager
async def kept(*lives):
    """Keep these engines running, one after the other."""
    waiting = list(lives)
    keeper = Restarter(lambda: OneLife(waiting.pop(0)), ManualClock(), 5)
    task = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.02)
    try:
        yield keeper, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_engine_that_died_is_followed_by_another(quick):
    lives = [Life(ExceptionGroup("x", [KeyError("bug")])), Life(AgentError("ended")), Life()]
    with capture_logs() as logs:
        async with kept(*lives):
            assert [life.is_running for life in lives] == [False, False, True]
    assert [line["event"] for line in logs] == ["the agent died and will start anew"] * 2


async def test_one_that_only_ends_is_followed_too_and_a_stray_cancellation_is_a_death(quick):
    lives = [Life(asyncio.CancelledError()), Life()]
    with capture_logs() as logs:
        async with kept(*lives):
            assert lives[1].is_running
    assert len(logs) == 1


@pytest.mark.parametrize("error", [ConfigError("file"), StoreError("disk")])
async def test_what_a_new_start_cannot_mend_ends_the_agent(quick, error):
    async with kept(Life(ExceptionGroup("x", [error]))) as (_, task):
        assert task.exception() is error


async def test_who_dies_again_and_again_gives_up_loudly(quick):
    with capture_logs() as logs:
        async with kept(*(Life(KeyError("bug")) for _ in range(10))) as (_, task):
            assert isinstance(task.exception(), AgentError)
            assert "10 times in a row" in str(task.exception())
    assert len(logs) == 10


async def test_a_long_life_between_two_deaths_is_no_death_in_a_row(quick):
    clock, count, reached = ManualClock(), 0, asyncio.Event()

    class Long(Life):
        async def drain(self, _seconds):
            pass

        async def run(self):
            nonlocal count
            count += 1
            clock._now += timedelta(minutes=6)
            if count == 30:
                reached.set()
                await asyncio.Event().wait()
            raise KeyError

    keeper = Restarter(lambda: OneLife(Long()), clock, 5)
    task = asyncio.create_task(keeper.run())
    with capture_logs():
        await reached.wait()
    task.cancel()
    outcome = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(outcome[0], asyncio.CancelledError)


async def test_the_end_waits_for_what_must_be_sent(quick):
    life = Life()
    async with kept(life) as (_, task):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (life.drained, life.is_running) == ([5], False)


async def test_a_second_cancellation_waits_for_nothing(quick):
    class Slow(Life):
        async def drain(self, _seconds):
            await asyncio.Event().wait()

    life = Slow()
    async with kept(life) as (_, task):
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not life.is_running


async def test_between_two_engines_the_health_says_what_the_last_one_died_of(monkeypatch):
    monkeypatch.setattr(module, "_SHORTEST_S", 60.0)
    keeper = Restarter(lambda: OneLife(Life(KeyError("bug"))), ManualClock(), 5)
    assert keeper.health().status is Status.FAILING
    task = asyncio.create_task(keeper.run())
    with capture_logs():
        await asyncio.sleep(0.01)
    health = keeper.health()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert health.status is Status.FAILING
    assert "died: KeyError('bug')" in health.reasons[0].what


async def test_each_change_of_health_is_told_once(quick):
    life = Life()
    async with kept(life) as (keeper, _):
        telling = asyncio.create_task(keeper.tell())
        with capture_logs() as logs:
            for reasons in ((Reason("the VTN is silent"),), (), ()):
                life.reasons = reasons
                await asyncio.sleep(0.02)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    assert [(line["status"], line["why"], line["log_level"]) for line in logs] == [
        ("degraded", "the VTN is silent", "warning"),
        ("ok", "", "info"),
    ]


async def test_what_was_shed_is_told_with_the_health_when_it_is_over(quick):
    life = Life()
    async with kept(life) as (keeper, _):
        telling = asyncio.create_task(keeper.tell())
        with capture_logs() as logs:
            life.reasons = (Reason("more arrives than can be handled"),)
            await asyncio.sleep(0.02)
            life.reasons, life.shed = (), Shed(telemetry=8000, refused=3)
            await asyncio.sleep(0.02)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    told = {name: count for name, count in logs[-1].items() if name.startswith("shed")}
    assert logs[-1]["status"] == "ok"
    assert told == {"shed_telemetry": 8000, "shed_refused": 3}


async def test_health_that_cannot_be_told_is_told_again_when_it_can(quick):
    life = Life()
    async with kept(life) as (keeper, _):
        life.reasons = None  # raises where health is asked
        telling = asyncio.create_task(keeper.tell())
        with capture_logs() as logs:
            await asyncio.sleep(0.02)
            life.reasons = (Reason("the VTN is silent"),)
            await asyncio.sleep(0.02)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    assert logs[0]["event"] == "health cannot be told"
    assert (logs[-1]["event"], logs[-1]["status"]) == ("health", "degraded")


def test_reasons_are_told_with_their_time():
    now = ManualClock().now()
    assert sentence(Health((Reason("a", now), Reason("b")))) == f"a since {now.isoformat()}; b"
