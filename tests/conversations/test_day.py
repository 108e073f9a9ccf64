"""A whole day of a fleet: 40 events, changed and cancelled, and what goes wrong besides."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.day.judging import crossings, differences, energies, spans_held
from tests.day.play import Day, Pace, begun
from tests.day.script import BOUNDS, DISPATCHES, SITES, TROUBLES
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import MemoryCarrier
from xmpp_cem.testing.clock import ManualClock
from xmpp_cem.testing.world import World

HOST = "xmpp.localhost"
BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)
SIMULATED = Pace(
    step=QUARTER,
    control=timedelta(seconds=60),
    report=QUARTER,
    heartbeat=timedelta(seconds=300),
    lost_s=3600,
    lease=timedelta(seconds=600),
)


async def played(start, steps, sites=SITES):
    """Play a day that begins at an instant, in memory."""
    stores = {}
    clock = ManualClock(start - QUARTER)
    carrier = MemoryCarrier("prosody", HOST, {"grid": "vtn-grid"}, clock)
    world = World(carrier, lambda party: stores.setdefault(party, MemoryStore()))
    day = Day(world, SIMULATED, steps, carrier.bus.cut, carrier.bus.mend, sites)
    operator = await begun(day)
    await carrier.pass_time(start - clock.now())
    day.begins = start
    await day.play(operator)
    await operator.stop()
    await world.stop()
    return day


def quarters(date):
    """Return when a day begins in Berlin, and of how many quarter-hours it is."""
    begins = datetime(*date, tzinfo=BERLIN)
    ends = (begins + timedelta(days=1)).replace(tzinfo=BERLIN)
    begins, ends = begins.astimezone(UTC), ends.astimezone(UTC)
    return begins, (ends - begins) // QUARTER


def test_the_script_has_forty_events_of_every_kind():
    assert len(DISPATCHES) + len(BOUNDS) == 40
    assert len(SITES) == 20
    assert sum(bool(each.changes) for each in (*DISPATCHES, *BOUNDS)) >= 8
    assert sum(each.cancelled is not None for each in (*DISPATCHES, *BOUNDS)) >= 4
    assert {t.what for t in TROUBLES} == {
        "refuses",
        "less",
        "override",
        "fault",
        "power cut",
        "lost",
    }


FEW = ("site-11", "site-15", "site-16", "site-18")
"""Where the button is pressed, the connection lost and the power cut."""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("date", "count", "sites"),
    [((2026, 6, 10), 96, SITES), ((2026, 3, 29), 92, FEW), ((2026, 10, 25), 100, FEW)],
    ids=["a day", "the day of 92 quarters", "the day of 100 quarters"],
)
async def test_a_day_in_memory_is_as_reckoned_and_crosses_no_limit(date, count, sites):
    begins, steps = quarters(date)
    assert steps == count
    day = await played(begins, steps, sites)
    assert differences(day, slack=1, is_exact=True) == []
    assert crossings(day, grace=SIMULATED.control, every=timedelta(seconds=1)) == []
    for site in sites:
        found = energies(day, site)
        assert len(day.windows[site]) >= count - 3
        assert all(abs(by_power - by_register) <= 1 for _, by_power, by_register in found)
    if sites is FEW:
        of_the_day = [each for each in energies(day, "site-18") if each[0] >= begins]
        by_power = sum(each[1] for each in of_the_day)
        assert len(of_the_day) == count
        assert abs(by_power - sum(each[2] for each in of_the_day)) <= 1
    for site in ("site-15", "site-16"):
        assert spans_held(day, site)
