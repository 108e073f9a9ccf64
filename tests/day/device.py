"""A device of the scripted day: it obeys at once, counts energy and remembers what it did."""

from tests.day.script import MOST_W
from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.drivers.driver import Description, Reading
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.limits import Limits
from xmpp_cem.testing.meter import Meter

_S_PER_H = 3600
LIMITS = Limits(rated_import_w=MOST_W, rated_export_w=0)


class Device(Meter):
    """A meter with a register, a button, and a trace of its power.

    Args:
        site: whose; its one resource has that name.
        power_w, decrease_w: without set point, and what it offers, W.
        clock: returns the present.
    """

    def __init__(self, site, power_w, decrease_w, clock):
        super().__init__(site, power_w, decrease_w, 1000)
        self._clock = clock
        self._since = clock()
        self._ws = 0.0
        self.trace = [(clock(), power_w)]
        self.registers = []

    def count(self):
        """Add what flowed since the last look to the register, and note a change of power."""
        now = self._clock()
        self._ws += self.trace[-1][1] * (now - self._since).total_seconds()
        self._since = now
        if self.trace[-1][1] != self.power_w:
            self.trace.append((now, self.power_w))

    @property
    def energy_wh(self):
        """The register, Wh, not rounded."""
        return self._ws / _S_PER_H

    async def act(self, set_point):
        """Take a set point."""
        self.count()
        await super().act(set_point)
        self.count()

    async def read(self):
        """Return one sample with a register in whole Wh."""
        self.count()
        (sample,) = await super().read()
        told = {"import_wh": round(self.energy_wh), "limits": LIMITS}
        return [Sample(**sample.model_dump() | told)]

    def forget(self):
        """Lose power: the set point is gone."""
        self.count()
        self.set_point = None
        self.count()

    def press(self, *, is_pressed):
        """Press or let go the button of the local override."""
        self.count()
        self.is_overridden = is_pressed
        self.count()


class Wired:
    """The driver of a device, which fails at everything while the wire is broken.

    Args:
        device: what it reaches.
    """

    def __init__(self, device):
        self._device = device
        self.is_broken = False

    def site(self, name, clock):
        """Return the program of a site whose one resource has this driver."""
        resource = Supervised(name, self, clock, Patience())
        return DrivenSite({name: resource}, self._device.answer)

    async def describe(self):
        self._reach()
        return Description("meter", LIMITS)

    async def apply(self, power_w):
        self._reach()
        await self._device.act(SetPoint(resource=self._device.resource, power_w=power_w))

    async def release(self):
        self._reach()
        await self._device.act(SetPoint(resource=self._device.resource, power_w=None))

    async def read(self):
        self._reach()
        (sample,) = await self._device.read()
        return Reading(
            power_w=sample.power_w,
            increase_w=sample.increase_w,
            decrease_w=sample.decrease_w,
            import_wh=sample.import_wh,
            export_wh=None,
            stored_wh=None,
            overridden=sample.is_overridden,
        )

    async def close(self):
        """There is nothing to let go of."""

    def _reach(self):
        if self.is_broken:
            raise ConnectionError("the wire is broken")
