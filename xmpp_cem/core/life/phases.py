"""How time carries an event through its life: which cause is due, and when the next one is."""

from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.core.life.life import Cause, State, Step
from xmpp_cem.core.life.lifecycle import ENDED, OPEN, step

_YES = (Cause.OPT_IN, Cause.OPT_IN_BARRED)


@dataclass(frozen=True, slots=True)
class Moments:
    """The instants of an event's life at one party.

    Args:
        near: when preparations begin, not after `start`.
        start: when it acts, the offset of a randomised start included.
        end: when it no longer acts, after `start`.
        answer_by: when silence becomes an answer.
        forget: when its tombstone is over, not before `end`.
        is_silence_yes: what the programme makes of silence.
    """

    near: datetime
    start: datetime
    end: datetime
    answer_by: datetime
    forget: datetime
    is_silence_yes: bool = False

    def __post_init__(self) -> None:
        """Refuse moments out of order."""
        if not (self.near <= self.start < self.end <= self.forget):
            raise ValueError("an event is near, starts, ends and is forgotten in this order")

    @property
    def silence(self) -> Cause:
        """What silence at the deadline causes."""
        return Cause.SILENCE_IS_IN if self.is_silence_yes else Cause.SILENCE_IS_OUT


def due(state: State, moments: Moments, now: datetime) -> Cause | None:
    """Return what the clock causes in this state by now, the most final first; None for nothing."""
    reached = [cause for at, cause in _waited_for(state, moments) if now >= at]
    return reached[-1] if reached else None


def next_due(state: State, moments: Moments) -> datetime | None:
    """Return when the clock next causes something, for a timer; None in a state without time."""
    return min((at for at, _ in _waited_for(state, moments)), default=None)


def live(state: State, cause: Cause, moments: Moments, now: datetime) -> tuple[Step, ...]:
    """Return the steps that a cause leads to, with all that the clock then brings at once.

    An event that is accepted after its start passes through `far` and becomes active in the same
    commit; a yes after its end is too late. Bring the state up with `tick` first, by the moments
    that were known before. Without a plausible clock only `step` may be used.
    """
    if cause in _YES and now >= moments.end:
        cause = Cause.TOO_LATE
    return _brought_on((step(state, cause),), moments, now)


def tick(state: State, moments: Moments, now: datetime) -> tuple[Step, ...]:
    """Return the steps that the clock alone has made due, in order; none if nothing is."""
    first = due(state, moments, now)
    return _brought_on((step(state, first),), moments, now) if first else ()


def _brought_on(steps: tuple[Step, ...], moments: Moments, now: datetime) -> tuple[Step, ...]:
    while cause := due(steps[-1].to, moments, now):
        steps = (*steps, step(steps[-1].to, cause))
    return steps


def _waited_for(state: State, moments: Moments) -> list[tuple[datetime, Cause]]:
    """Return what a state waits for, the less final first: each leads to another state."""
    if state in ENDED:
        return [(moments.forget, Cause.TOMBSTONE_OVER)]
    if state not in OPEN:
        return []
    waits: list[tuple[datetime, Cause]] = []
    if state is State.PENDING:
        waits.append((moments.answer_by, moments.silence))
    if state is State.FAR:
        waits.append((moments.near, Cause.IS_NEAR))
    if state in {State.FAR, State.NEAR}:
        waits.append((moments.start, Cause.STARTS))
    return [*waits, (moments.end, Cause.ENDS)]
