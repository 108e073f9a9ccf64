"""What the operator asks for and the VTN tells single sites on the scripted day."""

import asyncio
from uuid import UUID

from tests.day.script import BOUNDS, CEILINGS, DISPATCHES, Ceiling
from xmpp_cem.core.inputs import Link
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.signal import Limit
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codec import encode


class Desk:
    """Calls the events of the script.

    Args:
        day: when and for whom.
        operator: who asks.
    """

    def __init__(self, day, operator):
        self._day, self._operator = day, operator

    def plan(self):
        """Yield when what is done, in what order at one time, and with what."""
        for number, each in enumerate((*DISPATCHES, *CEILINGS)):
            is_limit = isinstance(each, Ceiling)
            give, change = (self._limit, self._move) if is_limit else (self._dispatch, self._change)
            yield each.told, number, give, (each,)
            for step, power_w, end in each.changes:
                yield step, number, change, (each, power_w, end)
            if each.cancelled is not None:
                yield each.cancelled, number, self._operator.cancel, (event_id(each),)
        for number, each in enumerate(BOUNDS):
            yield from self._versions_of(number, each)

    def _versions_of(self, number, each):
        """Yield what sends the versions of a limit that only some sites are told."""
        values = [
            (each.told, each.limit_w, each.end, False),
            *((*c, False) for c in each.changes),
        ]
        if each.cancelled is not None:
            values.append((each.cancelled, each.limit_w, each.end, True))
        for version, (step, limit_w, end, is_cancel) in enumerate(values):
            made = self._bound(each, version, limit_w, end, is_cancel=is_cancel)
            sites = tuple(site for site in each.sites if site in self._day.sites)
            yield step, number, self._send, (sites, made)

    async def _dispatch(self, each):
        now = self._day.world.clock.now()
        await self._operator.dispatch(
            each.number,
            self._day.scaled(each.power_w),
            start_in=(self._day.at(each.start) - now).total_seconds(),
            seconds=((each.end - each.start) * self._day.pace.step).total_seconds(),
            answer_in=(self._day.at(each.end) - now).total_seconds() * 0.9,
            priority=each.priority,
        )

    async def _change(self, each, power_w, end):
        seconds = ((end - each.start) * self._day.pace.step).total_seconds()
        result = await self._operator.change(
            event_id(each),
            self._day.scaled(power_w),
            self._day.at(each.start),
            seconds,
            each.priority,
        )
        assert result == "OK"

    async def _limit(self, each):
        now = self._day.world.clock.now()
        await self._operator.give(
            each.number,
            self._ceiling(each.limit_w),
            start_in=(self._day.at(each.start) - now).total_seconds(),
            seconds=((each.end - each.start) * self._day.pace.step).total_seconds(),
            answer_in=(self._day.at(each.start) - now).total_seconds() * 0.9,
        )

    async def _move(self, each, limit_w, end):
        seconds = ((end - each.start) * self._day.pace.step).total_seconds()
        signal = self._ceiling(limit_w)
        result = await self._operator.alter(
            event_id(each), signal, self._day.at(each.start), seconds
        )
        assert result == "OK"

    def _ceiling(self, limit_w):
        return Limit(limit_w=self._day.scaled(limit_w), direction="import", is_mandatory=True)

    def _bound(self, each, version, limit_w, end, *, is_cancel):
        active = Interval(start=self._day.at(each.start), end=self._day.at(end))
        return Event(
            id=event_id(each),
            order=Order(epoch=1, modification=version),
            status=EventStatus.CANCELLED if is_cancel else EventStatus.FAR,
            active=active,
            signal=Limit(limit_w=limit_w, direction="import", is_mandatory=True),
            created=self._day.at(each.told),
            answer_by=active.start,
        )

    async def _send(self, sites, event):
        """Send a limit as the VTN to each site, which answers when it has kept it."""
        asking = [asyncio.ensure_future(self._ask(site, event)) for site in sites]
        await self._day.world.until(lambda: all(each.done() for each in asking))
        await asyncio.gather(*asking)
        self._day.told.append((self._day.world.clock.now(), sites, event))

    async def _ask(self, site, event):
        header = Header(
            verb=Verb.CANCEL if event.is_cancelled else Verb.CREATE,
            noun=Noun.CONTROLS,
            message_id=derived_id(event.id, event.order.modification, site),
            timestamp=self._day.world.clock.now(),
            source="grid",
        )
        message = RequestMessage(header=header, body=EndDeviceControls(events=(event,)))
        transport = self._day.world.parties["grid"].engine._transports[Link.LOWER]
        to = Jid(self._day.world.account(site), "ven")
        await transport.request(to, encode(message), is_query=False, timeout=10)


def event_id(each):
    return str(UUID(int=each.number))
