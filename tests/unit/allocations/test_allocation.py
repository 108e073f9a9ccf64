from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.in_order import MERIT_ORDER, PRO_RATA
from xmpp_cem.errors import AllocationError

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MEMBERS = Candidates(
    [Candidate("b", 3_000, block_w=1_000), Candidate("a", 2_000), Candidate("c", 500)]
)


def demand(target_w):
    return Demand(target_w, NOON, timedelta(hours=1))


@pytest.mark.parametrize(
    ("watts", "said"),
    [
        ([2_001, 0, 0], "beyond what its member can take"),
        ([-1, 0, 0], "beyond what its member can take"),
        ([0, 999, 0], "below its member's block"),
        ([2_000, 3_000, 1], "more than the target"),
        ([1, 2], "one whole number per member"),
        ([1.0, 2.0, 0.0], "one whole number per member"),
    ],
)
def test_a_plug_in_that_breaks_a_bound_is_named_and_not_obeyed(watts, said):
    made_up = Allocation("own-1", lambda _target, _room: (np.array(watts), "Because"))
    with pytest.raises(AllocationError, match=f"^own-1: .*{said}"):
        made_up.divide(demand(5_000), MEMBERS)


def test_a_plug_in_cannot_change_what_others_see():
    def greedy(_target, room):
        room.ceiling_w[:] = 10**6
        return room.ceiling_w, "Because"

    with pytest.raises(ValueError, match="read-only"):
        Allocation("greedy", greedy).divide(demand(5_000), MEMBERS)


def test_a_shortfall_says_whether_bounds_or_blocks_are_its_cause():
    assert PRO_RATA.divide(demand(6_000), MEMBERS).why == (
        "By capability: 3 of 3 members take 100.0 % of theirs on average, 3 of them all they can; "
        "500 W are missing, as all together can do 5500 W."
    )
    boilers = Candidates(
        [Candidate("a", 2_000, block_w=2_000), Candidate("b", 2_000, block_w=2_000)]
    )
    result = MERIT_ORDER.divide(demand(3_500), boilers)
    assert result.by_key() == {"a": 2_000, "b": 0}
    assert result.why.endswith("; 1500 W are missing, as blocks do not add up to the target.")


def test_nobody_and_nothing_divide_to_nothing():
    nobody = PRO_RATA.divide(demand(700), Candidates([]))
    assert (nobody.by_key(), nobody.shortfall_w) == ({}, 700)
    nothing = MERIT_ORDER.divide(demand(0), MEMBERS)
    assert (nothing.by_key(), nothing.shortfall_w) == ({"a": 0, "b": 0, "c": 0}, 0)


def test_shares_cannot_be_changed_afterwards():
    result = PRO_RATA.divide(demand(700), MEMBERS)
    with pytest.raises(ValueError, match="read-only"):
        result.watts[0] = 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"capability_w": -1},
        {"capability_w": 10**12 + 1},
        {"capability_w": 10**30},
        {"limit_w": -1},
        {"block_w": -1},
        {"present_w": -1},
        {"called_s": -1},
        {"energy_wh": -1},
        {"energy_wh": 10**16},
        {"ramp_w_per_s": -0.1},
        {"ramp_w_per_s": float("nan")},
        {"price": float("nan")},
        {"price": float("inf")},
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_refused(wrong):
    with pytest.raises(ValueError, match="a member's"):
        Candidates([Candidate("a", 100)._replace(**wrong)])


def test_a_member_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="there twice"):
        Candidates([Candidate("a", 100), Candidate("a", 100)])


@pytest.mark.parametrize(
    ("target", "duration", "ramp"), [(-1, 1, 0), (10**12 + 1, 1, 0), (1, 0, 0), (1, 1, -1)]
)
def test_a_demand_out_of_range_is_refused(target, duration, ramp):
    with pytest.raises(ValueError, match=r"target|demand"):
        Demand(target, NOON, timedelta(seconds=duration), timedelta(seconds=ramp))
