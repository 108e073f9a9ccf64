"""Opt schedules: calendars by which an owner says yes or no beforehand."""

import re
from datetime import datetime
from typing import Annotated

from dateutil.rrule import rrulestr
from pydantic import AfterValidator, Field

from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import MessageId, ProgrammeId, ResourceId
from xmpp_cem.model.programme import Zone
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.value import Value

_PARTS = "INTERVAL|COUNT|UNTIL|BYDAY|BYMONTHDAY|BYMONTH|BYSETPOS|WKST"
_RULE = re.compile(
    rf"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;(?:{_PARTS})=[A-Z0-9,+-]{{1,60}}){{0,8}}"
)
LONGEST_S = 7 * 86400
"""The longest time that an opt schedule may name, s."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def _local(value: datetime) -> datetime:
    if value.tzinfo is not None or value.microsecond:
        raise ValueError("a local time has whole seconds and no zone, as 2026-01-31T08:00:00")
    return value


def _rule(text: str) -> str:
    if not text:
        return text
    if not _RULE.fullmatch(text):
        raise ValueError("a rule of RFC 5545 is needed, of days or longer, as FREQ=WEEKLY;BYDAY=MO")
    try:
        rrulestr(text, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 any local time will do
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"no rule of RFC 5545: {error}") from None
    return text


def _in_our_time(start: datetime) -> datetime:
    if not _FIRST_YEAR <= start.year < _LAST_YEAR:
        raise ValueError("an opt schedule starts within the years 2000 to 2199")
    return start


LocalTime = Annotated[datetime, AfterValidator(_local)]
"""What a clock on the wall shows; the zone stands beside it."""

Recurrence = Annotated[str, Field(max_length=256), AfterValidator(_rule)]
"""An RRULE of RFC 5545 without its name; empty for what happens once."""


class OptSchedule(Value):
    """When a party answers in its owner's name, whatever is asked.

    Args:
        id: mRID; a change keeps it.
        opt: what is answered.
        resources: for which resources; all without any.
        programme: for events of which programme; all without any.
        zone: of `start` and of the rule's days.
        start: the first occurrence, by the clock on the wall.
        duration_s: length of each, seconds.
        rule: how it recurs.
        reason: for people.
    """

    id: MessageId
    opt: Opt
    resources: tuple[ResourceId, ...] = Field(default=(), max_length=100)
    programme: ProgrammeId | None = None
    zone: Zone
    start: Annotated[LocalTime, AfterValidator(_in_our_time)]
    duration_s: int = Field(ge=1, le=LONGEST_S)
    rule: Recurrence = ""
    reason: Sentence = ""
