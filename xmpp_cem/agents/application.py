"""The program of a site: drivers of its resources, or an integrator's own functions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from xmpp_cem.drivers.driver import Driver, Reading
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.signal import Limit

log = structlog.get_logger()


@dataclass(frozen=True)
class OptIn:
    """Yes to an event: promises this change of power, W, signed as it was asked."""

    power_w: int
    reason: str = ""
    opt: Opt = Opt.IN


@dataclass(frozen=True)
class OptOut:
    """No to an event."""

    reason: str = ""
    power_w: int = 0
    opt: Opt = Opt.OUT


Decision = OptIn | OptOut
Decide = Callable[[Event, int], Awaitable[Decision]]
Apply = Callable[[SetPoint], Awaitable[None]]
Read = Callable[[], Awaitable[tuple[Sample, ...] | list[Sample]]]


async def agree(event: Event, power_w: int) -> Decision:
    """Take part in every event with all that is asked; limits are kept."""
    if isinstance(event.signal, Limit):
        return OptIn(0)
    return OptIn(power_w) if power_w else OptOut("nothing that could change")


@dataclass
class FunctionSite:
    """A site made of three functions: what to answer, how to act, how to read."""

    read_devices: Read
    act: Apply
    answer: Decide = agree

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        return await self.answer(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Bring each device to its set point."""
        for set_point in set_points:
            await self.act(set_point)

    async def read(self) -> tuple[Sample, ...]:
        """Read the devices."""
        return tuple(await self.read_devices())


class DrivenSite:
    """A site whose resources have drivers; a driver that fails makes its resource faulty."""

    def __init__(self, drivers: Mapping[str, Driver], answer: Decide = agree) -> None:
        self._drivers = drivers
        self._answer = answer
        self._last = {name: Sample(resource=name, power_w=0) for name in drivers}

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        if any(sample.is_overridden for sample in self._last.values()):
            return OptOut("local override")
        return await self._answer(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Bring each resource to its set point; one that fails does not stop the others."""
        work = [self._drivers[s.resource].apply(s.power_w) for s in set_points]
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for set_point, outcome in zip(set_points, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                log.error("driver failed", resource=set_point.resource, why=repr(outcome))

    async def read(self) -> tuple[Sample, ...]:
        """Read every resource."""
        work = [_look(name, driver) for name, driver in self._drivers.items()]
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for name, outcome in zip(self._drivers, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                log.error("driver failed", resource=name, why=repr(outcome))
                self._last[name] = self._last[name].model_copy(update={"is_faulty": True})
            else:
                self._last[name] = outcome
        return tuple(self._last.values())


async def _look(name: str, driver: Driver) -> Sample:
    """Read one driver; what is no reading raises here, as a driver that fails does."""
    return _sample(name, driver.describe().kind, await driver.read())


def _sample(name: str, kind: str, reading: Reading) -> Sample:
    return Sample(
        resource=name,
        kind=kind,
        power_w=reading.power_w,
        increase_w=reading.increase_w,
        decrease_w=reading.decrease_w,
        import_wh=reading.import_wh,
        export_wh=reading.export_wh,
        stored_wh=reading.stored_wh,
        is_overridden=reading.overridden,
    )
