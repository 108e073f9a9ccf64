"""Programmes, the rules under which events are called, and enrolments of resources in them."""

from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import PartyId, ProgrammeId, ResourceId
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no zone of the IANA database, as Europe/Berlin") from None
    return name


Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_zone)]
"""Name of a time zone in the IANA database."""

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _in_our_time(valid: Interval) -> Interval:
    """Keep calendars, which are reckoned day by day, away from the ends of time."""
    if valid.start < _FIRST or valid.end > _LAST:
        raise ValueError("a programme is valid within the years 2000 to 2199")
    return valid


Season = Annotated[Interval, AfterValidator(_in_our_time)]
"""When something is valid, from 2000 to 2199."""

_A_DAY = 86400
_A_YEAR = 366 * _A_DAY


class Day(StrEnum):
    """A day of the week, as RFC 5545 abbreviates it."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


class DailyWindow(Value):
    """Hours of the day in which events may act, by the clock on the wall of the programme's zone.

    Args:
        days: on which days it begins; all without any.
        start: when it opens, whole seconds.
        end: when it closes; at or before `start` it is on the next day.
    """

    days: tuple[Day, ...] = Field(default=(), max_length=7)
    start: time
    end: time

    @model_validator(mode="after")
    def _on_the_wall(self) -> Self:
        for each in (self.start, self.end):
            if each.tzinfo is not None or each.microsecond:
                raise ValueError("a daily window is in whole seconds and without a zone")
        return self


class OverrideRule(StrEnum):
    """What the customer's local override means; it always wins, whatever the rule."""

    ALLOWED = "allowed"
    COUNTED = "counted"
    BREACH = "breach"


class BaselineMethod(StrEnum):
    """What an event's change of power is reckoned against."""

    METER_BEFORE = "meter-before"
    SAME_TIME_OF_DAYS = "same-time-of-days"


class LossRule(StrEnum):
    """What an accepted event becomes when the connection to the VTN is lost."""

    FINISH = "finish"
    RELEASE = "release"
    FAILSAFE = "failsafe"


class Programme(Value):
    """The rules that VTN and VEN both refuse to breach.

    Args:
        id: the programme.
        version: rises with each change of the rules; consent is to a version.
        title: for people.
        valid: the season in which events may be called.
        zone: in which days begin and daily windows are read.
        windows: when events may act; always without any.
        notice_s: least time from an event's creation to its start, seconds.
        longest_s: longest event, seconds.
        gap_s: least time between the end of a call and the start of the next, seconds.
        calls_per_day, calls_per_season: at most so many; None: no bound.
        seconds_per_day, seconds_per_season: at most so long together; None: no bound.
        override: what a local override means.
        silence: what silence at the deadline means.
        baseline: what changes are reckoned against.
        on_loss: what happens when the connection is lost.
        loss_after_s: after how long without the VTN it is lost, seconds.
    """

    id: ProgrammeId
    version: int = Field(ge=1, le=2**31)
    title: Sentence = ""
    valid: Season
    zone: Zone = "UTC"
    windows: tuple[DailyWindow, ...] = Field(default=(), max_length=50)
    notice_s: int = Field(default=0, ge=0, le=30 * _A_DAY)
    longest_s: int = Field(default=_A_DAY, ge=1, le=_A_YEAR)
    gap_s: int = Field(default=0, ge=0, le=_A_YEAR)
    calls_per_day: int | None = Field(default=None, ge=0, le=1000)
    calls_per_season: int | None = Field(default=None, ge=0, le=10**6)
    seconds_per_day: int | None = Field(default=None, ge=0, le=2 * _A_DAY)
    seconds_per_season: int | None = Field(default=None, ge=0, le=_A_YEAR)
    override: OverrideRule = OverrideRule.ALLOWED
    silence: Opt = Opt.OUT
    baseline: BaselineMethod = BaselineMethod.METER_BEFORE
    on_loss: LossRule = LossRule.FINISH
    loss_after_s: int = Field(default=300, ge=10, le=_A_DAY)


class Consent(Value):
    """Whether the customer agrees to a version of a programme, and since when."""

    is_given: bool
    version: int = Field(ge=1, le=2**31)
    at: Instant


class Enrolment(Value):
    """One resource bound to one programme; without consent to its version no event acts.

    Args:
        programme: the programme.
        party: who answers for the resource.
        resource: mRID.
        valid: while it is bound.
        consent: the newest word of the customer, None before the first.
    """

    programme: ProgrammeId
    party: PartyId
    resource: ResourceId
    valid: Interval
    consent: Consent | None = None
