"""A device of the scripted day: it obeys at once, counts energy and remembers what it did."""

from tests.day.script import MOST_W
from xmpp_cem.model.control import Sample
from xmpp_cem.model.limits import Limits
from xmpp_cem.testing.meter import Meter

_S_PER_H = 3600


class Device(Meter):
    """A meter with a register, a button, faults, and a trace of its power.

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
        self.is_faulty = False
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
        """Take a set point, where the device listens."""
        self.count()
        if not self.is_faulty:
            await super().act(set_point)
        self.count()

    async def read(self):
        """Return one sample with a register in whole Wh."""
        self.count()
        (sample,) = await super().read()
        limits = Limits(rated_import_w=MOST_W, rated_export_w=0)
        told = {"import_wh": round(self.energy_wh), "is_faulty": self.is_faulty, "limits": limits}
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
