"""What holds of every division, whichever allocation makes it."""

import itertools
import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.in_order import MERIT_ORDER, PRIORITY, PRO_RATA, ROTATION
from xmpp_cem.allocations.minimum_disturbance import MINIMUM_DISTURBANCE
from xmpp_cem.core.allocation import pro_rata

START = datetime(2026, 1, 15, 17, tzinfo=UTC)
ALL = pytest.mark.parametrize(
    "allocation",
    [PRO_RATA, MERIT_ORDER, PRIORITY, ROTATION, MINIMUM_DISTURBANCE],
    ids=lambda allocation: allocation.name,
)
POWERS = st.one_of(st.integers(0, 12), st.integers(0, 12_000), st.integers(0, 10**9))


@st.composite
def candidates(draw, keys="abcdefghijklmn", *, blocks=True):
    capability = draw(POWERS)
    kinds = ["none", "part", "whole"] if blocks else ["none"]
    kind = draw(st.sampled_from(kinds))
    return Candidate(
        key=draw(st.sampled_from(keys)),
        capability_w=capability,
        limit_w=draw(st.none() | st.integers(0, capability)),
        block_w={"none": 0, "part": draw(st.integers(0, 6_000)), "whole": capability}[kind],
        price=draw(st.sampled_from([-0.05, 0.0, 0.1, 0.25])),
        priority=draw(st.integers(0, 3)),
        called_s=draw(st.integers(0, 4)) * 900,
        present_w=draw(st.just(0) | st.integers(0, capability)),
        ramp_w_per_s=draw(st.sampled_from([math.inf, 0.0, 0.5, 40.0])),
        energy_wh=draw(st.none() | st.integers(0, 9) | st.integers(0, 20_000)),
        rest_until=draw(st.sampled_from([None, START, START + timedelta(seconds=1)])),
    )


def members(*, blocks=True):
    return st.lists(candidates(blocks=blocks), max_size=14, unique_by=lambda member: member.key)


DEMANDS = st.builds(
    Demand,
    target_w=POWERS,
    start=st.just(START),
    duration=st.sampled_from([timedelta(minutes=15), timedelta(hours=2), timedelta(seconds=2.5)]),
    ramp_time=st.sampled_from([timedelta(), timedelta(seconds=90)]),
)


def most(member, demand):
    """Return the most that a member may take, as plainly as the words say it."""
    if member.rest_until and member.rest_until > demand.start:
        return 0
    bounds = [member.capability_w]
    if member.limit_w is not None:
        bounds.append(member.limit_w)
    if member.ramp_w_per_s < math.inf:
        rise = member.ramp_w_per_s * demand.ramp_time.total_seconds()
        bounds.append(member.present_w + math.floor(rise))
    if member.energy_wh is not None:
        bounds.append(member.energy_wh * 3600 // math.ceil(demand.duration.total_seconds()))
    return min(bounds) if min(bounds) >= member.block_w else 0


def divided(allocation, demand, rows):
    return allocation.divide(demand, Candidates(rows))


@ALL
@given(DEMANDS, members())
def test_every_bound_of_every_member_holds(allocation, demand, rows):
    shares = divided(allocation, demand, rows).by_key()
    for member in rows:
        share = shares[member.key]
        assert share == 0 or member.block_w <= share <= most(member, demand)
        if member.energy_wh is not None:
            assert share * demand.duration <= member.energy_wh * timedelta(hours=1)
        if share > member.present_w and member.ramp_w_per_s < math.inf:
            rise = member.ramp_w_per_s * demand.ramp_time.total_seconds()
            assert share - member.present_w <= rise
        if share > 0 and member.rest_until:
            assert member.rest_until <= demand.start


@ALL
@given(DEMANDS, members())
def test_the_sum_is_the_target_or_the_shortfall_is_stated(allocation, demand, rows):
    result = divided(allocation, demand, rows)
    assert sum(result.by_key().values()) + result.shortfall_w == demand.target_w
    assert result.shortfall_w >= 0
    assert (f"; {result.shortfall_w} W are missing" in result.why) == (result.shortfall_w > 0)
    assert result.why.count(". ") == 0
    assert result.why.endswith(".")


@ALL
@given(DEMANDS, members(blocks=False))
def test_without_blocks_the_sum_is_the_target_or_all_that_can_be_done(allocation, demand, rows):
    result = divided(allocation, demand, rows)
    able = sum(most(member, demand) for member in rows)
    assert demand.target_w - result.shortfall_w == min(demand.target_w, able)


@ALL
@given(DEMANDS, members(), st.randoms(use_true_random=False))
def test_the_order_of_members_is_nothing(allocation, demand, rows, order):
    first = divided(allocation, demand, rows)
    order.shuffle(rows)
    second = divided(allocation, demand, rows)
    assert first.by_key() == second.by_key()
    assert (first.shortfall_w, first.why) == (second.shortfall_w, second.why)


def best_w(demand, rows):
    """Return the most that any pattern of members switched on can do without exceeding."""
    bounds = [(m.block_w, most(m, demand)) for m in rows if most(m, demand)]
    loads = [bound for bound in bounds if bound[0]]
    free = sum(able for block, able in bounds if not block)
    best = 0
    for pattern in itertools.product((0, 1), repeat=len(loads)):
        blocks = sum(on * block for on, (block, _) in zip(pattern, loads, strict=True))
        able = free + sum(on * able for on, (_, able) in zip(pattern, loads, strict=True))
        if blocks <= demand.target_w:
            best = max(best, min(able, demand.target_w))
    return best


FEW = st.lists(candidates("abcdefgh"), max_size=8, unique_by=lambda member: member.key)


@pytest.mark.parametrize(
    "allocation", [PRO_RATA, MERIT_ORDER, PRIORITY, ROTATION], ids=lambda found: found.name
)
@given(DEMANDS, FEW)
def test_with_few_blocks_no_fill_is_better(allocation, demand, rows):
    result = divided(allocation, demand, rows)
    assert demand.target_w - result.shortfall_w == best_w(demand, rows)


@given(st.integers(0, 10**9), st.dictionaries(st.text(max_size=3), st.integers(1, 10**9)))
def test_pro_rata_without_bounds_is_what_plain_python_divides(target, capabilities):
    rows = [Candidate(key, capability) for key, capability in capabilities.items()]
    demand = Demand(target, START, timedelta(hours=1))
    ordered = dict(sorted(capabilities.items()))
    assert divided(PRO_RATA, demand, rows).by_key() == pro_rata(target, ordered)


def in_ranks(result, rows, rank, demand):
    """Assert that no higher rank is used while a lower one has room."""
    shares = result.by_key()
    used = [rank(member) for member in rows if shares[member.key]]
    for member in rows:
        has_room = shares[member.key] < most(member, demand)
        assert not has_room or not used or max(used) <= rank(member)


@pytest.mark.parametrize(
    ("allocation", "rank"),
    [
        (MERIT_ORDER, lambda member: member.price),
        (PRIORITY, lambda member: member.priority),
        (ROTATION, lambda member: (member.called_s, member.key)),
    ],
    ids=lambda found: getattr(found, "name", ""),
)
@given(demand=DEMANDS, rows=members(blocks=False))
def test_nobody_is_asked_while_somebody_before_it_has_room(allocation, rank, demand, rows):
    in_ranks(divided(allocation, demand, rows), rows, rank, demand)


@given(DEMANDS, members(blocks=False))
def test_equal_prices_share_in_proportion(demand, rows):
    shares = divided(MERIT_ORDER, demand, rows).by_key()
    for one, other in itertools.permutations(rows, 2):
        may_fall = shares[one.key] > 0 and one.price == other.price
        if may_fall and shares[other.key] < most(other, demand):
            level = (shares[one.key] - 1) / one.capability_w
            assert level <= (shares[other.key] + 1) / other.capability_w * (1 + 1e-9)


def touched(result, rows):
    shares = result.by_key()
    return sum(shares[member.key] != member.present_w for member in rows)


@given(DEMANDS, members())
def test_minimum_disturbance_misses_no_more_and_changes_no_more_than_pro_rata(demand, rows):
    own, plain = (divided(a, demand, rows) for a in (MINIMUM_DISTURBANCE, PRO_RATA))
    assert own.shortfall_w <= plain.shortfall_w
    if own.shortfall_w == plain.shortfall_w:
        assert touched(own, rows) <= touched(plain, rows)


@given(DEMANDS, members(blocks=False))
def test_minimum_disturbance_without_blocks_changes_as_few_as_can_be(demand, rows):
    result = divided(MINIMUM_DISTURBANCE, demand, rows)
    kept = {m.key: min(m.present_w, most(m, demand)) for m in rows}
    forced = {m.key for m in rows if kept[m.key] != m.present_w}
    missing = demand.target_w - result.shortfall_w - sum(kept.values())
    if missing >= 0:
        rooms = [most(m, demand) - kept[m.key] for m in rows]
    else:
        missing = max(0, -missing - sum(kept[key] for key in forced))
        rooms = [kept[m.key] for m in rows if m.key not in forced]
    sums = itertools.accumulate(sorted(rooms, reverse=True), initial=0)
    assert touched(result, rows) == len(forced) + sum(total < missing for total in sums)


@given(DEMANDS, members())
def test_who_already_does_what_is_asked_is_left_alone(demand, rows):
    shares = divided(PRO_RATA, demand, rows).by_key()
    steady = [member._replace(present_w=shares[member.key]) for member in rows]
    again = Demand(sum(shares.values()), demand.start, demand.duration, demand.ramp_time)
    assert divided(MINIMUM_DISTURBANCE, again, steady).by_key() == shares


@ALL
@given(st.integers(1, 60), st.integers(1, 3_000), st.integers(0, 200_000))
def test_equal_loads_that_are_on_or_off_come_as_near_as_a_block(allocation, count, block, target):
    rows = [Candidate(f"boiler-{n:02}", block, block_w=block) for n in range(count)]
    result = divided(allocation, Demand(target, START, timedelta(hours=1)), rows)
    used = Counter(result.by_key().values())
    assert used[block] == min(target // block, count)
    assert used[0] == count - used[block]
