from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.allocation import multiplier, pro_rata, share

LIMITS = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 10**7), max_size=40)


@given(st.integers(0, 10**9), LIMITS)
def test_shares_sum_to_the_target_or_to_all_that_can_be_done(target, limits):
    shares = pro_rata(target, limits)
    assert sum(shares.values()) == min(target, sum(limits.values()))
    assert all(0 <= shares[key] <= limits[key] for key in limits)


@given(st.integers(0, 10**9), LIMITS)
def test_equal_input_gives_equal_shares(target, limits):
    assert pro_rata(target, limits) == pro_rata(target, dict(limits))


def test_the_remainder_goes_to_the_largest_fractions():
    assert pro_rata(10, {"a": 3, "b": 3, "c": 5}) == {"a": 3, "b": 3, "c": 4}
    assert pro_rata(100, {"a": 1, "b": 2}) == {"a": 1, "b": 2}


@given(st.integers(0, 10**9), LIMITS)
def test_a_multiplier_is_a_share_of_one(target, limits):
    assert 0 <= multiplier(target, limits, limits) <= 1


@given(
    st.integers(0, 10**8), st.dictionaries(st.text(min_size=1), st.integers(1, 10**7), min_size=1)
)
def test_rounded_shares_meet_the_target_within_a_watt_each(target, limits):
    of = multiplier(target, limits, limits)
    met = sum(share(of, limit) for limit in limits.values())
    assert abs(met - min(target, sum(limits.values()))) <= len(limits)


def test_what_a_limited_member_leaves_is_carried_by_the_rest():
    of = multiplier(6000, {"a": 5000, "b": 5000}, {"a": 1000, "b": 5000})
    assert of == Decimal(1)
    of = multiplier(4000, {"a": 5000, "b": 5000}, {"a": 1000, "b": 5000})
    assert share(of, 5000) == 3000


@pytest.mark.parametrize("limits", [{}, {"a": 0}])
def test_nobody_takes_nothing(limits):
    assert multiplier(1000, limits, limits) == 0


@pytest.mark.parametrize(
    ("target", "limits", "of"),
    [
        (4500, {"a": 3000}, "0.500000000"),
        (4500, {"a": 8100}, "0.500000000"),
        (8100, {"a": 3000, "b": 3000}, "1.000000000"),
        (8100, {"a": 0, "b": 3000}, "1.000000000"),
    ],
)
def test_where_all_are_at_their_limits_nobody_is_asked_for_more_than_its_plain_share(
    target, limits, of
):
    capabilities = {"a": 9000} if len(limits) == 1 else {"a": 9000, "b": 3000}
    assert str(multiplier(target, capabilities, limits)) == of
