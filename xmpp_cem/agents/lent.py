"""A running site lends its devices to a trial, which is ordered by a small file."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.agents.holding import NONE_CONFIGURED
from xmpp_cem.agents.trial import Check, Limits, Trial, Verdict
from xmpp_cem.agents.trialfile import TrialFile, TrialNews, TrialOrder
from xmpp_cem.drivers.driver import Driver
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.runtime.ports import Clock, Decision

log = structlog.get_logger()

HELD = "the customer has taken it back; run override off first"
_STALE = timedelta(seconds=60)
"""An order that is older when it is first seen is nobody's any more."""


class Hold(Protocol):
    """Tries failsafe with all devices of a site, and releases them."""

    async def __call__(
        self,
        drivers: Mapping[str, Driver],
        *,
        clock: Clock,
        limits: Limits,
        say: Callable[[Check], None],
    ) -> None:
        """Note each check as it ends."""
        ...


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
        hold: tries failsafe with drivers that nobody else uses; None where none is configured.
    """

    def __init__(
        self,
        site: DrivenSite,
        file: TrialFile,
        is_held: Callable[[ResourceId, datetime], bool],
        clock: Clock,
        hold: Hold | None,
    ) -> None:
        self._site = site
        self._file = file
        self._is_held = is_held
        self._clock = clock
        self._hold = hold
        self._decided: frozenset[ResourceId] = frozenset()
        self._order: TrialOrder | None = None
        self._lent: set[ResourceId] = set()
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
        why = next(filter(None, (self._why_not(name, now) for name in self._lent)), "")
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
        self._why, step, name = "the agent has ended", "step", "site"
        try:
            self._tell(order)
            for name in order.resources:
                await self._try_one(name, order)
            if order.failsafe:
                step, name = "failsafe", "site"
                await self._try_failsafe(order)
        except asyncio.CancelledError:
            self._checks.append(Check(step, name, Verdict.SKIPPED, f"interrupted: {self._why}"))
        finally:
            self._tell(order, is_done=True)

    async def _try_one(self, name: ResourceId, order: TrialOrder) -> None:
        note = partial(self._note, order)
        if why := self._why_not(name, self._clock.now()):
            note(Check("step", name, Verdict.SKIPPED, why))
            return
        if name not in self._site.names:
            why = "the agent does not know it; start it anew after its file has changed"
            note(Check("driver", name, Verdict.FAILED, why))
            return
        async with self._borrowed((name,), order) as drivers:
            for driver in drivers.values():
                await Trial(name, driver, self._clock, order.limits, note).run()

    async def _try_failsafe(self, order: TrialOrder) -> None:
        """Hold the site's own limit without a VTN, with all its devices or not at all."""
        note, now = partial(self._note, order), self._clock.now()
        if self._hold is None:
            note(NONE_CONFIGURED)
            return
        for name in sorted(self._site.names):
            if why := self._why_not(name, now):
                note(Check("failsafe", "site", Verdict.SKIPPED, f"{name}: {why}"))
                return
        async with self._borrowed(sorted(self._site.names), order) as drivers:
            if drivers:
                await self._hold(drivers, clock=self._clock, limits=order.limits, say=note)

    @contextlib.asynccontextmanager
    async def _borrowed(
        self, names: Sequence[ResourceId], order: TrialOrder
    ) -> AsyncIterator[Mapping[ResourceId, Driver]]:
        """Lend devices for a while; none of them where one hangs."""
        self._lent, drivers = set(names), dict[ResourceId, Driver]()
        try:
            for name in names:
                try:
                    drivers[name] = await self._site.lend(name)
                except TimeoutError:
                    hangs = Check("driver", name, Verdict.FAILED, "its driver hangs")
                    self._note(order, hangs)
                    break
            yield drivers if len(drivers) == len(names) else {}
        finally:
            for name in names:
                self._site.take_back(name)
            self._lent = set()

    def _note(self, order: TrialOrder, check: Check) -> None:
        self._checks.append(check)
        self._tell(order)

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
