import numpy as np
import pytest

from xmpp_cem.allocations.filling import fill
from xmpp_cem.allocations.slots import Slots


def filled(target, ranks, *bounds):
    """Fill slots given as (block, ceiling), each weighing as much as its ceiling."""
    block, ceiling = (np.array(column, dtype=np.int64) for column in zip(*bounds, strict=True))
    order = None if ranks is None else np.array(ranks)
    return fill(target, order, Slots(ceiling, block, ceiling)).tolist()


def test_lower_ranks_are_full_before_higher_ones_take_anything():
    assert filled(700, [2, 0, 1], (0, 400), (0, 500), (0, 300)) == [0, 500, 200]


def test_equal_ranks_share_in_proportion():
    assert filled(800, [0, 1, 1], (0, 200), (0, 300), (0, 600)) == [200, 200, 400]


def test_a_block_that_does_not_fit_in_what_is_left_is_passed_over():
    assert filled(700, [0, 1, 2], (0, 500), (300, 300), (0, 400)) == [500, 0, 200]


def test_members_before_it_make_room_for_a_block_when_something_is_missing_otherwise():
    assert filled(700, [0, 1], (0, 500), (300, 300)) == [400, 300]


@pytest.mark.parametrize(("target", "shares"), [(500, [0, 500, 0]), (900, [400, 500, 0])])
def test_another_pattern_is_searched_when_blocks_miss_the_target(target, shares):
    assert filled(target, [0, 1, 2], (400, 400), (500, 500), (700, 700)) == shares


def test_a_search_among_many_equal_blocks_still_finds_the_odd_one():
    bounds = [(2_000, 2_000)] * 1_000 + [(500, 500)]
    shares = filled(500_500, range(1_001), *bounds)
    assert (sum(shares), shares[-1]) == (500_500, 500)


def test_sizes_that_first_miss_the_target_are_swapped():
    bounds = [(2_000, 2_000)] * 500 + [(1_300, 1_300)] * 2 + [(900, 900)] * 500
    shares = filled(899_100, range(len(bounds)), *bounds)
    assert sum(shares) == 899_100


def test_in_one_rank_those_nearest_to_their_block_are_switched_on():
    assert filled(300, None, (200, 1_000), (100, 1_000), (300, 1_000)) == [200, 100, 0]


def test_enough_are_switched_on_to_carry_what_others_leave():
    assert filled(950, None, (0, 100), (450, 450), (450, 450)) == [50, 450, 450]
