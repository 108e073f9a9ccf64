"""The baseline of a whole group: those of its members, each folded in once as it is stated."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from xmpp_cem.core.kept import Kept
from xmpp_cem.core.readings.estimating import share_permille, worst
from xmpp_cem.core.settlement.cases import Baseline, Block, Case, Replies, Step, Version
from xmpp_cem.core.settlement.entries import rounded
from xmpp_cem.model.ids import EventId
from xmpp_cem.model.quantity import bounded, countable
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.stated import Stated
from xmpp_cem.model.time import Instant, Interval

_MICRO = timedelta(microseconds=1)


class GroupBaseline(Kept):
    """What the baselines of an event's members add up to, as it was stored before the event began.

    Other times of the event begin it anew, as they do each member's. A member of which nothing is
    stated is left out, and seen in `expected` and `reporting`.

    Args:
        event: whose.
        revision: rises with each change.
        active: when the event acts, as it was known.
        made: when it became what it is.
        steps: power without the event, one after the other.
        expected, reporting: how many members, of all levels below, are asked and are in it.
        oldest: when the oldest reading that it rests upon was measured.
        gross_ws, estimated_ws: energy of all members, each without its sign, and of that what rests
            on readings that were estimated, W s.
        quality: the worst of the readings that it rests upon.
    """

    side = "lower"
    kind: Literal["group-baseline"] = "group-baseline"
    event: EventId
    revision: int = 0
    active: Interval
    made: Instant
    steps: tuple[Step, ...] = ()
    expected: int = 0
    reporting: int = 0
    oldest: Instant | None = None
    gross_ws: int = 0
    estimated_ws: int = 0
    quality: Quality = Quality.VALID

    @property
    def key(self) -> str:
        """The event."""
        return self.event

    def plus(self, baseline: Baseline) -> "GroupBaseline":
        """Return it with one more resource's baseline, which costs no more with many members."""
        gross_ws = (
            sum(abs(step.power_w) * (step.interval.duration // _MICRO) for step in baseline.steps)
            // 10**6
        )
        estimated_ws = -(-gross_ws * baseline.estimated_share_permille // 1000)
        oldest = [each for each in (self.oldest, baseline.oldest) if each]
        return self.model_copy(
            update={
                "steps": added(self.steps, baseline.steps),
                "oldest": min(oldest, default=None),
                "gross_ws": self.gross_ws + gross_ws,
                "estimated_ws": self.estimated_ws + estimated_ws,
                "quality": worst((self.quality, baseline.quality)),
            }
        )


def added(one: Sequence[Step], other: Sequence[Step]) -> tuple[Step, ...]:
    """Return the sum of two baselines, each in order of time, over all that one of them covers."""
    if [step.interval for step in one] == [step.interval for step in other]:
        pairs = zip(one, other, strict=True)
        return tuple(Step(interval=a.interval, power_w=a.power_w + b.power_w) for a, b in pairs)
    edges = sorted({edge for s in (*one, *other) for edge in (s.interval.start, s.interval.end)})
    steps = []
    for start, end in itertools.pairwise(edges):
        powers = [
            step.power_w
            for step in (*one, *other)
            if step.interval.start <= start and end <= step.interval.end
        ]
        if powers:
            steps.append(Step(interval=Interval(start=start, end=end), power_w=sum(powers)))
    return tuple(steps)


def together(groups: Iterable[GroupBaseline], made: datetime) -> Stated | None:
    """Return what the groups of an event state, added up; None where nobody states anything.

    Args:
        groups: one of each domain below.
        made: when the newest of them became what it is.
    """
    known = list(groups)
    if not any(group.steps for group in known):
        return None
    power_w = 0
    for group in known:
        length = sum(step.interval.duration // _MICRO for step in group.steps)
        work = sum(step.power_w * (step.interval.duration // _MICRO) for step in group.steps)
        power_w += rounded(work, length) if length else 0
    return Stated(
        power_w=bounded(power_w),
        expected=countable(sum(group.expected for group in known)),
        reporting=countable(sum(group.reporting for group in known)),
        oldest=min((group.oldest for group in known if group.oldest), default=None),
        estimated_share_permille=share_permille(
            sum(group.estimated_ws for group in known), sum(group.gross_ws for group in known)
        ),
        quality=worst(group.quality for group in known),
        made=made,
    )


Settled = Block | Case | Version | Replies | Baseline | GroupBaseline
"""Every record of a settlement."""
