"""What the customer's hand and faults take out of events, and what comes back."""

from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.effects import AskDecision, Effect
from xmpp_cem.core.life.life import Cause, State
from xmpp_cem.core.overriding import FAULT, OVERRIDE
from xmpp_cem.core.reach import is_kept_from
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, able_w
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.signal import Level, Limit, Price

_OPEN = frozenset({State.FAR, State.NEAR, State.ACTIVE, State.REFUSED, State.SUPERSEDED})


def held(event: Event, samples: Iterable[Sample], now: datetime) -> frozenset[ResourceId]:
    """Return the resources that an event cannot move: their owner keeps them, or they are faulty.

    An override holds for what begins while it does.
    """
    return frozenset(s.resource for s in samples if s.is_faulty or _is_kept(s, event, now))


def _is_kept(sample: Sample, event: Event, now: datetime) -> bool:
    return sample.is_overridden and is_kept_from(event, sample.overridden_until, now)


def left_w(commitment: Commitment, power_w: int, samples: tuple[Sample, ...], now: datetime) -> int:
    """Return what is left of a promise without the resources that are held, W, signed.

    What a device can do now is no bound of what it can do after an override.
    """
    is_fall, over = power_w < 0, commitment.event.active
    fixed, gone = dict(commitment.limits), held(commitment.event, samples, now)
    most_w = sum(
        abs(power_w) if s.is_overridden else fixed.get(s.resource, able_w(s, over, is_fall=is_fall))
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


def asked_anew(book: EventBook, known: Commitment, now: datetime) -> list[Effect]:
    """Return what asks again whoever decides about an event: an opt schedule or the program."""
    at_once = book.judging.at_once(known, now)
    if at_once is None:
        return [AskDecision(known.event, known.asked_w)]
    cause, word = at_once
    opt = Opt.IN if cause is Cause.OPT_IN else Opt.OUT
    return book.answer(known, opt, word.power_w, word.reason, now)


class Mending:
    """Finds what is to be decided anew: what a fault or an override took out of it is back."""

    def __init__(self) -> None:
        self._samples: tuple[Sample, ...] = ()
        self._at: datetime | None = None

    def look(
        self, samples: tuple[Sample, ...], commitments: Iterable[Commitment], now: datetime
    ) -> list[Commitment]:
        """Return the events that nobody has said no to, while a device could not or was kept.

        After a fault also those that act; after an override only those that are still to begin.
        """
        before, at = self._samples, self._at or now
        self._samples, self._at = samples, now
        again = []
        for each in commitments:
            answer, event = each.answer, each.event
            if answer is None or each.status not in _OPEN or now >= event.active.end:
                continue
            was, left = held(event, before, at), held(event, samples, now)
            back = {s.resource for s in samples if each.means(s.resource, s.kind)} & (was - left)
            is_kept = answer.reason.startswith(OVERRIDE) and now < event.active.start
            if back and (is_kept or answer.reason == FAULT):
                again.append(each)
        return again
