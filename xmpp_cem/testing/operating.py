"""An operator of a `World`, over the same carrier."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from xmpp_cem.errors import TransportError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.operations import DispatchRecord, DomainMembers
from xmpp_cem.model.event import Change, Event, Order, Targets
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.link import LinkEvent, RequestReceived
from xmpp_cem.model.signal import Delta, Signal
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.carriers import Carrier
from xmpp_cem.wire.codec import Flow, decode, encode

OPERATOR = "operator"


class Until(Protocol):
    """Lets time pass until something is true; raises AssertionError when it never is."""

    async def __call__(
        self, is_true: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 20
    ) -> None:
        """Wait."""
        ...


class OperatorClient:
    """An operator of one domain, over the same carrier; `late` are the answers that came later."""

    def __init__(self, carrier: Carrier, address: Jid, vtn: Jid, until: Until) -> None:
        self._clock = carrier.clock
        self._until = until
        self._vtn = vtn
        self._transport = carrier.stream(address, self._take, lambda _: False, set())
        self._count = 0
        self.late: list[ResponseMessage] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> "OperatorClient":
        """Connect, and wait until the VTN answers."""
        self._task = asyncio.get_running_loop().create_task(self._transport.run(), name="operator")
        await self._until(lambda: self._transport.is_up)
        await self._until(self._is_answered)
        return self

    def _take(self, seen: LinkEvent) -> None:
        """Keep the answers that come later, each of them answered with nothing."""
        if isinstance(seen, RequestReceived):
            message = decode(seen.payload, Flow.TRANSACTION)
            if isinstance(message, ResponseMessage):
                self.late.append(message)
                self._transport.respond(seen.token, b"")

    async def _is_answered(self) -> bool:
        try:
            await self.members()
        except TransportError:
            return False
        return True

    async def stop(self) -> None:
        """Disconnect."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def ask(
        self,
        verb: Verb,
        noun: Noun,
        body: Body | None = None,
        ids: tuple[str, ...] = (),
        *,
        options: tuple[tuple[str, str], ...] = (),
        later: bool | None = None,
    ) -> ResponseMessage:
        """Send a request and return its answer, or its acknowledgement when that may come later."""
        self._count += 1
        now = self._clock.now()
        header = Header(
            verb=verb,
            noun=noun,
            message_id=derived_id(OPERATOR, self._vtn, now, self._count),
            timestamp=now,
            source=OPERATOR,
            wants_async=later,
        )
        message = RequestMessage(header=header, body=body, ids=ids, options=options)
        asking = asyncio.get_running_loop().create_task(
            self._transport.request(
                self._vtn, encode(message), is_query=verb is Verb.GET, timeout=10
            ),
            name="operator asks",
        )
        await self._until(asking.done)
        reply = decode(asking.result(), Flow.REPLY)
        if not isinstance(reply, ResponseMessage):
            raise TypeError("a response was expected")
        return reply

    async def dispatch(  # noqa: PLR0913 a test names what it is about
        self,
        number: int,
        power_w: int,
        *,
        start_in: float = 4,
        seconds: float = 20,
        answer_in: float = 3,
        priority: int = 100,
        later: bool | None = None,
    ) -> str:
        """Ask for a change of power; returns the event's id, asserts that the VTN took it."""
        return await self.give(
            number,
            Delta(power_w=power_w),
            start_in=start_in,
            seconds=seconds,
            answer_in=answer_in,
            later=later,
            priority=priority,
        )

    async def give(  # noqa: PLR0913 what an operator may say
        self,
        number: int,
        signal: Signal,
        *,
        start_in: float = 4,
        seconds: float = 20,
        answer_in: float = 3,
        later: bool | None = None,
        priority: int = 100,
        then: tuple[float, Signal] | None = None,
        resources: tuple[str, ...] = (),
    ) -> str:
        """Give the domain a signal, `then` another; returns the event's id, as `dispatch`."""
        now = self._clock.now()
        start = now + timedelta(seconds=start_in)
        changes: tuple[Change, ...] = ()
        if then:
            changes = (Change(start=start + timedelta(seconds=then[0]), signal=then[1]),)
        event = Event(
            id=str(UUID(int=number)),
            order=Order(epoch=0, modification=0),
            priority=priority,
            active=Interval(start=start, end=start + timedelta(seconds=seconds)),
            signal=signal,
            changes=changes,
            targets=Targets(resources=resources),
            randomise_s=0,
            created=now,
            answer_by=now + timedelta(seconds=answer_in),
        )
        body = EndDeviceControls(events=(event,))
        reply = await self.ask(Verb.CREATE, Noun.CONTROLS, body, later=later)
        if reply.result != "OK":
            raise AssertionError(f"the VTN did not take the event: {reply.errors}")
        return event.id

    def event(self, number: int, power_w: int, start_in: float, seconds: float) -> Event:
        """Return an event that asks for a change of power; answers are due a second earlier."""
        now = self._clock.now()
        start = now + timedelta(seconds=start_in)
        return Event(
            id=str(UUID(int=number)),
            order=Order(epoch=0, modification=0),
            active=Interval(start=start, end=start + timedelta(seconds=seconds)),
            signal=Delta(power_w=power_w),
            randomise_s=0,
            created=now,
            answer_by=start - timedelta(seconds=1),
        )

    async def call(self, event: Event, programme: str) -> ResponseMessage:
        """Call an event in a programme; returns how the VTN took it."""
        body = EndDeviceControls(events=(event.model_copy(update={"programme": programme}),))
        return await self.ask(Verb.CREATE, Noun.CONTROLS, body)

    async def change(
        self, event: str, power_w: int, start: datetime, seconds: float, priority: int = 100
    ) -> Result:
        """Change an event's power and times; returns how the VTN took it."""
        return await self.alter(event, Delta(power_w=power_w), start, seconds, priority)

    async def alter(
        self, event: str, signal: Signal, start: datetime, seconds: float, priority: int = 100
    ) -> Result:
        """Give an event another signal and other times; returns how the VTN took it."""
        now = self._clock.now()
        active = Interval(start=start, end=start + timedelta(seconds=seconds))
        wanted = Event(
            id=event,
            order=Order(epoch=0, modification=0),
            priority=priority,
            active=active,
            signal=signal,
            created=now,
            answer_by=min(now + timedelta(seconds=3), active.end),
        )
        body = EndDeviceControls(events=(wanted,))
        return (await self.ask(Verb.CHANGE, Noun.CONTROLS, body)).result

    async def cancel(self, event: str) -> None:
        """Cancel an event."""
        await self.ask(Verb.CANCEL, Noun.CONTROLS, ids=(event,))

    async def record(self, event: str) -> DispatchRecord:
        """Return how an event stands."""
        reply = await self.ask(Verb.GET, Noun.DISPATCH, ids=(event,))
        if not isinstance(reply.body, DispatchRecord):
            raise TypeError(f"no record: {reply.errors}")
        return reply.body

    async def members(self) -> DomainMembers:
        """Return the domain's members."""
        reply = await self.ask(Verb.GET, Noun.MEMBERS)
        if not isinstance(reply.body, DomainMembers):
            raise TypeError(f"no members: {reply.errors}")
        return reply.body
