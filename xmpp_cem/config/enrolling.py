"""Programmes, enrolments of resources in them, and opt schedules."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Self, overload

from pydantic import Field, model_validator

from xmpp_cem.config.fields import Bounds
from xmpp_cem.config.section import Section
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import DomainId, PartyId, ProgrammeId, ResourceId, derived_id
from xmpp_cem.model.programme import (
    Consent,
    DailyWindow,
    Day,
    Enrolment,
    LossRule,
    OverrideRule,
    Programme,
    Season,
    Zone,
)
from xmpp_cem.model.schedule import LocalTime, OptSchedule, Recurrence
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval

_A_YEAR_S = 366 * 86_400
_FROM, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
_Version = Annotated[int, Field(ge=1, le=2**31)]
_Resources = Annotated[tuple[ResourceId, ...], Field(max_length=1000)]


class WindowConfig(Section):
    """Hours of the day, by the clock on the wall of the programme's zone."""

    days: Annotated[tuple[Day, ...], Field(max_length=7)] = ()
    """Days on which it begins, as `MO`; all without any."""

    start: time
    """When it opens, as `"17:00"`."""

    end: time
    """When it closes; at or before `start` it is on the next day."""

    @model_validator(mode="after")
    def _on_the_wall(self) -> Self:
        _ = self.window
        return self

    @property
    def window(self) -> DailyWindow:
        """As the model says it."""
        return DailyWindow(days=self.days, start=self.start, end=self.end)


class ProgrammeConfig(Section):
    """A programme: rules that this VTN and its VENs both refuse to breach."""

    id: ProgrammeId
    """Its id, which `event create --programme` names."""

    version: _Version = 1
    """Raise it with each change of the rules: customers consent to a version."""

    title: Sentence = ""
    """For people."""

    start: Instant
    """When its season begins; no earlier than the year 2000."""

    end: Instant
    """When its season ends; no later than the year 2199."""

    zone: Zone = "UTC"
    """The time zone of its days and windows, as `Europe/Berlin`."""

    windows: Annotated[tuple[WindowConfig, ...], Field(max_length=50)] = ()
    """When events may act; always without any."""

    notice: Annotated[timedelta, Bounds(0, 30 * 86_400)] = timedelta(0)
    """Least time from an event's creation to its start."""

    longest: Annotated[timedelta, Bounds(1, _A_YEAR_S)] = timedelta(days=1)
    """The longest event."""

    gap: Annotated[timedelta, Bounds(0, _A_YEAR_S)] = timedelta(0)
    """Least time between two calls of a resource."""

    calls_per_day: Annotated[int, Field(ge=0, le=1000)] | None = None
    """At most so many calls of a resource on a local day."""

    calls_per_season: Annotated[int, Field(ge=0, le=10**6)] | None = None
    """At most so many in the season."""

    time_per_day: Annotated[timedelta, Bounds(0, 2 * 86_400)] | None = None
    """At most so long in all on a local day."""

    time_per_season: Annotated[timedelta, Bounds(0, _A_YEAR_S)] | None = None
    """At most so long in all in the season."""

    override: OverrideRule = OverrideRule.ALLOWED
    """What it means that a customer takes a call back after its start: `allowed` counts the time
    until then, `counted` the whole call, `breach` that too and says so in the answer."""

    silence: Literal["yes", "no"] = "no"
    """What a member means that has not answered at the deadline."""

    on_loss: LossRule = LossRule.FINISH
    """What an event becomes at a VEN that has lost its VTN: `finish` it, `release` it, or hold the
    `failsafe` limit."""

    loss_after: Annotated[timedelta, Bounds(10, 86_400)] = timedelta(minutes=5)
    """So long without its VTN, and it is lost."""

    @model_validator(mode="after")
    def _a_season(self) -> Self:
        _ = self.programme
        return self

    @property
    def programme(self) -> Programme:
        """As the model says it."""
        season: Season = Interval(start=self.start, end=self.end)
        return Programme(
            id=self.id,
            version=self.version,
            title=self.title,
            valid=season,
            zone=self.zone,
            windows=tuple(each.window for each in self.windows),
            notice_s=_seconds(self.notice),
            longest_s=_seconds(self.longest),
            gap_s=_seconds(self.gap),
            calls_per_day=self.calls_per_day,
            calls_per_season=self.calls_per_season,
            seconds_per_day=_seconds(self.time_per_day),
            seconds_per_season=_seconds(self.time_per_season),
            override=self.override,
            silence=Opt.IN if self.silence == "yes" else Opt.OUT,
            on_loss=self.on_loss,
            loss_after_s=_seconds(self.loss_after),
        )


class EnrolmentConfig(Section):
    """The customer's resources in a programme, and its word on it."""

    programme: ProgrammeId
    """The programme."""

    resources: _Resources = ()
    """mRIDs; without any all `[[resources]]` of the file, of a gateway what it shows above."""

    start: Instant = _FROM
    """From when they are bound."""

    end: Instant = _UNTIL
    """Until when they are bound."""

    consent: Literal["given", "withdrawn"] | None = None
    """The customer's word, None as long as there is none; the newest word counts, whoever has
    heard it."""

    version: _Version = 1
    """Of the rules that the customer has read; another one is not consented to."""

    since: Instant | None = None
    """When the customer said so; needed with `consent`."""

    @model_validator(mode="after")
    def _said_when(self) -> Self:
        if (self.consent is None) != (self.since is None):
            raise ValueError("consent and since belong together: say when the customer said so")
        if self.end <= self.start:
            raise ValueError("end must be later than start")
        return self

    def enrolments(self, party: PartyId, resources: Iterable[ResourceId]) -> tuple[Enrolment, ...]:
        """Return one enrolment for each resource; `resources` are meant where none is named."""
        consent = None
        if self.since is not None:
            is_given = self.consent == "given"
            consent = Consent(is_given=is_given, version=self.version, at=self.since)
        return tuple(
            Enrolment(
                programme=self.programme,
                party=party,
                resource=resource,
                valid=Interval(start=self.start, end=self.end),
                consent=consent,
            )
            for resource in self.resources or tuple(resources)
        )


class AboveEnrolmentConfig(EnrolmentConfig):
    """What a gateway shows above, in a programme there, and its operator's word."""

    domain: DomainId | None = None
    """In which domain above; in all of them without one."""


class MemberEnrolmentConfig(EnrolmentConfig):
    """A member's resources in a programme, and the customer's word as far as it is known here."""

    party: PartyId
    """The member."""

    resources: Annotated[tuple[ResourceId, ...], Field(min_length=1, max_length=1000)]
    """mRIDs; a gateway's resource has its party's id."""


class OptScheduleConfig(Section):
    """When the VEN answers in its owner's name, whatever is asked."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """Which it is; a change keeps it."""

    answer: Literal["yes", "no"]
    """What is answered: a no that overlaps an event anywhere wins, a yes must cover it all."""

    resources: Annotated[tuple[ResourceId, ...], Field(max_length=100)] = ()
    """For which resources; all without any."""

    programme: ProgrammeId | None = None
    """For events of which programme; all without one."""

    zone: Zone = "UTC"
    """The time zone of `start` and of the rule, as `Europe/Berlin`."""

    start: LocalTime
    """The first time, by the clock on the wall, as `2026-01-31T08:00:00`."""

    length: Annotated[timedelta, Bounds(1, 7 * 86_400)]
    """How long it lasts each time."""

    rule: Recurrence = ""
    """How it recurs, a rule of RFC 5545 as `FREQ=WEEKLY;BYDAY=SA,SU`; without one it does not."""

    reason: Sentence = ""
    """For people; it stands in the answers."""

    @model_validator(mode="after")
    def _in_our_time(self) -> Self:
        _ = self.schedule("any")
        return self

    def schedule(self, party: PartyId) -> OptSchedule:
        """As the model says it, for a party."""
        return OptSchedule(
            id=derived_id("opt schedule", party, self.name),
            opt=Opt.IN if self.answer == "yes" else Opt.OUT,
            resources=self.resources,
            programme=self.programme,
            zone=self.zone,
            start=self.start,
            duration_s=_seconds(self.length),
            rule=self.rule,
            reason=self.reason,
        )


@overload
def _seconds(length: timedelta) -> int: ...


@overload
def _seconds(length: None) -> None: ...


@overload
def _seconds(length: timedelta | None) -> int | None: ...


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
