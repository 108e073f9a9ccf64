"""Plays the scripted day in a world, and notes what the VTN said and when."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tests.day.device import Device
from tests.day.script import (
    BOUNDS,
    DISPATCHES,
    LESS_W,
    SITES,
    TROUBLES,
    decrease_w,
    free_w,
)
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.signal import Limit
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codec import encode

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
    """

    world: object
    pace: Pace
    steps: int
    cut: object
    mend: object
    sites: tuple = SITES
    begins: datetime | None = None
    told: list = field(default_factory=list)
    spans: dict = field(default_factory=dict)
    devices: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    windows: dict = field(default_factory=dict)
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
            world.site(site, "grid", device)

    def baselines(self, site):
        """Return what a site noted as its power before each event, W."""
        book = self.world.parties[site].engine._role.ven.book.commitments
        return {e: dict(c.baselines).get(site) for e, c in book.items() if c.baselines}

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

    def _plan(self, operator):
        for number, each in enumerate(DISPATCHES):
            yield each.told, number, self._dispatch, (operator, each)
            for step, power_w, end in each.changes:
                yield step, number, self._change, (operator, each, power_w, end)
            if each.cancelled is not None:
                yield each.cancelled, number, operator.cancel, (event_id(each),)
        for number, each in enumerate(BOUNDS):
            values = [
                (each.told, each.limit_w, each.end, False),
                *((*c, False) for c in each.changes),
            ]
            if each.cancelled is not None:
                values.append((each.cancelled, each.limit_w, each.end, True))
            for version, (step, limit_w, end, is_cancel) in enumerate(values):
                made = self._bound(each, version, limit_w, end, is_cancel=is_cancel)
                sites = tuple(site for site in each.sites if site in self.sites)
                yield step, number, self._send, (sites, made)
        for number, each in enumerate(t for t in TROUBLES if t.site in self.sites):
            yield each.start, number, self._trouble, (each, True)
            yield each.end, number, self._trouble, (each, False)

    async def _dispatch(self, operator, each):
        now = self.world.clock.now()
        await operator.dispatch(
            each.number,
            each.power_w * len(self.sites) // len(SITES),
            start_in=(self.at(each.start) - now).total_seconds(),
            seconds=((each.end - each.start) * self.pace.step).total_seconds(),
            answer_in=(self.at(each.end) - now).total_seconds() * 0.9,
            priority=each.priority,
        )

    async def _change(self, operator, each, power_w, end):
        seconds = ((end - each.start) * self.pace.step).total_seconds()
        power_w = power_w * len(self.sites) // len(SITES)
        result = await operator.change(
            event_id(each), power_w, self.at(each.start), seconds, each.priority
        )
        assert result == "OK"

    def _bound(self, each, version, limit_w, end, *, is_cancel):
        active = Interval(start=self.at(each.start), end=self.at(end))
        return Event(
            id=event_id(each),
            order=Order(epoch=1, modification=version),
            status=EventStatus.CANCELLED if is_cancel else EventStatus.FAR,
            active=active,
            signal=Limit(limit_w=limit_w, direction="import", is_mandatory=True),
            created=self.at(each.told),
            answer_by=active.start,
        )

    async def _send(self, sites, event):
        """Send a limit as the VTN to each site, which answers when it has kept it."""
        asking = [asyncio.ensure_future(self._ask(site, event)) for site in sites]
        await self.world.until(lambda: all(each.done() for each in asking))
        await asyncio.gather(*asking)
        self.told.append((self.world.clock.now(), sites, event))

    async def _ask(self, site, event):
        header = Header(
            verb=Verb.CANCEL if event.is_cancelled else Verb.CREATE,
            noun=Noun.CONTROLS,
            message_id=derived_id(event.id, event.order.modification, site),
            timestamp=self.world.clock.now(),
            source="grid",
        )
        message = RequestMessage(header=header, body=EndDeviceControls(events=(event,)))
        transport = self.world.parties["grid"].engine._transports[Link.LOWER]
        to = Jid(self.world.account(site), "ven")
        await transport.request(to, encode(message), is_query=False, timeout=10)

    async def _trouble(self, trouble, begins):
        if begins:
            self.spans[trouble] = [self.world.clock.now(), None]
        match trouble.what:
            case "lost":
                (self.cut if begins else self.mend)(self.world.account(trouble.site))
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
                device.is_faulty = begins

    async def _power(self, site, *, is_on):
        """Switch the power of a whole site: its box is gone, and so is what its device was told."""
        if is_on:
            self.world.boots[site] = "after the power cut"
            await self.world.restart(site)
            return
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
            for interval, window in role.metering.history.get(site, {}).items():
                self.windows.setdefault(site, {})[interval.start] = window
        for dispatch in role.dispatching.dispatches.values():
            event = dispatch.event
            if self._orders.get(event.id) != event.order:
                self._orders[event.id] = event.order
                self.told.append((now, None, event))


def event_id(each):
    return str(UUID(int=each.number))


async def begun(day):
    """Build and start the fleet; return the operator once everybody is there."""
    day.build()
    day.world.start()
    operator = await day.world.operator("grid")

    async def are_here():
        return all(member.revision for member in (await operator.members()).members)

    await day.world.until(are_here, 120)
    return operator
