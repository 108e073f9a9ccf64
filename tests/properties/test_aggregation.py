"""What holds of sums over members: energy balance, whatever order, repeats and losses do."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.readings.estimating import StandIn
from xmpp_cem.core.readings.metering import Metering
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

MEMBERS = ("a", "b", "c", "d")
WINDOWS = 6
GRACE = timedelta(seconds=10)

readings = st.tuples(
    st.sampled_from(MEMBERS),
    st.integers(0, WINDOWS - 1),
    st.integers(0, 2),
    st.integers(-5000, 5000),
)


def reading(number, power_w, revision=0):
    window = Interval(start=at(10 * number), end=at(10 * number + 10))
    return Reading(resource="r", window=window, power_w=power_w, revision=revision)


@given(st.lists(readings, max_size=80), st.lists(st.booleans(), max_size=80))
def test_the_members_sum_up_to_what_was_told_last_for_every_window(arrivals, looks):
    metering, told, newest = Metering(), {}, {}
    now = 0.0
    powers = {}
    for place, (member, number, revision, drawn_w) in enumerate(arrivals):
        power_w = powers.setdefault((member, number, revision), drawn_w)
        metering.take(member, (reading(number, power_w, revision),))
        known = newest.get((member, number))
        if known is None or revision > known[0]:
            newest[member, number] = (revision, power_w)
        if place < len(looks) and looks[place]:
            now += 7
            take(metering, told, now)
    take(metering, told, now + 1000)
    take(metering, told, now + 2000)
    for number in {number for _, number in newest}:
        parts = {m: w for (m, n), (_, w) in newest.items() if n == number}
        last = told[number]
        assert last.power_w == sum(parts.values())
        assert (last.expected, last.reporting) == (len(MEMBERS), len(parts))
        is_whole = len(parts) == len(MEMBERS)
        assert last.quality is (Quality.VALID if is_whole else Quality.ESTIMATED)


def take(metering, told, now):
    """Look what is told, and that revisions rise one by one."""
    for made in metering.summing.due(
        "gw", dict.fromkeys(MEMBERS, StandIn()), {*MEMBERS}, at(now), GRACE
    ):
        number = int((made.window.start - at(0)).total_seconds()) // 10
        before = told.get(number)
        assert made.revision == (before.revision + 1 if before else 0)
        told[number] = made


def test_a_reading_costs_one_addition_whatever_the_number_of_members():
    for count in (10, 1000):
        metering = Metering()
        for number in range(count):
            metering.take(f"m{number}", (reading(0, 1000),))
        assert metering.summing.folds == count
        before = metering.summing.folds
        metering.take("late", (reading(0, 1000),))
        metering.take("late", (reading(0, 1000),))
        assert metering.summing.folds == before + 1


def test_what_comes_late_corrects_the_window_that_was_told_and_says_so():
    metering = Metering()
    metering.take("a", (reading(0, 1000),))
    both = dict.fromkeys(("a", "b"), StandIn())
    (first,) = metering.summing.due("gw", both, {*both}, at(20), GRACE)
    assert (first.power_w, first.revision, first.reporting) == (1000, 0, 1)
    metering.take("b", (reading(0, 500),))
    assert metering.summing.due("gw", both, {*both}, at(21), GRACE) == ()
    (corrected,) = metering.summing.due("gw", both, {*both}, at(30), GRACE)
    assert (corrected.power_w, corrected.revision, corrected.reporting) == (1500, 1, 2)
    assert metering.summing.due("gw", both, {*both}, at(100), GRACE) == ()


def test_a_correction_from_below_takes_the_place_of_what_it_corrects():
    metering = Metering()
    assert len(metering.take("a", (reading(0, 1000),))) == 1
    ((after, before),) = metering.take("a", (reading(0, 1500, revision=1),))
    assert (after.power_w, before.power_w) == (1500, 1000)
    assert metering.power("a") == 1500
    assert metering.take("a", (reading(0, 1000),)) == []
    assert metering.power("a") == 1500
