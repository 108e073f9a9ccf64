"""Bounds what a VEN remembers of events that are over."""

from datetime import datetime
from itertools import islice, takewhile

from xmpp_cem.core.effects import Effect, Forget, SetTimer
from xmpp_cem.core.life.lifecycle import ENDED
from xmpp_cem.core.ven.commitments import Commitments, timer_of

MOST_ENDED = 5000
"""So many events whose time is over are remembered; each is forgotten a day later anyway."""


def forget_surplus(commitments: Commitments, now: datetime) -> list[Effect]:
    """Forget the oldest events above the bound.

    Only those whose time is over: an old item of such an event is refused as late, so nothing rests
    on remembering it.
    """
    surplus = commitments.ended - MOST_ENDED
    if surplus <= 0:
        return []
    past = takewhile(lambda each: each.event.active.end <= now, commitments.oldest())
    gone = [*islice((each for each in past if each.status in ENDED), surplus)]
    forgotten = [Forget(commitments.pop(each.event.id)) for each in gone]
    return [*forgotten, *(SetTimer(timer_of(each.event.id), None) for each in gone)]
