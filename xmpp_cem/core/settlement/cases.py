"""What a VTN keeps of an event for its settlement, beside dispatch and readings."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from xmpp_cem.core.kept import Kept
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, MessageId, PartyId, ResourceId
from xmpp_cem.model.programme import BaselineMethod, Zone
from xmpp_cem.model.quantity import PerMille, Power
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value


class SettlementTerms(Value):
    """By which rules events are settled.

    Args:
        zone: in which days and quarter-hours are counted.
        baseline: what a change is reckoned against, where no programme says it.
        days: how many days without events `same-time-of-days` looks at.
        used: of how many of these, those in the middle, it takes the mean.
        is_adjusted: whether that mean is moved to what the same day was like before the event.
        freeze_s: so long after the event's end readings still change its result, seconds.
    """

    zone: Zone = "UTC"
    baseline: BaselineMethod = BaselineMethod.METER_BEFORE
    days: int = Field(default=10, ge=1, le=30)
    used: int = Field(default=8, ge=1, le=30)
    is_adjusted: bool = True
    freeze_s: int = Field(default=48 * 3600, ge=0, le=366 * 86400)


class Block(Kept):
    """Readings of one resource that began in the time from `start` on, a line each.

    Blocks of a quarter-hour hold them as they came, those of a day as they were folded.
    """

    side = "lower"
    kind: Literal["block"] = "block"
    party: PartyId
    resource: ResourceId
    start: Instant
    length_s: int
    text: str

    @property
    def key(self) -> str:
        """Resource and time."""
        return f"{self.party}/{self.resource}/{self.length_s}/{self.start:%Y%m%dT%H%M%SZ}"

    @property
    def end(self) -> datetime:
        """Before this its readings began."""
        return self.start + timedelta(seconds=self.length_s)


class Case(Kept):
    """One event: when it moves power, whose, and the rules by which it is settled.

    It outlives the event, as the days of events are no days for a baseline. `active` ends when the
    event was cancelled; one that was cancelled before its start, or is for communication only,
    never `moves` power. `omitted` is how many versions are not kept.
    """

    side = "lower"
    kind: Literal["case"] = "case"
    event: EventId
    active: Interval
    moves: bool
    method: BaselineMethod
    parties: tuple[PartyId, ...]
    terms: SettlementTerms
    omitted: int = 0

    @property
    def key(self) -> str:
        """The event."""
        return self.event

    @property
    def freezes(self) -> datetime:
        """What is heard later does not change the result."""
        return self.active.end + timedelta(seconds=self.terms.freeze_s)


class Version(Kept):
    """An event as it was published at one time, and why."""

    side = "lower"
    kind: Literal["version"] = "version"
    event: Event
    target_w: Power
    at: Instant
    why: Sentence = ""

    @property
    def key(self) -> str:
        """The event and its place among its versions."""
        order = self.event.order
        return f"{self.event.id}/{order.epoch:016d}.{order.modification:010d}"


class Reply(Value):
    """One answer, and when the VTN had it."""

    at: Instant
    answer: Answer


class Replies(Kept):
    """What a member has answered to an event, in order; `omitted` are not kept."""

    side = "lower"
    kind: Literal["replies"] = "replies"
    event: EventId
    party: PartyId
    replies: tuple[Reply, ...]
    omitted: int = 0

    @property
    def key(self) -> str:
        """The event and the member."""
        return f"{self.event}/{self.party}"


class Step(Value):
    """Power that would have flowed without the event."""

    interval: Interval
    power_w: Power


class Why(StrEnum):
    """Why a baseline is not what its method would give, or not by the method that was wanted."""

    AS_STATED = ""
    NO_READINGS = "no readings before the event"
    FEW_DAYS = "fewer days without events are known than are needed"
    MADE_LATE = "made after the event had begun"


class Baseline(Kept):
    """What one resource's change is reckoned against, as it was stored before the event began.

    Args:
        event, party, resource: whose.
        id: of this revision.
        revision: from 1; after the event began only what makes it longer.
        active: when the event acts, as it was known.
        method: by which it was made.
        why: why it is not by the method that was asked for, or not made in time.
        made: when.
        steps: power without the event, one after the other; none when nothing is known.
        basis: what the mean was taken of.
        days: the days that were used.
        adjustment_w: by how much the mean of the days was moved.
        oldest: when the oldest reading of the basis was measured.
        estimated_share_permille: how much of the basis was estimated, in thousandths.
        quality: the worst of the readings of the basis.
    """

    side = "lower"
    kind: Literal["baseline"] = "baseline"
    event: EventId
    party: PartyId
    resource: ResourceId
    id: MessageId
    revision: int = Field(ge=1, le=2**31)
    active: Interval
    method: BaselineMethod
    why: tuple[Why, ...] = ()
    made: Instant
    steps: tuple[Step, ...] = ()
    basis: tuple[Step, ...] = ()
    days: tuple[date, ...] = ()
    adjustment_w: Power = 0
    oldest: Instant | None = None
    estimated_share_permille: PerMille = 0
    quality: Quality = Quality.VALID

    @property
    def key(self) -> str:
        """The event and the resource."""
        return f"{self.event}/{self.party}/{self.resource}"
