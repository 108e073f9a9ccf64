import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.allocations.proportion import between, in_proportion
from xmpp_cem.core.allocation import pro_rata

LARGEST = 10**12


def column(values):
    return np.array(values, dtype=np.int64)


@given(st.data())
def test_it_is_what_plain_python_divides(data):
    top = data.draw(st.sampled_from([5, 10**4, LARGEST]))
    weights = data.draw(st.lists(st.integers(1, top), min_size=1, max_size=30))
    total = data.draw(st.integers(0, min(LARGEST, sum(weights) - 1)))
    plain = pro_rata(total, dict(enumerate(weights)))
    assert in_proportion(total, column(weights)).tolist() == list(plain.values())


def test_it_is_exact_where_products_overflow():
    weights = [LARGEST - 1, LARGEST - 7, 3, LARGEST]
    shares = in_proportion(LARGEST - 11, column(weights)).tolist()
    assert shares == list(pro_rata(LARGEST - 11, dict(enumerate(weights))).values())


@st.composite
def bounded(draw):
    top = draw(st.sampled_from([9, 10**4, 10**11]))
    weights = draw(st.lists(st.integers(1, top), min_size=1, max_size=20))
    ceilings = [draw(st.integers(0, weight)) for weight in weights]
    floors = [draw(st.integers(0, ceiling)) for ceiling in ceilings]
    total = draw(st.integers(sum(floors), sum(ceilings)))
    return total, weights, floors, ceilings


@given(bounded())
def test_floors_and_ceilings_hold_and_the_sum_is_exact(case):
    total, *columns = case
    weights, floors, ceilings = map(column, columns)
    shares = between(total, weights, floors, ceilings)
    assert shares.sum() == total
    assert (floors <= shares).all()
    assert (shares <= ceilings).all()


@given(bounded())
def test_nobody_is_above_the_common_level_but_for_its_floor_nor_below_but_for_its_ceiling(case):
    total, *columns = case
    weights, floors, ceilings = map(column, columns)
    shares = between(total, weights, floors, ceilings)
    may_fall, may_rise = shares > floors, shares < ceilings
    if may_fall.any() and may_rise.any():
        highest = ((shares - 1) / weights)[may_fall].max()
        lowest = ((shares + 1) / weights)[may_rise].min()
        assert highest <= lowest * (1 + 1e-9)


def test_the_level_rises_over_floors_and_under_ceilings():
    weights, floors = column([1_500, 3_000, 6_000]), column([1_000, 0, 0])
    ceilings = column([5_000, 3_000, 4_000])
    shares = [between(w, weights, floors, ceilings).tolist() for w in (2_500, 7_000, 9_000, 11_000)]
    assert shares == [
        [1_000, 500, 1_000],
        [1_000, 2_000, 4_000],
        [2_000, 3_000, 4_000],
        [4_000, 3_000, 4_000],
    ]
