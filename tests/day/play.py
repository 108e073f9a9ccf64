"""Plays the scripted day in a world, and notes what the VTN said and when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from tests.day.desk import Desk
from tests.day.device import Device, Wired
from tests.day.script import (
    LESS_W,
    SITES,
    TROUBLES,
    decrease_w,
    free_w,
)
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.model.signal import Limit

FAILSAFE_W = 2200
"""What a site of the day takes without its VTN, W."""


@dataclass(frozen=True)
class Pace:
    """How long things take: `step` of the script, and what follows from it."""

    step: timedelta
    control: timedelta
    report: timedelta
    heartbeat: timedelta
    lost_s: int
    lease: timedelta


@dataclass
class Day:
    """A day in a world.

    Attributes:
        told: (when, the sites meant or None for all, version), in the order in which they were
            made; taken from the VTN's books.
        spans: trouble to the instants between which it really was so.
        held: site to the instants at which its failsafe limit was found held, or not any more.
        windows: site to the windows that the VTN has of it, by their start.
        seen: site to all that the VTN has shown of its availability.
    """

    world: object
    pace: Pace
    steps: int
    sites: tuple = SITES
    begins: datetime | None = None
    told: list = field(default_factory=list)
    spans: dict = field(default_factory=dict)
    devices: dict = field(default_factory=dict)
    wires: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    windows: dict = field(default_factory=dict)
    seen: dict = field(default_factory=dict)
    _orders: dict = field(default_factory=dict)

    def build(self):
        """Build the VTN and the fleet."""
        world, pace = self.world, self.pace
        world.heartbeat, world.report_every = pace.heartbeat, pace.report
        world.control_every, world.lease = pace.control, pace.lease
        world.failsafe = FailsafeSettings(
            import_w=FAILSAFE_W,
            export_w=0,
            vtn_lost_s=pace.lost_s,
            server_lost_s=pace.lost_s,
            state_lost_s=2 * pace.lost_s,
            longest_delay_s=min(1800, int(2 * pace.step.total_seconds())),
        )
        world.vtn("grid", *self.sites)
        for site in self.sites:
            world.boots[site] = ""
            device = Device(site, free_w(site), decrease_w(site), world.clock.now)
            self.devices[site] = device
            if any(t.site == site and t.what == "fault" for t in TROUBLES):
                self.wires[site] = Wired(device)
                world.programs[site] = partial(self.wires[site].site, site, world.clock)
            world.site(site, "grid", device)

    def at(self, step):
        """Return the instant of a step."""
        return self.begins + self.pace.step * step

    async def play(self, operator):
        """Play the script from beginning to end."""
        plan = sorted(self._plan(operator), key=lambda entry: entry[:2])
        plan = [entry for entry in plan if entry[0] < self.steps]
        for step, _, act, arguments in plan:
            await self._pass_until(self.at(step))
            await act(*arguments)
            self._look()
        await self._pass_until(self.at(self.steps) + 3 * self.pace.control)
        for device in self.devices.values():
            device.count()
        for span in self.spans.values():
            span[1] = span[1] or self.world.clock.now()

    def _plan(self, operator):
        """Yield when what is done, in what order at one time, and with what."""
        yield from Desk(self, operator).plan()
        for number, each in enumerate(t for t in TROUBLES if t.site in self.sites):
            yield each.start, number, self._trouble, (each, True)
            yield each.end, number, self._trouble, (each, False)

    def scaled(self, power_w):
        """Return which part of a power of the whole fleet falls to the sites that play, W."""
        return power_w * len(self.sites) // len(SITES)

    async def _trouble(self, trouble, begins):
        if begins:
            self.spans[trouble] = [self.world.clock.now(), None]
        match trouble.what:
            case "lost":
                carrier = self.world.carrier
                change = carrier.lose if begins else carrier.find
                await change(self.world.account(trouble.site))
            case "power cut":
                await self._power(trouble.site, is_on=not begins)
            case what:
                self._owner(trouble.site, what, begins=begins)
        if not begins:
            self.spans[trouble][1] = self.world.clock.now()

    def _owner(self, site, what, *, begins):
        """Have something happen at a site's device, or by its owner."""
        device = self.devices[site]
        match what:
            case "refuses":
                device.refuses = begins
            case "less":
                device.most_w = LESS_W if begins else None
            case "override":
                device.press(is_pressed=begins)
            case "fault":
                self.wires[site].is_broken = begins

    async def _power(self, site, *, is_on):
        """Switch the power of a whole site: its device forgets what it was told, and its box dies.

        Nobody is told good-bye, and nothing is written any more; it starts again from its disk.
        """
        if is_on:
            self.world.boots[site] = "after the power cut"
            await self.world.carrier.find(self.world.account(site))
            await self.world.restart(site)
            return
        self.world.parties[site].engine.store.is_cut = True
        await self.world.carrier.lose(self.world.account(site))
        await self.world.stop(site)
        self.devices[site].forget()

    async def _pass_until(self, instant):
        while (rest := instant - self.world.clock.now()) > timedelta(0):
            await self.world.carrier.pass_time(min(rest, self.pace.control / 2))
            self._look()

    def _look(self):
        """Note every version that the VTN has made since the last look."""
        now = self.world.clock.now()
        role = self.world.parties["grid"].engine._role
        for site in self.sites:
            held = self.held.setdefault(site, [])
            is_held = bool(self.world.parties[site].engine._role._guarding.caps)
            if is_held != (held[-1][1] if held else False):
                held.append((now, is_held))
            self.seen.setdefault(site, set()).add(role.members[site].availability)
            for interval, window in role.metering.history.get(site, {}).items():
                self.windows.setdefault(site, {})[interval.start] = window
        for dispatch in role.dispatching.dispatches.values():
            for sites, event in self._versions(dispatch, role.dispatching.parts):
                if self._orders.get((sites, event.id)) != event.order:
                    self._orders[sites, event.id] = event.order
                    self.told.append((now, sites, event))

    def _versions(self, dispatch, parts):
        """Yield what the VTN tells: an event for all, or to each site the limit that is its own."""
        event = dispatch.event
        if not isinstance(dispatch.signal, Limit):
            yield None, event
            return
        for site, part in parts[event.id].items():
            if part.order is not None and part.told:
                order = event.order if event.is_cancelled else part.order
                yield (site,), event.model_copy(update={"order": order, "signal": part.told[0]})


async def begun(day):
    """Build and start the fleet; return the operator once everybody is there."""
    day.build()
    day.world.start()
    operator = await day.world.operator("grid")

    async def are_here():
        return all(member.revision for member in (await operator.members()).members)

    await day.world.until(are_here, 120)
    return operator
