"""Which commitments decide about an instant: what is long over or far away costs no more time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.records import Commitment


def relevant(commitments: Iterable[Commitment], now: datetime) -> list[Commitment]:
    """Return those of which the plan of an instant can depend.

    A ramp starts where the event before it had led to. So besides the events of the instant those
    count that touch them, recovery included, and so on into the past.
    """
    since, kept = now, []
    for each in sorted(commitments, key=_over, reverse=True):
        if _over(each) < since:
            break
        if each.event.active.start <= now:
            kept.append(each)
            since = min(since, each.event.active.start)
    return kept


def _over(commitment: Commitment) -> datetime:
    put_off_s = commitment.offsets.stop_s if commitment.offsets else 0
    event = commitment.event
    return event.active.end + timedelta(seconds=put_off_s + event.recovery_s)
