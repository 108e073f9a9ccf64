"""A site's program for tests, with one resource that obeys at once."""

import asyncio
from datetime import datetime

from xmpp_cem.agents.application import Decision, OptIn, OptOut
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.reading import Correction


class Meter:
    """A site's program for tests: one resource that obeys at once."""

    def __init__(self, resource: str, power_w: int, decrease_w: int, increase_w: int = 0) -> None:
        self.resource = resource
        self.free_w = power_w
        self.decrease_w = decrease_w
        self.increase_w = increase_w
        self.set_point: int | None = None
        self.set_points: list[int | None] = []
        self.is_overridden = False
        self.overridden_until: datetime | None = None
        self.most_w: int | None = None
        self.asked: list[int] = []
        self.refuses = False
        self.hesitates = False
        self.corrections: tuple[Correction, ...] = ()

    @property
    def power_w(self) -> int:
        """Present power, W."""
        is_free = self.is_overridden or self.set_point is None
        return self.free_w if is_free or self.set_point is None else self.set_point

    async def act(self, set_point: SetPoint) -> None:
        """Take a set point; what changes is noted."""
        if not self.set_points or self.set_points[-1] != set_point.power_w:
            self.set_points.append(set_point.power_w)
        self.set_point = set_point.power_w

    async def read(self) -> list[Sample]:
        """Return one sample; of an override with an end it tells what it can do afterwards."""
        is_kept = self.is_overridden and self.overridden_until is None
        return [
            Sample(
                resource=self.resource,
                kind="meter",
                power_w=self.power_w,
                decrease_w=0 if is_kept else self.decrease_w,
                increase_w=0 if is_kept else self.increase_w,
                is_overridden=self.is_overridden,
                overridden_until=self.overridden_until,
                corrections=self.corrections,
            )
        ]

    async def answer(self, _event: Event, power_w: int) -> Decision:
        """Take part, with at most `most_w`; never decide while it `hesitates`."""
        if self.hesitates:
            await asyncio.Event().wait()
        self.asked.append(power_w)
        if self.refuses or (self.is_overridden and self.overridden_until is None):
            return OptOut("not today")
        if self.most_w is not None and abs(power_w) > self.most_w:
            return OptIn(-self.most_w if power_w < 0 else self.most_w, "no more than that")
        return OptIn(power_w)
