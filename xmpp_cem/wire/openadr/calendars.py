"""vavailability: the times of an opt schedule, each in UTC with its length."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from xmpp_cem.model.schedule import LONGEST_S, OptSchedule
from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.openadr.names import XCAL
from xmpp_cem.wire.openadr.periods import append_duration, append_start, read_period
from xmpp_cem.wire.xml import Draft, Element, append, child, children, required

_LONGEST = timedelta(seconds=LONGEST_S)
_MOST = 100


def append_times(parent: Draft, schedules: Iterable[OptSchedule]) -> None:
    """Write an `available` for each schedule."""
    components = append(append(parent, XCAL, "vavailability"), XCAL, "components")
    for schedule in schedules:
        properties = append(append(components, XCAL, "available"), XCAL, "properties")
        append_start(properties, instant_of(schedule))
        append_duration(properties, timedelta(seconds=schedule.duration_s))


def read_times(parent: Element) -> list[dict[str, object]] | None:
    """Return zone, start and length of each time, None without a vavailability.

    What is longer than a schedule's longest time is read as several, one after the other.

    Raises:
        RemoteProtocolError: 1.7 without any time, or for one without start or length, 3.1 for more
            than a message may hold.
    """
    found = child(parent, XCAL, "vavailability")
    if found is None:
        return None
    components = required(found, XCAL, "components")
    times: list[dict[str, object]] = []
    for part in children(components, XCAL, "available"):
        period = read_period(required(part, XCAL, "properties"), "available")
        if period.duration > _LONGEST * _MOST:
            raise refusal(Code.TOO_MANY, f"available: at most {_MOST} times of 7 days are read")
        times += _split(period.start, period.duration)
    if not times:
        raise refusal(Code.PAYLOAD_INCOMPLETE, "vavailability: at least one available is needed")
    return times


def instant_of(schedule: OptSchedule) -> datetime:
    """Return when the first occurrence of a schedule begins, UTC."""
    return schedule.start.replace(tzinfo=ZoneInfo(schedule.zone)).astimezone(UTC)


def _split(start: datetime, rest: timedelta) -> Iterator[dict[str, object]]:
    while rest > timedelta(0):
        length = min(rest, _LONGEST)
        wall = start.astimezone(UTC).replace(tzinfo=None)
        yield {"zone": "UTC", "start": wall, "duration_s": length // timedelta(seconds=1)}
        start, rest = start + length, rest - length
