"""An operator who creates an event every second, and looks whether a site has answered them."""

import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from xmpp_cem.agents.operator import Operator
from xmpp_cem.bench.detect import DOMAIN
from xmpp_cem.bench.hands import CLOCK
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval

_EVERY_S = 1.0


class Commands:
    """Creates an event every second, and changes and cancels some of them."""

    def __init__(self, operator: Operator, site: PartyId, first: int) -> None:
        self._operator, self._site = operator, site
        self._count = first
        self.live: set[str] = set()
        self.refused: Counter[str] = Counter()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self.create()
            await asyncio.sleep(_EVERY_S)

    async def create(self) -> None:
        """Create an event; every third is changed, and every fifth cancelled."""
        self._count += 1
        number, start = self._count, CLOCK.now() + timedelta(hours=1 + self._count)
        event = str(UUID(int=number))
        if not await self._say(Verb.CREATE, _event(event, start, -100)):
            return
        self.live.add(event)
        if number % 3 == 0:
            await self._say(Verb.CHANGE, _event(event, start, -200))
        if number % 5 == 0 and await self._cancel(event):
            self.live.discard(event)

    async def unanswered(self) -> set[str]:
        """Return the live events that the site has not said yes to in their last version."""
        found = set()
        for event in self.live:
            reply = await self._operator.request(DOMAIN, Verb.GET, Noun.DISPATCH, ids=(event,))
            record = reply.body
            if not isinstance(record, DispatchRecord):
                found.add(event)
                continue
            shares = {share.party: share for share in record.shares}
            share = shares.get(self._site)
            if share is None or share.opt is None or share.silent_since is not None:
                found.add(event)
        return found

    async def left(self, seconds: float) -> set[str]:
        """Wait until all are answered, for so long; return those that are not."""
        until = time.monotonic() + seconds
        while True:
            found = await self.unanswered()
            if not found or time.monotonic() > until:
                return found
            await asyncio.sleep(1)

    async def _say(self, verb: Verb, event: Event) -> bool:
        body = EndDeviceControls(events=(event,))
        return await self._asked(verb, body=body)

    async def _cancel(self, event: str) -> bool:
        return await self._asked(Verb.CANCEL, ids=(event,))

    async def _asked(self, verb: Verb, **what: Any) -> bool:
        """Ask until the VTN has said something; whether it took it."""
        try:
            reply = await self._operator.request(DOMAIN, verb, Noun.CONTROLS, **what)
        except TransportError:
            self.refused["no answer"] += 1
            return False
        if reply.result is Result.FAILED:
            self.refused[f"{reply.errors[0].code} {reply.errors[0].reason}"] += 1
            return False
        return True


def _event(event: str, start: datetime, power_w: int) -> Event:
    """Return an event far away, so that none is in another's way."""
    return Event(
        id=event,
        order=Order(epoch=0, modification=0),
        active=Interval(start=start, end=start + timedelta(minutes=10)),
        signal=Delta(power_w=power_w),
        created=CLOCK.now(),
        answer_by=start,
    )
