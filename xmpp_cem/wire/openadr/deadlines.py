"""When an answer is due: at once in OpenADR, which has no field for it."""

from datetime import datetime

from xmpp_cem.model.event import Event
from xmpp_cem.model.time import Interval


def latest_answer(created: datetime, active: Interval) -> datetime:
    """Return the last instant at which an answer makes sense."""
    return active.start if created < active.start else active.end


def due(event: Event) -> datetime:
    """Return what a receiver takes for an event's `answer_by`."""
    return latest_answer(event.created, event.active)
