"""Settlement does not depend on how readings came: in which order, how often, after what loss."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.core.effects import Forget, Remember
from xmpp_cem.core.settlement.baselines import Question, estimate, looked_up, rests_on
from xmpp_cem.core.settlement.cases import Baseline, Block, Case, SettlementTerms, Step
from xmpp_cem.core.settlement.energy import WATT_HOUR, Series, Source
from xmpp_cem.core.settlement.entries import chosen
from xmpp_cem.core.settlement.evidence import Facts, canonical, document
from xmpp_cem.core.settlement.periods import periods_of_day
from xmpp_cem.core.vtn.history import History, HistorySettings
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import BaselineMethod
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval

DAYS = {
    ("Europe/Berlin", date(2026, 3, 29)): 92,
    ("Europe/Berlin", date(2026, 10, 25)): 100,
    ("America/New_York", date(2026, 3, 8)): 92,
    ("America/New_York", date(2026, 11, 1)): 100,
    ("Europe/Berlin", date(2026, 7, 1)): 96,
}
START = datetime(2026, 3, 29, 10, tzinfo=UTC)
WINDOW = timedelta(minutes=5)


def readings(powers, start, *, has_registers, length=WINDOW):
    """Return readings of a meter whose registers count what flowed, in whole Wh."""
    work = 0
    for number, power_w in enumerate(powers):
        work += power_w * int(length.total_seconds())
        window = Interval(start=start + number * length, end=start + (number + 1) * length)
        register = {"import_wh": 1000 + work // 3600, "export_wh": 0} if has_registers else {}
        yield Reading(resource="r", window=window, power_w=power_w, **register)


def history(arrivals):
    """Return a history that was told readings, each at its window's end and again."""
    made = History(HistorySettings())
    for reading in arrivals:
        made.take("p", (reading,), reading.window.end)
    return made


def entries(made, interval):
    return list(made.entries("p", "r", interval))


powers = st.lists(st.integers(0, 20_000), min_size=6, max_size=16)


@st.composite
def arrivals(draw):
    """Return readings, some corrected, and one way in which they arrive: shuffled and repeated."""
    told = list(readings(draw(powers), START, has_registers=draw(st.booleans())))
    for reading in draw(st.lists(st.sampled_from(told), max_size=4)):
        changed = {"revision": draw(st.integers(1, 3)), "power_w": reading.power_w + 1}
        if all((r.window, r.revision) != (reading.window, changed["revision"]) for r in told):
            told.append(reading.model_copy(update=changed))
    again = draw(st.lists(st.sampled_from(told), max_size=20))
    return told, draw(st.permutations([*told, *again]))


@given(arrivals())
def test_order_and_repeats_of_readings_change_nothing(made):
    told, came = made
    whole = Interval(start=START, end=max(r.window.end for r in told))
    first, second = (chosen(entries(history(each), whole)) for each in (told, came))
    assert first == second
    assert Series(first).measured(whole) == Series(second).measured(whole)


@given(powers, st.data())
def test_what_is_lost_is_a_gap_and_never_zero(drawn, data):
    told = list(readings(drawn, START, has_registers=data.draw(st.booleans())))
    kept = data.draw(st.lists(st.sampled_from(told), unique_by=lambda r: r.window.start))
    whole = Interval(start=START, end=told[-1].window.end)
    found = Series(chosen(entries(history(kept), whole))).measured(whole)
    lost = {r.window for r in told} - {r.window for r in kept}
    missing = sum((gap.duration for gap in found.gaps), timedelta(0))
    assert missing == WINDOW * len(lost)
    if lost and found.source is not Source.REGISTER:
        assert found.energy is None
    if found.source is Source.REGISTER and kept:
        by_power = sum(r.power_w for r in told) * WINDOW.total_seconds() / 3600
        assert abs(found.energy / WATT_HOUR - by_power) <= 2


@given(powers, st.data())
def test_what_was_lost_and_is_repaired_settles_like_what_was_never_lost(drawn, data):
    told = list(readings(drawn, START, has_registers=data.draw(st.booleans())))
    lost = data.draw(st.sets(st.sampled_from(range(len(told)))))
    repaired = [r for n, r in enumerate(told) if n not in lost] + [told[n] for n in sorted(lost)]
    whole = Interval(start=START, end=told[-1].window.end)
    first, second = (Series(chosen(entries(history(e), whole))) for e in (told, repaired))
    assert first.measured(whole) == second.measured(whole)


@settings(max_examples=10)
@given(st.sampled_from(sorted(DAYS)), st.integers(0, 2**31), st.booleans())
def test_the_quarter_hours_of_a_day_add_up_to_the_register_within_1_wh(day, seed, has_registers):
    zone, when = day
    found = list(periods_of_day(when, ZoneInfo(zone)))
    assert len(found) == DAYS[day]
    whole = Interval(start=found[0].start, end=found[-1].end)
    count = whole.duration // WINDOW
    drawn = [(seed * (n + 7) * 2_654_435_761) % 20_001 for n in range(count + 1)]
    before = whole.start - WINDOW
    told = list(readings(drawn, before, has_registers=True))
    difference = told[-1].import_wh - told[0].import_wh
    if not has_registers:
        told = [r.model_copy(update={"import_wh": None, "export_wh": None}) for r in told]
    series = Series(chosen(entries(history(told), whole)))
    energies = [series.measured(period).energy for period in found]
    assert abs(sum(energies) / WATT_HOUR - difference) <= 1
    told_rows = document(facts(history(told), whole, zone))["periods"]
    assert abs(sum(row["energy_wh"] for row in told_rows) - difference) <= 1


def facts(made, active, zone="UTC"):
    """Return the facts of an event that lasted all that time."""
    event = derived_id("e")
    case = Case(
        event=event,
        active=active,
        moves=True,
        method=BaselineMethod.METER_BEFORE,
        parties=("p",),
        terms=SettlementTerms(zone=zone),
    )
    baseline = Baseline(
        event=event,
        party="p",
        resource="r",
        id=derived_id("b"),
        revision=1,
        active=active,
        method=case.method,
        made=active.start,
        steps=(Step(interval=active, power_w=5000),),
    )
    around = Interval(start=active.start - timedelta(hours=1), end=active.end)
    return Facts("grid", "vtn", "p", "r", case, (), None, baseline, entries(made, around))


@given(arrivals())
def test_evidence_is_the_same_bytes_however_readings_came(made):
    told, came = made
    active = Interval(start=START + WINDOW, end=max(r.window.end for r in told))
    first, second = (canonical(document(facts(history(each), active))) for each in (told, came))
    assert first == second


@given(powers, st.booleans())
def test_delivered_energy_is_the_sum_of_the_periods(drawn, has_registers):
    told = list(readings(drawn, START, has_registers=has_registers))
    active = Interval(start=START + WINDOW, end=told[-1].window.end)
    found = document(facts(history(told), active))
    total = found["total"]
    assert sum(row["energy_wh"] for row in found["periods"]) == total["energy_wh"]
    assert sum(row["delivered_wh"] for row in found["periods"]) == total["delivered_wh"]
    assert abs(total["energy_wh"] - total["baseline_wh"] - total["delivered_wh"]) <= 1


@given(powers, st.booleans())
def test_a_history_from_a_store_is_the_history(drawn, has_registers):
    told = list(readings(drawn, START, has_registers=has_registers))
    made, again, rows = History(HistorySettings()), History(HistorySettings()), {}
    effects = [e for r in told for e in made.take("p", (r,), r.window.end)]
    effects += made.sweep({}, START + timedelta(days=3))
    for effect in effects:
        if isinstance(effect, Remember):
            rows[effect.record.key] = effect.record
        elif isinstance(effect, Forget):
            del rows[effect.record.key]
    for row in rows.values():
        again.restore(Block.model_validate_json(row.model_dump_json()))
    whole = Interval(start=START, end=told[-1].window.end)
    assert sorted(entries(made, whole)) == sorted(entries(again, whole))


LENGTHS = [timedelta(minutes=m) for m in (4, 8, 12, 40, 600)]
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


ages = st.integers(-5, 100)


@st.composite
def untidy(draw):
    """Return readings of windows of all lengths, some of which overlap or hold others."""
    told = {}
    for length in draw(st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=40)):
        start = NOON - 4 * timedelta(minutes=draw(st.one_of(st.integers(0, 6), ages)))
        window, revision = Interval(start=start, end=start + length), draw(st.integers(0, 1))
        power_w = draw(st.integers(-9, 9))
        told[window, revision] = Reading(
            resource="r", window=window, power_w=power_w, revision=revision
        )
    return list(told.values())


@st.composite
def eventful(draw):
    """Return when events moved the resource, none or much of the time."""
    moved = draw(st.lists(st.tuples(ages, st.integers(1, 90)), max_size=12))
    starts = [(NOON - 4 * timedelta(minutes=before), length) for before, length in moved]
    return [Interval(start=s, end=s + timedelta(minutes=length)) for s, length in starts]


def restored(made):
    """Return a history from what another one keeps."""
    again = History(HistorySettings())
    for block in made._all():
        again.restore(block)
    return again


@given(untidy(), st.lists(untidy(), max_size=1), st.data())
def test_what_touches_some_times_is_found_also_in_a_history_from_a_store(told, later, data):
    made = restored(history(told)) if data.draw(st.booleans()) else history(told)
    for reading in later[0] if later else ():
        made.take("p", (reading,), reading.window.end)
    if data.draw(st.booleans()):
        made.sweep({}, NOON + timedelta(days=2))
    whole = entries(made, Interval(start=START - timedelta(days=2), end=NOON + timedelta(days=2)))
    times = data.draw(eventful())
    found = made.entries("p", "r", *times)
    assert sorted(found) == sorted(e for e in whole if any(t.overlap(e.interval) for t in times))


@given(untidy(), eventful())
def test_a_baseline_that_reads_little_is_the_one_that_reads_everything(told, moved):
    made = history(told)
    active = Interval(start=NOON, end=NOON + timedelta(hours=1))
    asked = Question(active, NOON, BaselineMethod.METER_BEFORE, SettlementTerms(), moved)
    whole = Interval(start=NOON - timedelta(hours=6), end=NOON)
    series = Series(chosen(entries(made, whole)))
    found, read = looked_up(lambda times: Series(chosen(made.entries("p", "r", *times))), asked)
    assert found == estimate(series, asked)
    assert rests_on(read, found.basis) == rests_on(series, found.basis)


@given(powers)
def test_folding_keeps_the_mean_of_every_quarter_hour_to_half_a_watt(drawn):
    told = list(readings(drawn, START, has_registers=False))
    made = history(told)
    whole = Interval(start=START, end=told[-1].window.end)
    before = Series(chosen(entries(made, whole)))
    made.sweep({}, START + timedelta(days=3))
    after = Series(chosen(entries(made, whole)))
    starts = itertools.takewhile(
        lambda t: t + 3 * WINDOW <= whole.end, (START + 3 * n * WINDOW for n in range(20))
    )
    for start in starts:
        quarter = Interval(start=start, end=start + 3 * WINDOW)
        assert after.measured(quarter).mean_w == before.measured(quarter).mean_w
