"""A whole day of a fleet: 40 events, changed and cancelled, and what goes wrong besides."""

import os
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.day.disk import Disk
from tests.day.judging import crossings, differences, energies, excesses, spans_held
from tests.day.places import Memory, on_server
from tests.day.play import Day, Pace, begun
from tests.day.script import EVENTS, SITES, TROUBLES, Bound, Ceiling, Dispatch
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.world import World

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
SHOWN = {
    "override": Availability.OPTED_OUT,
    "fault": Availability.OUT_OF_SERVICE,
    "power cut": Availability.UNREACHABLE,
    "lost": Availability.UNREACHABLE,
}
"""What the VTN shows of a site in trouble."""


async def played(carrier, folder, start, steps, sites=SITES):
    """Play a day that begins at an instant, a quarter after the carrier's present.

    Where the power is cut, all but what is on the disk is lost.
    """
    stores, frail = {}, {t.site for t in TROUBLES if t.what == "power cut"}

    def new_store(party):
        if party in frail:
            return Disk(folder / f"{party}.db")
        return stores.setdefault(party, MemoryStore())

    world = World(carrier, new_store)
    day = Day(world, SIMULATED, steps, sites)
    operator = await begun(day)
    await carrier.pass_time(start - carrier.clock.now())
    day.begins = start
    await day.play(operator)
    await operator.stop()
    await world.stop()
    return day


def judge(day):
    """Hold a day to what was reckoned, to its limits and to its registers."""
    assert differences(day, slack=1) == []
    assert crossings(day, grace=SIMULATED.control, every=timedelta(seconds=1)) == []
    assert excesses(day, grace=2 * SIMULATED.control, every=timedelta(seconds=1)) == []
    for site in day.sites:
        found = energies(day, site)
        assert len(day.windows[site]) >= day.steps - 3
        assert all(abs(by_power - by_register) <= 1 for _, by_power, by_register in found)
    for site in ("site-15", "site-16"):
        assert spans_held(day, site)
    for trouble in day.spans:
        assert SHOWN.get(trouble.what, Availability.AVAILABLE) in day.seen[trouble.site]


def judge_the_end(day):
    """See that nothing is left, and that the operator was told of the limit that was overridden."""
    roles = {name: party.engine._role for name, party in day.world.parties.items()}
    book = roles["grid"].dispatching
    assert {d.event.status for d in book.dispatches.values()} == {
        EventStatus.CANCELLED,
        EventStatus.COMPLETED,
    }
    alarms = [part for parts in book.parts.values() for part in parts.values() if part.alarm]
    assert [(part.event, part.party) for part in alarms] == [(str(UUID(int=37)), "site-11")]
    assert "local override" in alarms[0].alarm
    assert not any(roles[site].ven.book.live() for site in day.sites)


def judge_the_whole(day):
    """Hold the energy of the whole day to the register, wherever the device could be read."""
    blind = {t.site for t in day.spans if t.what in {"fault", "power cut"}}
    for site in set(day.sites) - blind:
        of_the_day = [each for each in energies(day, site) if each[0] >= day.begins]
        by_power = sum(each[1] for each in of_the_day)
        assert len(of_the_day) == day.steps
        assert abs(by_power - sum(each[2] for each in of_the_day)) <= 1


def quarters(date):
    """Return when a day begins in Berlin, and of how many quarter-hours it is."""
    begins = datetime(*date, tzinfo=BERLIN)
    ends = (begins + timedelta(days=1)).replace(tzinfo=BERLIN)
    begins, ends = begins.astimezone(UTC), ends.astimezone(UTC)
    return begins, (ends - begins) // QUARTER


def test_the_script_has_forty_events_of_every_kind():
    assert len({each.number for each in EVENTS}) == 40
    assert len(SITES) == 20
    assert sum(bool(each.changes) for each in EVENTS) >= 8
    assert sum(each.cancelled is not None for each in EVENTS) >= 4
    assert {type(each) for each in EVENTS} == {Bound, Ceiling, Dispatch}
    dispatches = [each for each in EVENTS if isinstance(each, Dispatch)]
    assert sum(a.start < b.end and b.start < a.end for a, b in combinations(dispatches, 2)) >= 10
    assert len({each.priority for each in dispatches}) >= 2
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


DAY = ((2026, 6, 10), 96)
SPRING = ((2026, 3, 29), 92)
AUTUMN = ((2026, 10, 25), 100)
ON_SERVERS = [("prosody", *SPRING), ("ejabberd", *AUTUMN)]
if os.environ.get("EVERY_DAY"):
    ON_SERVERS = [(kind, *day) for kind in ("prosody", "ejabberd") for day in (DAY, SPRING, AUTUMN)]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("date", "count", "sites"),
    [(*DAY, SITES), (*SPRING, FEW), (*AUTUMN, FEW)],
    ids=["96 quarters", "92 quarters", "100 quarters"],
)
async def test_a_day_in_memory_is_as_reckoned_and_crosses_no_limit(tmp_path, date, count, sites):
    begins, steps = quarters(date)
    assert steps == count
    day = await played(Memory(begins - QUARTER), tmp_path, begins, steps, sites)
    judge(day)
    judge_the_end(day)
    judge_the_whole(day)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("kind", "date", "count"), ON_SERVERS, ids=[f"{kind} {count}" for kind, _, count in ON_SERVERS]
)
async def test_a_day_on_a_server_is_as_reckoned_and_crosses_no_limit(tmp_path, kind, date, count):
    """Play a whole day of all sites over real connections, while the script moves the clock.

    The day of 92 quarters is played on Prosody, that of 100 on ejabberd; with EVERY_DAY=1 in the
    environment these and one of 96 are each played on both. A day takes one to three minutes.
    """
    begins, steps = quarters(date)
    assert steps == count
    async with on_server(kind, tmp_path / "server", begins - QUARTER) as carrier:
        day = await played(carrier, tmp_path, begins, steps)
    judge(day)
    judge_the_end(day)
    judge_the_whole(day)
    # Each site has reported each quarter, and heard of all that was published while it was there.
    assert carrier.traffic.stanzas > 2 * steps * len(SITES)
    was_away = {t.site for t in TROUBLES if t.what in {"lost", "power cut"}}
    assert carrier.traffic.lost <= {carrier.account(site) for site in was_away}
