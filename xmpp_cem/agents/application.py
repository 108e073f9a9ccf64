"""The program of a site: drivers of its resources, or an integrator's own functions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.drivers.driver import Driver
from xmpp_cem.drivers.supervised import State, Supervised
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.signal import Level, Limit, Price, TargetPower

_LONGEST_FAULT, _LONGEST_KIND = 200, 32


@dataclass(frozen=True)
class OptIn:
    """Yes to an event: promises this change of power, W, signed as it was asked.

    `until` ends the promise before the event does; the VTN then asks others.
    """

    power_w: int
    reason: str = ""
    opt: Opt = Opt.IN
    until: datetime | None = None


@dataclass(frozen=True)
class OptOut:
    """No to an event."""

    reason: str = ""
    power_w: int = 0
    opt: Opt = Opt.OUT
    until: datetime | None = None


Decision = OptIn | OptOut
Decide = Callable[[Event, int], Awaitable[Decision]]
Apply = Callable[[SetPoint], Awaitable[None]]
Read = Callable[[], Awaitable[tuple[Sample, ...] | list[Sample]]]


async def agree(event: Event, power_w: int) -> Decision:
    """Take part in every event with all that is asked; other signals than power are followed."""
    if isinstance(event.signal, Limit | Price | Level | TargetPower):
        return OptIn(power_w)
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
    """A site whose resources have drivers; a driver that fails makes its resource faulty.

    Args:
        resources: each resource's supervised driver.
        answer: what to answer events.
    """

    def __init__(self, resources: Mapping[str, Supervised], answer: Decide = agree) -> None:
        self._resources = resources
        self._answer = answer

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        return await self._answer(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Have each resource brought to its set point at the next reading."""
        for set_point in set_points:
            self._resources[set_point.resource].want(set_point.power_w)

    async def read(self) -> tuple[Sample, ...]:
        """Act on every resource and read it; none waits for another."""
        states = await asyncio.gather(*(r.look() for r in self._resources.values()))
        return tuple(
            _sample(name, state) for name, state in zip(self._resources, states, strict=True)
        )

    @property
    def names(self) -> frozenset[str]:
        """Its resources."""
        return frozenset(self._resources)

    async def lend(self, resource: str) -> Driver:
        """Leave a device to somebody else for a while; raises TimeoutError."""
        return await self._resources[resource].lend()

    def take_back(self, resource: str) -> None:
        """Go on with a device that was lent."""
        self._resources[resource].take_back()

    async def close(self) -> None:
        """Let go of all devices."""
        await asyncio.gather(*(r.close() for r in self._resources.values()))


def _sample(name: str, state: State) -> Sample:
    """Return what is known of a resource; one never read is faulty, and its 0 W no measurement."""
    description, reading = state.description, state.reading
    about = Sample(
        resource=name,
        kind=description.kind[:_LONGEST_KIND] if description else "",
        limits=description.limits if description else None,
        power_w=reading.power_w if reading else 0,
        is_faulty=bool(state.fault),
        fault=state.fault[:_LONGEST_FAULT],
    )
    if reading is None:
        return about
    return about.model_copy(
        update={
            "increase_w": reading.increase_w,
            "decrease_w": reading.decrease_w,
            "import_wh": reading.import_wh,
            "export_wh": reading.export_wh,
            "stored_wh": reading.stored_wh,
            "is_overridden": reading.overridden,
            "charge_permille": reading.charge_permille,
            "needed_wh": reading.needed_wh,
            "departs": reading.departs,
            "offered": reading.offered,
            "forecast": reading.forecast,
            "corrections": reading.corrections,
        }
    )
