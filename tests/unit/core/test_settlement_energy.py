import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from xmpp_cem.core.settlement.energy import WATT_HOUR, Series, Source
from xmpp_cem.core.settlement.entries import (
    Entry,
    chosen,
    folded,
    line_of,
    read_lines,
)
from xmpp_cem.core.settlement.periods import periods, periods_of_day
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at


def entry(start, end, power_w, import_wh=None, **rest):
    values = {"export_wh": None, "quality": Quality.VALID, "expected": 1, "reporting": 1}
    values |= {"revision": 0, "heard": at(end)} | rest
    return Entry(start=at(start), end=at(end), power_w=power_w, import_wh=import_wh, **values)


def span(start, end):
    return Interval(start=at(start), end=at(end))


def measured(entries, start, end):
    return Series(chosen(entries)).measured(span(start, end))


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 92),
        ("Europe/Berlin", date(2026, 3, 30), 96),
        ("Europe/Berlin", date(2026, 10, 25), 100),
        ("America/New_York", date(2026, 3, 8), 92),
        ("America/New_York", date(2026, 11, 1), 100),
        ("Asia/Kathmandu", date(2026, 5, 1), 96),
        ("UTC", date(2026, 3, 29), 96),
    ],
)
def test_a_local_day_has_as_many_quarter_hours_as_it_is_long(zone, day, count):
    found = list(periods_of_day(day, ZoneInfo(zone)))
    assert len(found) == count
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert {period.duration for period in found} == {timedelta(minutes=15)}


def test_an_interval_has_parts_of_the_quarter_hours_at_its_edges():
    start = datetime(2026, 1, 31, 12, 7, tzinfo=UTC)
    found = periods(Interval(start=start, end=start + timedelta(minutes=25)), ZoneInfo("UTC"))
    assert [p.duration for p in found] == [timedelta(minutes=m) for m in (8, 15, 2)]


def test_registers_win_over_average_power():
    found = measured([entry(0, 900, 990, 1000), entry(900, 1800, 990, 1250)], 900, 1800)
    assert (found.energy, found.source) == (250 * WATT_HOUR, Source.REGISTER)


def test_without_registers_average_power_counts():
    found = measured([entry(0, 900, 1000), entry(900, 1800, -400)], 0, 1800)
    assert (found.energy, found.source) == (150 * WATT_HOUR, Source.POWER)


def test_a_gap_without_registers_is_not_known_and_not_zero():
    found = measured([entry(0, 300, 1000), entry(600, 900, 1000)], 0, 900)
    assert (found.energy, found.source) == (None, None)
    assert found.gaps == (span(300, 600),)
    assert found.mean_w == 1000


def test_a_register_knows_the_energy_of_a_gap_and_the_gap_stays_flagged():
    entries = [entry(0, 300, 1200, 100), entry(600, 900, 1200, 400)]
    found = measured(entries, 300, 900)
    assert (found.energy, found.gaps) == (300 * WATT_HOUR, (span(300, 600),))


def test_what_a_gap_over_a_boundary_used_on_each_side_is_not_known():
    entries = [entry(0, 800, 1200, 100), entry(1000, 1800, 1200, 400)]
    series = Series(chosen(entries))
    assert series.measured(span(0, 900)).energy is None
    assert series.measured(span(900, 1800)).energy is None
    assert series.measured(span(800, 1800)).energy == 300 * WATT_HOUR


def test_a_register_that_falls_was_replaced_and_tells_nothing_across():
    entries = [entry(0, 900, 400, 1000), entry(900, 1800, 400, 20), entry(1800, 2700, 400, 120)]
    found = measured(entries, 900, 1800)
    assert (found.energy, found.source) == (100 * WATT_HOUR, Source.POWER)
    assert measured(entries, 1800, 2700).source is Source.REGISTER


def test_an_import_register_alone_tells_nothing_of_a_resource_that_exports():
    found = measured([entry(0, 900, 400, 1000), entry(900, 1800, -400, 1000)], 900, 1800)
    assert (found.energy, found.source) == (-100 * WATT_HOUR, Source.POWER)


def test_a_boundary_within_a_window_takes_its_share_of_the_register():
    entries = [entry(0, 600, 600, 0), entry(600, 1200, 600, 100)]
    series = Series(chosen(entries))
    first, second = series.measured(span(600, 900)), series.measured(span(900, 1200))
    assert (first.energy, second.energy) == (50 * WATT_HOUR, 50 * WATT_HOUR)


def test_a_higher_revision_replaces_and_the_same_counts_once():
    first, again = entry(0, 900, 1000), entry(0, 900, 4000)
    corrected = entry(0, 900, 2000, revision=1)
    assert chosen([first, again]) == [first]
    assert chosen([corrected, first, corrected]) == [corrected]


def test_what_is_heard_after_the_freeze_does_not_count():
    first, corrected = entry(0, 900, 1000), entry(0, 900, 2000, revision=1, heard=at(5000))
    assert chosen([first, corrected], at(4000)) == [first]
    assert chosen([first, corrected], at(5000)) == [corrected]


def test_an_entry_is_late_when_it_came_after_three_windows_more():
    assert not entry(0, 10, 5, heard=at(40)).is_late
    assert entry(0, 10, 5, heard=at(41)).is_late


def test_an_entry_is_read_as_it_was_written():
    entries = [
        entry(0.25, 10, -5, 7, export_wh=9, revision=3, quality=Quality.QUESTIONABLE),
        entry(10, 20, 5, heard=at(17), expected=5, reporting=4),
    ]
    text = "\n".join(line_of(each, at(0)) for each in entries)
    assert list(read_lines(text, at(0))) == entries


def test_folding_keeps_energy_registers_and_gaps():
    entries = [entry(0, 100, 1000, 5), entry(100, 300, 400, 8), entry(400, 500, 700, 20)]
    found = folded(entries)
    assert [(e.interval, e.power_w, e.import_wh) for e in found] == [
        (span(0, 300), 600, 8),
        (span(400, 500), 700, 20),
    ]
