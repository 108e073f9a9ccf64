"""Turns what a person asks for into an event, and shows how an event stands."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer
from pydantic import ValidationError

from xmpp_cem.cli.failures import DeniedError, accepted
from xmpp_cem.cli.signals import NOTHING, Said, moved
from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.errors import RemoteProtocolError, TransportError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.event import Change, Event, EventStatus, Mode, Order, Targets
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Delta, Share, Signal
from xmpp_cem.model.time import Interval

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator

_LEAST_TO_ANSWER = timedelta(seconds=2)
_MOST_TO_ANSWER = timedelta(seconds=30)
_LOOK_EVERY_S = 1.0
_LONGEST_WAIT = timedelta(minutes=30)
_OVERDUE = timedelta(seconds=60)


@dataclass(frozen=True)
class Times:
    """When an event acts and until when it can be answered."""

    start: datetime
    end: datetime
    answer_by: datetime


@dataclass(frozen=True)
class When:
    """What a person said about time.

    Args:
        lead: from now to the start, or None.
        start: the start, or None; exactly one of both.
        length: from start to end.
        answer_within: from now to the deadline for answers; None chooses it.
    """

    lead: timedelta | None
    start: datetime | None
    length: timedelta
    answer_within: timedelta | None

    def at(self, now: datetime) -> Times:
        """Return the instants that are meant when it is `now`.

        Unless told, answers have half the lead, at least 2 s and at most 30 s: enough for a VEN
        that has just lost its connection, too little to keep an operator waiting.

        Raises:
            typer.BadParameter: an event without length or answers later than its end.
        """
        start = self.start or now + (self.lead or timedelta(0))
        end = start + self.length
        if end <= max(start, now):
            raise typer.BadParameter("the event would already be over; choose a later --start")
        within = self.answer_within
        if within is None:
            half = max((start - now) / 2, _LEAST_TO_ANSWER)
            within = min(half, _MOST_TO_ANSWER, (end - now) / 2)
        if now + within > end:
            raise typer.BadParameter("answers would be due after the end; lower --answer-within")
        return Times(start, end, now + within)


@dataclass(frozen=True)
class Spread:
    """How an event is spread in time; None for at once."""

    randomise: timedelta | None = None
    ramp: timedelta | None = None
    recovery: timedelta | None = None

    @property
    def seconds(self) -> dict[str, int]:
        """The fields of an event.

        Raises:
            typer.BadParameter: a start that would be put off by more than is allowed.
        """
        if self.randomise and self.randomise > _LONGEST_WAIT:
            raise typer.BadParameter("--randomise is 30m at most")
        given = {
            "randomise_s": self.randomise,
            "ramp_s": self.ramp,
            "recovery_s": self.recovery,
        }
        told = {name: length for name, length in given.items() if length is not None}
        return {name: int(length.total_seconds()) for name, length in told.items()}


@dataclass(frozen=True)
class Ask:
    """The event that a person asks for."""

    event_id: str
    said: Said
    when: When
    mode: Mode
    reason: str
    priority: int = 100
    spread: Spread = Spread()
    resources: tuple[str, ...] = ()
    programme: str | None = None

    def event(self, now: datetime) -> Event:
        """Return the event as of `now`; raises as `When.at`."""
        times, signal = self.when.at(now), self.said.signal
        return checked_event(
            id=self.event_id,
            order=Order(epoch=0, modification=0),
            mode=self.mode,
            active=Interval(start=times.start, end=times.end),
            signal=signal,
            changes=self.said.changes(signal, times.start),
            targets=Targets(resources=self.resources),
            created=now,
            answer_by=times.answer_by,
            reason=self.reason,
            priority=self.priority,
            programme=self.programme,
            **self.spread.seconds,
        )


@dataclass(frozen=True)
class Changes:
    """What a person wants to be otherwise in an event; None leaves it as it is."""

    said: Said = NOTHING
    start: datetime | None = None
    length: timedelta | None = None
    answer_within: timedelta | None = None
    reason: str | None = None

    def of(self, known: Event, target_w: int, now: datetime) -> Event:
        """Return a live event that asks for `target_w` with the changes, as of `now`.

        Where it is a change of power, what follows on it has to be said again.

        Raises:
            typer.BadParameter: it would be over, or answers would be due after its end.
        """
        start = self.start or known.active.start
        length = self.length or known.active.duration
        times = When(None, start, length, self.answer_within).at(now)
        signal: Signal = known.signal
        if isinstance(signal, Share):
            signal = Delta(power_w=target_w)
        if self.said.is_signal:
            signal = self.said.signal
        update = {
            "active": Interval(start=times.start, end=times.end),
            "signal": signal,
            "changes": self._later(known, signal, times.start),
            "created": now,
            "answer_by": times.answer_by,
            "reason": known.reason if self.reason is None else self.reason,
        }
        return checked_event(**{name: getattr(known, name) for name in Event.model_fields} | update)

    def _later(self, known: Event, signal: Signal, start: datetime) -> tuple[Change, ...]:
        if self.said.then or not known.changes:
            return self.said.changes(signal, start)
        if isinstance(signal, Delta) or self.said.is_signal:
            raise typer.BadParameter("say again with --then what follows in this event")
        return moved(known.changes, start - known.active.start)


def checked_event(**fields: Any) -> Event:
    """Return the event with these fields.

    Raises:
        typer.BadParameter: what follows does not lie within it, in order.
    """
    try:
        return Event(**fields)
    except ValidationError as error:
        flaw = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(flaw) from error


def chosen_power(power: int | None, reduce: int | None, increase: int | None) -> int:
    """Return the change of power that is asked for, W, signed.

    Raises:
        typer.BadParameter: not exactly one of the three is given, or it is 0.
    """
    given = [w for w in (power, -reduce if reduce else None, increase) if w is not None]
    if len(given) != 1:
        raise typer.BadParameter("give exactly one of --power, --reduce and --increase")
    if given[0] == 0:
        raise typer.BadParameter("a change of 0 W is no event")
    return given[0]


async def record_of(
    operator: "Operator", domain: str | None, event_id: str | None
) -> tuple[DispatchRecord, PartyId]:
    """Ask how an event stands, the newest by default, page by page; raises as `Operator.request`.

    Returns:
        The record with all its parts, and the party that told it.
    """
    ids = (event_id,) if event_id else ()
    shares: list[MemberShare] = []
    while True:
        options = ((AFTER, shares[-1].party),) if shares else ()
        asked = await operator.request(domain, Verb.GET, Noun.DISPATCH, ids=ids, options=options)
        reply = accepted(asked)
        record = reply.body
        if not isinstance(record, DispatchRecord):
            raise RemoteProtocolError("1.7", "the VTN's answer holds no DispatchRecord")
        shares += record.shares
        ids = (record.event,)
        if not record.shares or MORE not in {error.code for error in reply.errors}:
            whole = record.model_copy(update={"members": None, "shares": tuple(shares)})
            return whole, reply.header.source


async def live_event(operator: "Operator", domain: str | None, event_id: str) -> Event:
    """Ask for one of the live events; raises as `Operator.request`.

    Raises:
        DeniedError: no such event lives.
    """
    reply = accepted(await operator.request(domain, Verb.GET, Noun.CONTROLS))
    events = reply.body.events if isinstance(reply.body, EndDeviceControls) else ()
    for event in events:
        if event.id == event_id:
            return event
    raise DeniedError(f"no event {event_id} lives; see `xmpp-cem event show`")


async def followed(
    operator: "Operator", record: DispatchRecord, tell: Callable[[DispatchRecord], None]
) -> DispatchRecord:
    """Return an event's record once it has ended; `tell` hears of every change before.

    Raises:
        TransportError: the VTN cannot be asked, also a minute after the event's end.
    """
    while record.status not in {EventStatus.COMPLETED, EventStatus.CANCELLED}:
        await asyncio.sleep(_LOOK_EVERY_S)
        try:
            newest, _ = await record_of(operator, record.domain, record.event)
        except TransportError:
            if operator.now() > record.active.end + _OVERDUE:
                raise
            continue
        if newest != record:
            tell(newest)
        record = newest
    return record
