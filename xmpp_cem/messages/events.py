"""What parties tell of themselves: answers to events, and status."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from xmpp_cem.model.answer import Answer
from xmpp_cem.model.ids import EventId, MessageId
from xmpp_cem.model.quantity import PerMille, Power
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.stage import Stage
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class StatusType(StrEnum):
    """What happened, as `EndDeviceEventType@ref` of IEC 61968-9: the whole life of an event.

    Opted-in and opted-out are told by an `Answer`.
    """

    RECEIVED = "16.15.43.3"
    SCHEDULED = "16.15.43.225"
    STARTED = "16.15.43.287"
    STOPPED = "16.15.43.288"
    SUCCEEDED = "16.15.43.58"
    FAILED = "16.15.43.85"
    OVERRIDDEN = "16.15.43.41"
    CANCELLED = "16.15.43.10"
    EXPIRED = "16.15.43.64"
    SHORTFALL = "5.8.43.85"
    BASELINE = "5.16.43.83"

    @property
    def stage(self) -> Stage | None:
        """What it says of an event's life; a baseline says nothing of it."""
        return None if self is StatusType.BASELINE else Stage[self.name]


class Status(Value):
    """A status event of a party: what happened to one event or to the party itself.

    A group's baseline says what its `power_w` rests on, as `Stated` has it: `expected`,
    `reporting`, `oldest`, `estimated_share_permille` and `quality`.
    """

    id: MessageId
    type: StatusType
    at: Instant
    event: EventId | None = None
    power_w: Power | None = None
    reason: Sentence = ""
    expected: int | None = Field(default=None, ge=0, le=2**31)
    reporting: int | None = Field(default=None, ge=0, le=2**31)
    oldest: Instant | None = None
    estimated_share_permille: PerMille | None = None
    quality: Quality | None = None


class EndDeviceEvents(Value):
    """Noun EndDeviceEvents of IEC 61968-9: answers (…80 opted-in, …81 opted-out) and status.

    Args:
        answers: to events.
        statuses: of events, or of the party itself.
        schedules: opt schedules that are told one by one; all of an id replace those of that id.
    """

    noun: Literal["EndDeviceEvents"] = "EndDeviceEvents"
    answers: tuple[Answer, ...] = Field(default=(), max_length=100)
    statuses: tuple[Status, ...] = Field(default=(), max_length=100)
    schedules: tuple[OptSchedule, ...] = Field(default=(), max_length=100)
