"""Fairness as figures, and a season in which rotation is fairer than pro rata."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.fairness import gini, peak
from xmpp_cem.allocations.in_order import PRO_RATA, ROTATION

WINTER = datetime(2026, 11, 1, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_equal_burdens_are_perfectly_even():
    assert (gini([4, 4, 4]), peak([4, 4, 4])) == (0, 1)
    assert (gini([]), peak([]), gini([0, 0]), peak([0, 0])) == (0, 1, 0, 1)


def test_one_that_bears_everything_is_as_uneven_as_can_be():
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert peak([0, 0, 0, 8]) == 4


def test_the_coefficient_is_half_the_mean_difference_over_the_mean():
    burdens = [1, 2, 6, 7]
    differences = [abs(one - other) for one in burdens for other in burdens]
    assert gini(burdens) == pytest.approx(sum(differences) / 16 / 2 / 4)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.integers(1, 9))
def test_neither_unit_nor_order_matters(burdens, unit):
    assert gini([burden * unit for burden in reversed(burdens)]) == pytest.approx(gini(burdens))
    assert 0 <= gini(burdens) < 1
    assert 1 <= peak(burdens) + 1e-9 <= len(burdens) + 1e-6


def season(allocation, seed, *, sizes=(2_000, 4_000, 11_000), days=120):
    """Return the seconds that each of 30 members was called over a season's evening peaks."""
    chance = random.Random(seed)  # noqa: S311 - a season that can be played again
    able = {f"site-{n:02}": chance.choice(sizes) for n in range(30)}
    ready = {key: chance.uniform(0.3, 1.0) for key in able}
    called = dict.fromkeys(able, 0)
    for day in range(days):
        members = [
            Candidate(key, able[key], called_s=called[key])
            for key in able
            if chance.random() < ready[key]
        ]
        target = int(0.2 * sum(able.values()))
        demand = Demand(target, WINTER + day * 24 * HOUR, HOUR)
        result = allocation.divide(demand, Candidates(members))
        for key, share in result.by_key().items():
            called[key] += 3600 if share else 0
    return list(called.values())


@pytest.mark.parametrize("seed", range(5))
def test_over_a_season_rotation_calls_all_alike_and_nobody_as_often_as_pro_rata(seed):
    rotated, shared = season(ROTATION, seed), season(PRO_RATA, seed)
    assert gini(rotated) < 0.05 < gini(shared)
    assert peak(rotated) < 1.2 < peak(shared)
    assert max(rotated) < min(shared)


@pytest.mark.parametrize("seed", range(3))
def test_equal_members_that_are_always_ready_differ_by_one_call_at_most(seed):
    chance = random.Random(seed)  # noqa: S311 - a season that can be played again
    called = dict.fromkeys((f"site-{n:02}" for n in range(13)), 0)
    for day in range(60):
        members = [Candidate(key, 3_000, called_s=seconds) for key, seconds in called.items()]
        demand = Demand(chance.randint(1, 39_000), WINTER + day * 24 * HOUR, HOUR)
        for key, share in ROTATION.divide(demand, Candidates(members)).by_key().items():
            called[key] += 3600 if share else 0
        assert max(called.values()) - min(called.values()) <= 3600
