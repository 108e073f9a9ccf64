"""Turns what a person asks for into an event, and shows how an event stands."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import typer

from xmpp_cem.cli.failures import DeniedError, accepted
from xmpp_cem.cli.output import show_pairs, show_table, signed_kw
from xmpp_cem.core.pages import AFTER, MORE
from xmpp_cem.errors import RemoteProtocolError, TransportError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.event import Event, EventStatus, Mode, Order
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.signal import Delta
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
        return {name: int(length.total_seconds()) for name, length in given.items() if length}


@dataclass(frozen=True)
class Ask:
    """The event that a person asks for: a change of `power_w`, W, signed."""

    event_id: str
    power_w: int
    when: When
    mode: Mode
    reason: str
    priority: int = 100
    spread: Spread = Spread()

    def event(self, now: datetime) -> Event:
        """Return the event as of `now`; raises as `When.at`."""
        times = self.when.at(now)
        return Event(
            id=self.event_id,
            order=Order(epoch=0, modification=0),
            mode=self.mode,
            active=Interval(start=times.start, end=times.end),
            signal=Delta(power_w=self.power_w),
            created=now,
            answer_by=times.answer_by,
            reason=self.reason,
            priority=self.priority,
            **self.spread.seconds,
        )


@dataclass(frozen=True)
class Changes:
    """What a person wants to be otherwise in an event; None leaves it as it is."""

    power_w: int | None = None
    start: datetime | None = None
    length: timedelta | None = None
    answer_within: timedelta | None = None
    reason: str | None = None

    def of(self, known: Event, target_w: int, now: datetime) -> Event:
        """Return a live event that asks for `target_w` with the changes, as of `now`.

        Raises:
            typer.BadParameter: it would be over, or answers would be due after its end.
        """
        start = self.start or known.active.start
        length = self.length or known.active.duration
        times = When(None, start, length, self.answer_within).at(now)
        update = {
            "active": Interval(start=times.start, end=times.end),
            "signal": Delta(power_w=target_w if self.power_w is None else self.power_w),
            "created": now,
            "answer_by": times.answer_by,
            "reason": known.reason if self.reason is None else self.reason,
        }
        return known.model_copy(update=update)


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


def show_record(record: DispatchRecord) -> None:
    """Print how an event stands."""
    active = record.active
    power = [f"asked {signed_kw(record.target_w)}", f"promised {signed_kw(record.promised_w)}"]
    power.append(f"delivered {signed_kw(record.delivered_w)} ({record.delivered_wh} Wh)")
    show_pairs(
        [
            ("event", record.event),
            ("domain", record.domain),
            ("status", record.status.value),
            ("active", f"{active.start:%Y-%m-%d %H:%M:%SZ} to {active.end:%H:%M:%SZ}"),
            ("power", ", ".join(power)),
            ("divided anew", f"{record.redivisions} times"),
            ("why", record.why or "-"),
        ]
    )
    if record.shares:
        headings = ("party", "availability", "answer", "asked", "promised", "delivered", "reason")
        show_table(headings, (_row(share) for share in record.shares))


def line_of(record: DispatchRecord) -> str:
    """Return one line on how an event stands."""
    return (
        f"{record.status.value}: asked {signed_kw(record.target_w)}, "
        f"promised {signed_kw(record.promised_w)}, delivered {signed_kw(record.delivered_w)}"
        f"{'; ' + record.why if record.why else ''}"
    )


def _row(share: MemberShare) -> tuple[str, ...]:
    return (
        share.party,
        share.availability.value,
        share.opt.value if share.opt else "-",
        signed_kw(share.asked_w),
        signed_kw(share.promised_w),
        signed_kw(share.delivered_w),
        share.reason,
    )
