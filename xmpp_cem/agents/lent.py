"""A running site lends its devices to a trial, ordered by a small file beside the store."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import structlog
from pydantic import Field, ValidationError

from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.agents.trial import Check, Limits, Trial, Verdict
from xmpp_cem.agents.wholefile import write_whole
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value
from xmpp_cem.runtime.ports import Clock, Decision

log = structlog.get_logger()

HELD = "the customer has taken it back; run override off first"
_STALE = timedelta(seconds=60)
"""An order that is older when it is first seen is nobody's any more."""


class TrialOrder(Value):
    """Which devices a running agent is to try, and how far; taken back by removing its file.

    Args:
        id: differs from every other order's.
        at: when it was given.
        resources: one after the other, in this order.
        limits: how far each trial goes.
    """

    id: str = Field(max_length=64)
    at: Instant
    resources: tuple[ResourceId, ...] = Field(max_length=1000)
    limits: Limits


class TrialNews(Value):
    """What has come of an order so far; `is_done` when nothing more will."""

    id: str = Field(max_length=64)
    checks: tuple[Check, ...] = Field(max_length=10_000)
    is_done: bool = False


class TrialFile:
    """The order beside a site's store, and beside that what came of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news = path.with_name(f"{path.name}.told")

    @classmethod
    def beside(cls, store: Path) -> Self:
        """Return the files that belong to an agent's store."""
        return cls(store.with_name(f"{store.name}.trial"))

    def give(self, order: TrialOrder) -> None:
        """Order trials; raises OSError."""
        write_whole(self._path, order.model_dump_json())

    def take_back(self) -> None:
        """End what was ordered; raises OSError."""
        self._path.unlink(missing_ok=True)
        self._news.unlink(missing_ok=True)

    def order(self) -> TrialOrder | None:
        """Return what is ordered; None for nothing, and for what cannot be read."""
        with contextlib.suppress(OSError, ValidationError):
            return TrialOrder.model_validate_json(self._path.read_bytes())
        return None

    def tell(self, news: TrialNews) -> None:
        """Tell what came of it so far; raises OSError."""
        write_whole(self._news, news.model_dump_json())

    def news(self, order: str) -> TrialNews | None:
        """Return what has come of an order; None as long as nobody has taken it."""
        with contextlib.suppress(OSError, ValidationError):
            told = TrialNews.model_validate_json(self._news.read_bytes())
            return told if told.id == order else None
        return None


class LendingSite:
    """A site of drivers that goes on while one device after the other is tried.

    A device that is lent is out of service, so that events count on it again afterwards. None is
    lent that the customer keeps, or for which an event, a limit or failsafe decides; where that
    begins in the middle, the trial ends, and the device is released first.

    Args:
        site: of the drivers.
        file: of orders.
        is_held: whether the customer keeps a resource.
        clock: tells the time and waits for it.
    """

    def __init__(
        self,
        site: DrivenSite,
        file: TrialFile,
        is_held: Callable[[ResourceId, datetime], bool],
        clock: Clock,
    ) -> None:
        self._site = site
        self._file = file
        self._is_held = is_held
        self._clock = clock
        self._decided: frozenset[ResourceId] = frozenset()
        self._order: TrialOrder | None = None
        self._lent: ResourceId | None = None
        self._checks: list[Check] = []
        self._task: asyncio.Task[None] | None = None
        self._why = ""

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Pass on."""
        return await self._site.decide(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Pass on; what is lent takes no set point."""
        self._decided = frozenset(p.resource for p in set_points if p.power_w is not None)
        await self._site.apply(set_points)

    async def read(self) -> tuple[Sample, ...]:
        """Read the devices, and look at the order."""
        self._look()
        return await self._site.read()

    async def close(self) -> None:
        """End a trial, then let go of all devices."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        await self._site.close()

    def _look(self) -> None:
        order, now = self._file.order(), self._clock.now()
        if self._task is not None and self._task.done():
            self._task = None
        if self._task is None:
            is_new = order is not None and (self._order is None or order.id != self._order.id)
            if order is not None and is_new and now - order.at < _STALE:
                self._order, self._checks = order, []
                self._task = asyncio.create_task(self._try(order), name="trial")
                self._task.add_done_callback(_said)
            return
        why = self._why_not(self._lent, now) if self._lent else ""
        if order != self._order:
            why = "it was taken back"
        if why:
            self._why = why
            self._task.cancel()

    def _why_not(self, resource: ResourceId, now: datetime) -> str:
        if self._is_held(resource, now):
            return HELD
        if resource in self._decided:
            return "an event, a limit or failsafe decides for it now; try again afterwards"
        return ""

    async def _try(self, order: TrialOrder) -> None:
        """Try what is ordered; how it was interrupted is told too."""
        self._why, name = "the agent has ended", "site"
        try:
            self._tell(order)
            for name in order.resources:
                await self._try_one(name, order)
        except asyncio.CancelledError:
            self._checks.append(Check("step", name, Verdict.SKIPPED, f"interrupted: {self._why}"))
        finally:
            self._lent = None
            self._tell(order, is_done=True)

    async def _try_one(self, name: ResourceId, order: TrialOrder) -> None:
        def note(check: Check) -> None:
            self._checks.append(check)
            self._tell(order)

        if why := self._why_not(name, self._clock.now()):
            return note(Check("step", name, Verdict.SKIPPED, why))
        if name not in self._site.names:
            why = "the agent does not know it; start it anew after its file has changed"
            return note(Check("driver", name, Verdict.FAILED, why))
        self._lent = name
        try:
            driver = await self._site.lend(name)
        except TimeoutError:
            return note(Check("driver", name, Verdict.FAILED, "its driver hangs"))
        try:
            await Trial(name, driver, self._clock, order.limits, note).run()
        finally:
            self._site.take_back(name)
            self._lent = None

    def _tell(self, order: TrialOrder, *, is_done: bool = False) -> None:
        news = TrialNews(id=order.id, checks=tuple(self._checks), is_done=is_done)
        try:
            self._file.tell(news)
        except OSError as error:
            log.warning("a trial cannot be told", why=str(error))


def _said(task: asyncio.Task[None]) -> None:
    """Say that a trial has died of a bug; the agent goes on, and who ordered it sees it end."""
    if not task.cancelled() and (error := task.exception()):
        log.error("a task has died", task=task.get_name(), why=repr(error))


async def tried_by_agent(
    file: TrialFile, order: TrialOrder, clock: Clock, note: Callable[[Check], None]
) -> None:
    """Have the running agent try devices, and note each check as it ends.

    Raises:
        ConfigError: the agent does not take the order, or its file cannot be written.
    """
    seen, asked = 0, clock.now()
    try:
        file.give(order)
        while True:
            await clock.sleep_until(clock.now() + timedelta(seconds=0.5))
            news = file.news(order.id)
            if news is None and clock.now() - asked > timedelta(seconds=15):
                raise ConfigError(
                    "the store is in use, and who uses it tries no devices: an agent of "
                    "[[resources]] does, at its next look; stop it, or wait and try again"
                )
            for check in news.checks[seen:] if news else ():
                seen += 1
                note(check)
            if news is not None and news.is_done:
                return
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: cannot be written ({error.strerror}); use the agent's account"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            file.take_back()
