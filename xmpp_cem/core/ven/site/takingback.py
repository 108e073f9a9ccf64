"""What the customer's hand and faults take out of events, and what comes back."""

from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.effects import AskDecision
from xmpp_cem.core.life.life import State
from xmpp_cem.core.overriding import FAULT
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.control import Sample, able_w
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.signal import Level, Limit, Price

_OPEN = frozenset({State.FAR, State.NEAR, State.ACTIVE, State.REFUSED, State.SUPERSEDED})


def held(samples: Iterable[Sample]) -> frozenset[ResourceId]:
    """Return the resources that nobody can move now: their owner keeps them, or they are faulty."""
    return frozenset(s.resource for s in samples if s.is_overridden or s.is_faulty)


def left_w(commitment: Commitment, power_w: int, samples: tuple[Sample, ...]) -> int:
    """Return what is left of a promise without the resources that are held, W, signed."""
    is_fall, over = power_w < 0, commitment.event.active
    fixed, gone = dict(commitment.limits), held(samples)
    most_w = sum(
        fixed.get(s.resource, able_w(s, over, is_fall=is_fall))
        for s in samples
        if s.resource not in gone and commitment.means(s.resource, s.kind)
    )
    size_w = min(abs(power_w), most_w)
    return -size_w if is_fall else size_w


def taken_back(commitment: Commitment, samples: Iterable[Sample], now: datetime) -> Commitment:
    """Return an event without the resources that their owner has taken back while it acts.

    They stay with their owner for its rest: that a hand is taken off a device is no yes. Limits
    bind them none the less, and responses to prices are the owner's own.
    """
    event = commitment.event
    if isinstance(event.signal, Limit | Price | Level) or now < event.active.start:
        return commitment
    gone = {s.resource for s in samples if s.is_overridden and commitment.means(s.resource, s.kind)}
    if not gone:
        return commitment
    return commitment.model_copy(
        update={"taken_back": tuple(sorted({*commitment.taken_back, *gone}))}
    )


class Mending:
    """Asks anew about what a fault has taken out of an event, once it is mended."""

    def __init__(self) -> None:
        self._faulty: frozenset[ResourceId] = frozenset()

    def look(
        self, samples: tuple[Sample, ...], commitments: Iterable[Commitment], now: datetime
    ) -> list[AskDecision]:
        """Return what is to be decided again: nobody has said no, a device could not."""
        before = self._faulty
        self._faulty = frozenset(s.resource for s in samples if s.is_faulty)
        mended = [s for s in samples if s.resource in before and s.resource not in self._faulty]
        if not mended:
            return []
        return [
            AskDecision(each.event, each.asked_w)
            for each in commitments
            if each.status in _OPEN and now < each.event.active.end
            if each.answer is not None and each.answer.reason == FAULT
            if any(each.means(s.resource, s.kind) for s in mended)
        ]
