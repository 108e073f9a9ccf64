"""Keeps an engine running: starts it anew when it died, drains it at the end, says how it is."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog

from xmpp_cem.errors import AgentError, ConfigError, StoreError, StoreUnavailableError
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.health import Health, Reason, Status
from xmpp_cem.runtime.ports import Clock

_SHORTEST_S, _LONGEST_S = 1.0, 60.0
_STEADY = timedelta(minutes=5)
_MOST_DEATHS = 10
_LOOK_S = 5.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Life:
    """An engine, and what lets go of its devices when it has ended."""

    engine: Engine
    close: Callable[[], Awaitable[None]] | None = None


class Restarter:
    """Runs engine after engine from the same store.

    Args:
        build: makes an engine.
        clock: what time it is.
        drain_s: how long at the end what must be sent may still be sent, seconds.
    """

    def __init__(self, build: Callable[[], Life], clock: Clock, drain_s: float) -> None:
        self._build = build
        self._clock = clock
        self._drain_s = drain_s
        self._engine: Engine | None = None
        self._death = Reason("starting", clock.now(), is_failing=True)

    def health(self) -> Health:
        """Return how the agent is, also between two engines."""
        return self._engine.health() if self._engine else Health((self._death,))

    async def run(self) -> None:
        """Run until cancelled; what the engine dies from is logged, then it starts anew.

        Raises:
            ConfigError: starting anew cannot mend it.
            StoreError: the store cannot be used.
            AgentError: it has died again and again.
        """
        deaths = 0
        while True:
            started = self._clock.now()
            life = self._build()
            self._engine = life.engine
            try:
                await self._one_life(life)
            except StoreUnavailableError as error:
                log.error("the agent waits for its store", why=str(error))  # noqa: TRY400 no trace
                self._death = Reason(str(error)[:500], self._clock.now(), is_failing=True)
                deaths = 0
            except Exception as error:
                raise_fatal(error)
                log.exception("the agent died and will start anew")
                self._death = Reason(
                    f"the agent died: {error!r}"[:500], self._clock.now(), is_failing=True
                )
            self._engine = None
            deaths = 1 if self._clock.now() - started > _STEADY else deaths + 1
            if deaths >= _MOST_DEATHS:
                raise AgentError(f"the agent died {deaths} times in a row; the log says why")
            longest = min(_SHORTEST_S * 2 ** min(deaths, 10), _LONGEST_S)
            await asyncio.sleep(random.uniform(_SHORTEST_S / 2, longest))  # noqa: S311 no secret

    async def tell(self) -> None:
        """Log each change of how the agent is, until cancelled."""
        known = Status.OK
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                known = self._tell_change(known)
            except Exception:
                log.exception("health cannot be told")

    def _tell_change(self, known: Status) -> Status:
        health = self.health()
        if health.status is not known:
            level = "info" if health.status is Status.OK else "warning"
            shed = {f"shed_{what}": count for what, count in asdict(health.shed).items() if count}
            status = health.status.value
            getattr(log, level)("health", status=status, why=sentence(health), **shed)
        return health.status

    async def _one_life(self, life: Life) -> None:
        """Run one engine; when we are told to end it may first send what it must."""
        engine = life.engine
        task = asyncio.create_task(engine.run(), name="engine")
        try:
            await asyncio.shield(task)
            raise AgentError("the engine has ended")
        except asyncio.CancelledError as stray:
            if task.cancelled():
                raise AgentError("the engine was cancelled by nobody") from stray
            if not task.done():
                await engine.drain(self._drain_s)
            raise
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if life.close is not None:
                await life.close()


def sentence(health: Health) -> str:
    """Return the reasons for a person."""
    told = (
        f"{reason.what} since {reason.since.isoformat(timespec='seconds')}"
        if reason.since
        else reason.what
        for reason in health.reasons
    )
    return "; ".join(told)


def raise_fatal(error: Exception) -> None:
    """Raise what starting anew cannot mend."""
    errors = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
    for single in errors:
        is_passing = isinstance(single, StoreUnavailableError)
        if isinstance(single, ConfigError | StoreError) and not is_passing:
            raise single from error
        if isinstance(single, ExceptionGroup):
            raise_fatal(single)
