"""One life of a party's process: ports that end with it, at any call of any of them."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from xmpp_cem.agents.application import Decision
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.keeping import Batch
from xmpp_cem.simulation.device import Device
from xmpp_cem.simulation.evidence import (
    Applied,
    Asked,
    Committed,
    Evidence,
)
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.boundaries import SteppedStore


class KilledError(BaseException):
    """The process is no more: nothing of it may run on, and nothing catches this."""


class Life:
    """Counts the calls of a party's ports, and dies at the one that was planned.

    Args:
        party: whose.
        number: counts the party's lives.
        evidence: notes what is seen from outside.
        on_death: told at the moment of death.
    """

    def __init__(
        self, party: str, number: int, evidence: Evidence, on_death: Callable[[], None]
    ) -> None:
        self.party = party
        self.number = number
        self.evidence = evidence
        self.is_dead = False
        self.is_doomed_at: Callable[[str], bool] = lambda _: False
        self._on_death = on_death
        self._calls_left: int | None = None
        self._aim = ""

    def doom(self, calls: int, aim: str = "") -> None:
        """Die at so manieth call of a port from now; `aim` begins the names of those counted."""
        if self._calls_left is None:
            self._calls_left, self._aim = calls, aim

    def spare(self) -> None:
        """Do not die after all."""
        self._calls_left = None
        self.is_doomed_at = lambda _: False

    def end(self, where: str) -> None:
        """Die now."""
        if not self.is_dead:
            self.is_dead = True
            points = self.evidence.points
            points[where] = points.get(where, 0) + 1
            self.evidence.tell(self.party, "KILLED", where)
            self._on_death()

    def step(self, where: str) -> None:
        """Pass a point at which the process may die; raises KilledError when it does or has."""
        if self.is_dead:
            raise KilledError
        if self.is_doomed_at(where):
            self.end(where)
            raise KilledError
        if self._calls_left is None or not where.startswith(self._aim):
            return
        self._calls_left -= 1
        if self._calls_left <= 0:
            self.end(where)
            raise KilledError


class LivingStore(SteppedStore):
    """The party's disk: what was committed stays, whatever dies."""

    def __init__(self, life: Life, disk: MemoryStore, pause: Callable[[], Awaitable[None]]) -> None:
        super().__init__(disk, lambda where, _: life.step(where))
        self._life = life
        self._pause = pause

    async def open(self) -> None:
        """Make ready, whoever left it open."""
        await self._inner.close()
        await self._inner.open()

    async def commit(self, batch: Batch) -> None:
        """Change what is kept; the process may die right before and right after."""
        await self._pause()
        await super().commit(batch)

    def _committed(self, batch: Batch) -> None:
        evidence = self._life.evidence
        made = Committed(evidence.next(), evidence.now(), self._life.party, batch)
        evidence.commits.append(made)
        evidence.tell(self._life.party, "commits", _Summary(batch))

    async def close(self) -> None:
        """Leave the disk to the next life."""


class LivingSite:
    """The site's program, before devices that outlive it."""

    def __init__(self, life: Life, device: Device) -> None:
        self._life = life
        self._device = device

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        self._life.step("at a decision")
        life, evidence = self._life, self._life.evidence
        asked = Asked(
            evidence.next(), evidence.now(), life.party, life.number, event.id, event.order
        )
        evidence.asked.append(asked)
        evidence.tell(life.party, "asked", f"{event.id[:8]} {event.order} {power_w} W")
        return self._device.decide(power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Bring the device to its set point."""
        for set_point in set_points:
            self._life.step("at a set point")
            evidence = self._life.evidence
            if set_point.power_w != self._device.set_point:
                evidence.tell(self._life.party, "set point", f"{set_point.power_w} W")
            self._device.set_point = set_point.power_w
            seen = Applied(evidence.next(), evidence.now(), self._life.party, set_point.power_w)
            evidence.applied.append(seen)

    async def read(self) -> tuple[Sample, ...]:
        """Read the device."""
        self._life.step("at a reading")
        return self._device.read()


class _Summary(NamedTuple):
    """What a commit holds, put into words when they are read."""

    batch: Batch

    def __str__(self) -> str:
        batch = self.batch
        return (
            f"{len(batch.put)}+{len(batch.drop)} records, {len(batch.send)} to send, "
            f"{len(batch.sent)} sent, {len(batch.received)} answers, {len(batch.journal)} inputs"
        )
