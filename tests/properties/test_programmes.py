"""The rules of programmes and opt schedules against slow, plain readings of them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.core.programmes.optschedules import occurrences, opted
from xmpp_cem.core.programmes.programmes import is_within
from xmpp_cem.core.programmes.walltime import day_start, days_of
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import DailyWindow, Day
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval

MINUTE = timedelta(minutes=1)
CHANGES = (
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 5, 3, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("UTC", datetime(2026, 6, 1, tzinfo=UTC)),
)
walls = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
windows = st.lists(
    st.builds(
        DailyWindow,
        days=st.lists(st.sampled_from(Day), max_size=4, unique=True).map(tuple),
        start=walls,
        end=walls,
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def moments(draw):
    """A zone and an event near a change of its clocks."""
    zone, change = draw(st.sampled_from(CHANGES))
    start = change + draw(st.integers(-36 * 4, 24 * 4)) * 15 * MINUTE
    return ZoneInfo(zone), Interval(
        start=start, end=start + draw(st.integers(1, 160)) * 15 * MINUTE
    )


def is_open(window, wall):
    """Read one window as a person would: the day it began on, and the hours since."""
    for began in (wall.date(), wall.date() - timedelta(days=1)):
        if window.days and list(Day)[began.weekday()] not in window.days:
            continue
        opens = datetime.combine(began, window.start)
        closes = datetime.combine(began, window.end)
        if closes <= opens:
            closes += timedelta(days=1)
        if opens <= wall < closes:
            return True
    return False


def walk(interval, zone):
    """What the wall shows in each minute of an interval."""
    minutes = int(interval.duration / MINUTE)
    for minute in range(minutes):
        yield (interval.start + minute * MINUTE).astimezone(zone).replace(tzinfo=None)


@settings(max_examples=300)
@given(moments(), windows)
def test_a_window_holds_an_event_when_every_minute_of_it_does(moment, given_windows):
    zone, active = moment
    every = all(any(is_open(w, wall) for w in given_windows) for wall in walk(active, zone))
    assert is_within(given_windows, active, zone) is every


@given(moments())
def test_adjoining_windows_are_one(moment):
    zone, active = moment
    parts = [DailyWindow(start=time(h), end=time((h + 6) % 24)) for h in (0, 6, 12, 18)]
    assert is_within(parts, active, zone)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("America/Santiago", date(2026, 4, 4), 25),
        ("Europe/Berlin", date(2026, 6, 1), 24),
    ],
)
def test_a_local_day_has_its_own_number_of_hours(zone, day, hours):
    named = ZoneInfo(zone)
    start, end = day_start(day, named), day_start(day + timedelta(days=1), named)
    assert (end - start) / timedelta(hours=1) == hours
    assert list(days_of(start, end, named)) == [day]


rules = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;UNTIL=20260601T000000",
        "FREQ=WEEKLY;BYDAY=MO,SU",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SA,SU",
        "FREQ=MONTHLY;BYDAY=-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=20",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    ]
)
calendars = st.builds(
    OptSchedule,
    id=st.just(derived_id("calendar")),
    opt=st.sampled_from(Opt),
    zone=st.sampled_from([zone for zone, _ in CHANGES]),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 6, 1)).map(  # noqa: DTZ001 local times
        lambda wall: wall.replace(second=0, microsecond=0, fold=0)
    ),
    duration_s=st.integers(1, 3 * 86400),
    rule=rules,
)


def by_hand(schedule, within):
    """Expand a rule in its own years, and look at each occurrence."""
    length = timedelta(seconds=schedule.duration_s)
    zone = ZoneInfo(schedule.zone)
    last = within.end.replace(tzinfo=None) + timedelta(days=2)
    for wall in rrulestr(schedule.rule, dtstart=schedule.start).between(
        schedule.start, last, inc=True
    ):
        start = wall.replace(tzinfo=zone).astimezone(UTC)
        if start < within.end and within.start < start + length:
            yield Interval(start=start, end=start + length)


@given(calendars, moments())
def test_occurrences_are_those_of_the_rule(schedule, moment):
    _, within = moment
    assert occurrences(schedule, within) == tuple(by_hand(schedule, within))


@given(st.lists(calendars, max_size=3), moments())
def test_a_no_anywhere_wins_and_a_yes_covers_all(schedules, moment):
    _, active = moment
    found = opted(schedules, "r", None, active)
    times = [(each.opt, list(by_hand(each, active))) for each in schedules]
    noes = [each for opt, seen in times if opt is Opt.OUT for each in seen]
    yeses = [each for opt, seen in times if opt is Opt.IN for each in seen]
    minutes = [active.start + n * MINUTE for n in range(int(active.duration / MINUTE))]
    if noes:
        assert found is not None
        assert found.opt is Opt.OUT
    elif found is not None:
        assert found.opt is Opt.IN
        assert all(any(each.contains(at) for each in yeses) for at in minutes)
