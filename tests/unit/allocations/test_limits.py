import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.allocations.limits import Limited, divide_limit

POWERS = st.integers(0, 30_000)


@st.composite
def groups(draw):
    keys = draw(st.lists(st.text(max_size=2), unique=True, max_size=12))
    return [
        Limited(key, draw(POWERS), draw(st.none() | POWERS), draw(st.booleans())) for key in keys
    ]


def test_what_unreachable_members_may_take_is_set_aside():
    found = divide_limit(
        20_000,
        3_000,
        [
            Limited("a", 11_000),
            Limited("b", 22_000),
            Limited("c", 11_000, failsafe_w=4_200, is_reachable=False),
            Limited("d", 5_000, is_reachable=False),
        ],
    )
    assert found.counted_w == {"c": 4_200, "d": 5_000}
    assert found.limits_w == {"a": 2_600, "b": 5_200}
    assert found.why == (
        "7800 W are divided over 2 members by rated power; "
        "2 that cannot be reached count with 9200 W."
    )


def test_an_excess_that_nobody_can_prevent_is_stated():
    found = divide_limit(5_000, 3_000, [Limited("a", 9_000), Limited("b", 4_000, None, False)])
    assert found.limits_w == {"a": 0}
    assert found.excess_w == 2_000
    assert found.why.endswith("; the limit may be exceeded by 2000 W.")


def test_a_failsafe_above_what_a_member_can_take_counts_as_what_it_can_take():
    assert divide_limit(9_000, 0, [Limited("a", 4_000, 7_000, False)]).counted_w == {"a": 4_000}


@given(st.integers(0, 200_000), POWERS, groups())
def test_members_limits_and_all_that_takes_none_are_within_the_groups_limit(limit, other, group):
    found = divide_limit(limit, other, group)
    can_be = sum(found.limits_w.values()) + sum(found.counted_w.values()) + other
    assert can_be <= limit + found.excess_w
    if found.excess_w:
        assert not any(found.limits_w.values())
        assert can_be == limit + found.excess_w
    elif any(found.limits_w[m.key] < m.rated_w for m in group if m.is_reachable):
        assert can_be == limit


@given(st.integers(0, 200_000), POWERS, groups())
def test_every_member_is_limited_or_counted(limit, other, group):
    found = divide_limit(limit, other, group)
    assert found.limits_w.keys() == {m.key for m in group if m.is_reachable}
    for member in group:
        if member.is_reachable:
            assert 0 <= found.limits_w[member.key] <= member.rated_w
        else:
            known = member.rated_w if member.failsafe_w is None else member.failsafe_w
            assert found.counted_w[member.key] == min(known, member.rated_w)


@given(st.integers(0, 200_000), groups())
def test_losing_a_member_without_a_failsafe_never_gives_the_others_more(limit, group):
    before = divide_limit(limit, 0, group)
    for lost in [member for member in group if member.is_reachable]:
        rest = [member for member in group if member != lost]
        after = divide_limit(limit, 0, [*rest, lost._replace(failsafe_w=None, is_reachable=False)])
        assert all(after.limits_w[key] <= before.limits_w[key] + 1 for key in after.limits_w)


@pytest.mark.slow
@given(st.integers(0, 200_000), POWERS, groups(), st.randoms(use_true_random=False))
def test_the_order_of_members_is_nothing(limit, other, group, order):
    first = divide_limit(limit, other, group)
    order.shuffle(group)
    assert divide_limit(limit, other, group) == first


@pytest.mark.parametrize(
    ("limit", "other", "group"),
    [
        (-1, 0, []),
        (0, -1, []),
        (0, 0, [Limited("a", -1)]),
        (0, 0, [Limited("a", 1, -1)]),
        (0, 0, [Limited("a", 10**12 + 1)]),
        (0, 0, [Limited("a", 1), Limited("a", 2)]),
    ],
)
def test_what_is_out_of_range_is_refused(limit, other, group):
    with pytest.raises(ValueError, match=r"not between|there twice"):
        divide_limit(limit, other, group)
