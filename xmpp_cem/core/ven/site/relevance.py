"""Which commitments decide about an instant: what is long over or far away costs no more time."""

from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.commitments import over


def relevant(newest: Iterable[Commitment], now: datetime) -> list[Commitment]:
    """Return those of which the plan of an instant can depend.

    A ramp starts where the event before it had led to. So besides the events of the instant those
    count that touch one with a ramp or a recovery, and so on into the past. Where power is reached
    at once, nothing depends on what it was before.

    Args:
        newest: all that are known, what is over last first.
        now: the instant.
    """
    since, kept = now, []
    for each in newest:
        if over(each) < since:
            break
        event = each.event
        if event.active.start <= now:
            kept.append(each)
            if event.ramp_s or event.recovery_s:
                since = min(since, event.active.start)
    return kept
