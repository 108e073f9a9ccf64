"""Bounds what a VEN remembers of events that are over."""

from datetime import datetime

from xmpp_cem.core.effects import Effect, Forget
from xmpp_cem.core.life.lifecycle import ENDED
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.ids import EventId

MOST_ENDED = 5000
"""So many events whose time is over are remembered; each is forgotten a day later anyway."""


def forget_surplus(commitments: dict[EventId, Commitment], now: datetime) -> list[Effect]:
    """Forget the oldest events above the bound.

    Only those whose time is over: an old item of such an event is refused as late, so nothing rests
    on remembering it.
    """
    over = [c for c in commitments.values() if c.status in ENDED and c.event.active.end <= now]
    surplus = len(over) - MOST_ENDED
    if surplus <= 0:
        return []
    oldest = sorted(over, key=lambda commitment: commitment.event.active.end)[:surplus]
    return [Forget(commitments.pop(commitment.event.id)) for commitment in oldest]
