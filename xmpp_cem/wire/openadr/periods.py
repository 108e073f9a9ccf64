"""Start and duration as iCalendar elements (xcal)."""

from datetime import datetime, timedelta

from xmpp_cem.model.event import Event
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import build, leaves
from xmpp_cem.wire.openadr.names import EI, XCAL
from xmpp_cem.wire.openadr.scalars import DURATION, INSTANT
from xmpp_cem.wire.xml import Draft, Element, append, child


def append_start(parent: Draft, start: datetime) -> None:
    """Write `dtstart`."""
    append(append(parent, XCAL, "dtstart"), XCAL, "date-time", INSTANT.write(start))


def append_duration(parent: Draft, duration: timedelta) -> None:
    """Write `duration`."""
    append(append(parent, XCAL, "duration"), XCAL, "duration", DURATION.write(duration))


def read_start(parent: Element) -> datetime | None:
    """Return `dtstart`, None without one."""
    element = child(parent, XCAL, "dtstart")
    if element is None:
        return None
    value = leaves(element, XCAL, {"value": ("date-time", INSTANT)}).get("value")
    return value if isinstance(value, datetime) else None


def read_duration(parent: Element) -> timedelta | None:
    """Return `duration`, None without one."""
    element = child(parent, XCAL, "duration")
    if element is None:
        return None
    value = leaves(element, XCAL, {"value": ("duration", DURATION)}).get("value")
    return value if isinstance(value, timedelta) else None


def append_spreads(parent: Draft, event: Event) -> None:
    """Write how an event is spread in time, each as a duration; nothing for what is not."""
    if event.randomise_s is not None:
        tolerate = append(append(parent, XCAL, "tolerance"), XCAL, "tolerate")
        append(tolerate, XCAL, "startafter", DURATION.write(timedelta(seconds=event.randomise_s)))
    for name, seconds in (("x-eiRampUp", event.ramp_s), ("x-eiRecovery", event.recovery_s)):
        if seconds:
            element = append(parent, EI, name)
            append(element, XCAL, "duration", DURATION.write(timedelta(seconds=seconds)))


def read_spreads(parent: Element) -> dict[str, int]:
    """Return how an event is spread in time, in whole seconds."""
    found: dict[str, int] = {}
    places = {
        "randomise_s": (_within(parent, "tolerance", "tolerate"), "startafter"),
        "ramp_s": (child(parent, EI, "x-eiRampUp"), "duration"),
        "recovery_s": (child(parent, EI, "x-eiRecovery"), "duration"),
    }
    for field, (element, name) in places.items():
        if element is None:
            continue
        value = leaves(element, XCAL, {"value": (name, DURATION)}).get("value")
        if isinstance(value, timedelta):
            found[field] = value // timedelta(seconds=1)
    return found


def read_period(parent: Element, where: str) -> Interval:
    """Return the interval that `dtstart` and `duration` make.

    Raises:
        RemoteProtocolError: 1.7 without one of them, 1.8 when it is empty, which is OpenADR's
            event without an end, or beyond the calendar.
    """
    start, duration = read_start(parent), read_duration(parent)
    if start is None or duration is None:
        raise refusal(Code.PAYLOAD_INCOMPLETE, f"{where}: dtstart and duration are needed")
    try:
        end = start + duration
    except OverflowError:
        raise refusal(Code.INVALID, f"{where}: the end lies beyond the calendar") from None
    return build(Interval, where, {"start": start, "end": end})


def _within(parent: Element, *names: str) -> Element | None:
    element: Element | None = parent
    for name in names:
        element = None if element is None else child(element, XCAL, name)
    return element
