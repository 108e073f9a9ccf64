"""How far a customer's override reaches in time, and what a resource can do beyond it."""

from datetime import datetime, timedelta

from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Event
from xmpp_cem.model.flexibility import Forecast, Forecasts
from xmpp_cem.model.time import Interval, window

NEAR_BEFORE = timedelta(minutes=5)
"""How long before its start an event is near."""

_AS_NOW = timedelta(days=31)
"""For so long after an override a device that forecasts nothing is taken to do what it can now."""

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


def is_kept_from(event: Event, until: datetime | None, now: datetime) -> bool:
    """Whether an override takes a resource out of an event: the event begins while it holds.

    Args:
        event: that begins some time.
        until: when the override ends by itself, UTC; None: when it is taken back. Such a one is
            counted on to hold for what is near, and says nothing of what begins later.
        now: the present, in which it holds.
    """
    return event.active.start < reach(until, now)


def reach(until: datetime | None, now: datetime) -> datetime:
    """Return up to when an override that holds now must be counted on to hold, UTC."""
    return max(until, now) if until else now + NEAR_BEFORE


def beyond(sample: Sample, now: datetime) -> Forecasts:
    """Return what an overridden resource will be able to do after that: as forecast, or as now.

    Windows stay where they are while time goes on: without an end full hours count.
    """
    until = sample.overridden_until
    end = reach(until, now)
    if sample.forecast:
        return tuple(each for each in sample.forecast if each.window.start >= end)
    if not (sample.increase_w or sample.decrease_w):
        return ()  # its driver tells nothing of what it could do otherwise
    start = window(end + (_SECOND if until else _HOUR), _SECOND if until else _HOUR).start
    return (
        Forecast(
            window=Interval(start=start, end=start + _AS_NOW),
            power_w=sample.power_w,
            increase_w=sample.increase_w,
            decrease_w=sample.decrease_w,
        ),
    )
