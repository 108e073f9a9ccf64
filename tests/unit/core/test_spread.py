from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from xmpp_cem.core.life.spread import NO_OFFSETS, Offsets, Spread, acting, offsets
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

SEED = b"a party's own"
HOUR = Interval(start=at(0), end=at(3600))
spreads = st.builds(Spread, start_s=st.integers(0, 1800), stop_s=st.integers(0, 1800))


def test_without_configuration_starts_are_put_off_by_up_to_ten_minutes():
    assert (Spread().start_s, Spread().stop_s) == (600, 600)


@pytest.mark.parametrize("field", ["start_s", "stop_s"])
@pytest.mark.parametrize("value", [-1, 1801])
def test_more_than_half_an_hour_is_refused(field, value):
    with pytest.raises(ValidationError):
        Spread.model_validate({field: value})


@given(st.binary(max_size=40), st.text(max_size=20), st.text(max_size=20), spreads)
def test_offsets_are_within_bounds_and_the_same_each_time(seed, event, party, spread):
    drawn = offsets(seed, event, party, spread)
    assert 0 <= drawn.start_s <= spread.start_s
    assert 0 <= drawn.stop_s <= spread.stop_s
    assert offsets(seed, event, party, spread) == drawn
    assert offsets(seed, event, party, spread, drawn) == drawn


def test_what_was_drawn_once_is_kept_whatever_the_seed_and_bounded_anew():
    kept = Offsets(start_s=500, stop_s=100)
    assert offsets(b"another", "e", "p", Spread(), kept) == kept
    less = offsets(b"another", "e", "p", Spread(start_s=60, stop_s=200), kept)
    assert less == Offsets(start_s=60, stop_s=100)


def test_an_emergency_is_not_put_off():
    kept = Offsets(start_s=500, stop_s=100)
    assert offsets(SEED, "e", "p", Spread(), kept, is_emergency=True) == NO_OFFSETS


def test_a_thousand_parties_start_uniformly():
    drawn = [offsets(SEED, "event", f"ven-{n}", Spread(start_s=599)) for n in range(1000)]
    bins = Counter(each.start_s // 60 for each in drawn)
    assert sorted(bins) == list(range(10))
    chi_square = sum((bins[n] - 100) ** 2 / 100 for n in range(10))
    assert chi_square < 21.7  # 9 degrees of freedom, 1 %
    starts = Counter(each.start_s // 10 for each in drawn)
    assert max(starts.values()) <= 2 * 1000 / 60


def test_start_and_stop_are_drawn_apart_and_so_are_events():
    both = [offsets(SEED, f"e{n}", "p", Spread()) for n in range(50)]
    assert sum(each.start_s == each.stop_s for each in both) < 5
    assert len({each.start_s for each in both}) > 40


def test_an_event_starts_late_by_its_offset_ends_in_time_and_is_released_later():
    made = acting(HOUR, Offsets(start_s=300, stop_s=120), at(-100))
    assert made.window == Interval(start=at(300), end=at(3600))
    assert made.release == at(3720)


@pytest.mark.parametrize(("taken", "starts"), [(1000, 1300), (3299, 3449.5), (3300, 3300)])
def test_of_a_late_event_the_remainder_runs_put_off_only_if_more_remains(taken, starts):
    made = acting(HOUR, Offsets(start_s=300), at(taken))
    assert made.window == Interval(start=at(starts), end=at(3600))


def test_a_short_event_runs_for_half_its_time_at_least():
    short = Interval(start=at(0), end=at(60))
    assert acting(short, Offsets(start_s=600), at(-1)).window.start == at(30)


def test_what_is_over_cannot_act():
    with pytest.raises(ValueError, match="is over"):
        acting(HOUR, NO_OFFSETS, at(3600))


@given(spreads, st.integers(-100, 3599), st.binary(max_size=4))
def test_nothing_acts_outside_its_window(spread, taken, seed):
    drawn = offsets(seed, "e", "p", spread)
    made = acting(HOUR, drawn, at(taken))
    assert max(HOUR.start, at(taken)) <= made.window.start < made.window.end == HOUR.end
    assert made.release - HOUR.end <= timedelta(seconds=1800)
