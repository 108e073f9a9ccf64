from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.allocations.allocation import Shares
from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.carrier import carrier
from xmpp_cem.allocations.in_order import MERIT_ORDER, PRO_RATA
from xmpp_cem.core.allocation import multiplier, share

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def demand(target_w):
    return Demand(target_w, NOON, timedelta(hours=1))


def carried(allocation, target_w, *members):
    candidates = Candidates(members)
    return carrier(allocation.divide(demand(target_w), candidates), candidates)


def test_pro_rata_over_many_goes_out_as_one_event_with_its_residue():
    members = [Candidate(f"site-{n}", 3_000) for n in range(7)]
    found = carried(PRO_RATA, 10_000, *members)
    assert found.multiplier == Decimal("0.476190476")
    assert found.residue_w == 10_000 - 7 * 1429
    assert found.why == (
        "One event: 0.476190476 of capability for all is what each of 7 members takes, "
        "with a residue of -3 W."
    )


def test_a_member_that_has_promised_less_knows_its_limit_and_needs_no_transaction():
    found = carried(PRO_RATA, 4_000, Candidate("a", 5_000, limit_w=1_000), Candidate("b", 5_000))
    assert found.multiplier == Decimal("0.6")
    assert found.residue_w == 0


def test_all_that_can_be_done_is_a_multiplier_of_one():
    found = carried(PRO_RATA, 9_000, Candidate("a", 5_000, limit_w=1_000), Candidate("b", 5_000))
    assert (found.multiplier, found.residue_w) == (Decimal(1), 0)


def test_unequal_shares_need_transactions_and_it_says_why():
    found = carried(
        MERIT_ORDER, 4_000, Candidate("a", 3_000, price=0.2), Candidate("b", 3_000, price=0.1)
    )
    assert found.multiplier is None
    assert found.why == (
        "Individual shares: 0.666666667 of capability for all would ask a for 2000 W and not "
        "1000 W, and 1 more otherwise than they shall."
    )


def test_a_member_that_rests_would_read_the_event_too():
    rests = Candidate("c", 3_000, rest_until=NOON + timedelta(hours=1))
    found = carried(PRO_RATA, 3_000, Candidate("a", 3_000), Candidate("b", 3_000), rests)
    assert found.multiplier is None
    assert "would ask a for 1000 W and not 1500 W" in found.why


def test_one_or_none_is_asked_by_itself():
    found = carried(PRO_RATA, 900, Candidate("a", 3_000))
    assert found.why == "Individual shares: 1 asked, an event for all needs 2."
    assert carried(PRO_RATA, 900).multiplier is None


CAPABILITIES = st.one_of(st.integers(0, 50), st.integers(0, 10**5), st.integers(0, 10**12))


@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(CAPABILITIES, st.none() | CAPABILITIES), min_size=2, max_size=12),
)
def test_what_members_make_of_the_multiplier_misses_by_the_residue(target, sizes):
    members = [
        Candidate(f"{n:02}", able, limit_w=None if most is None else min(able, most))
        for n, (able, most) in enumerate(sizes)
    ]
    candidates = Candidates(members)
    shares = PRO_RATA.divide(demand(target), candidates)
    found = carrier(shares, candidates)
    if found.multiplier is not None:
        limits = [m.capability_w if m.limit_w is None else m.limit_w for m in members]
        made = [
            min(share(found.multiplier, m.capability_w), limit)
            for m, limit in zip(members, limits, strict=True)
        ]
        asked = shares.by_key().values()
        assert all(abs(one - other) <= 1 for one, other in zip(made, asked, strict=True))
        assert found.residue_w == sum(asked) - sum(made)


@given(st.integers(1, 10**6), st.lists(st.integers(1, 10**5), min_size=2, max_size=30))
def test_unbounded_pro_rata_over_many_is_always_one_event(target, sizes):
    members = [Candidate(f"{n:02}", able) for n, able in enumerate(sizes)]
    candidates = Candidates(members)
    shares = PRO_RATA.divide(demand(target), candidates)
    found = carrier(shares, candidates)
    if np.count_nonzero(shares.watts) >= 2:
        able = {member.key: member.capability_w for member in members}
        assert found.multiplier == multiplier(min(target, sum(sizes)), able, able)


def test_a_fixed_set_of_shares_is_judged_whoever_made_it():
    candidates = Candidates([Candidate("a", 100), Candidate("b", 200)])
    shares = Shares(("a", "b"), np.array([50, 100]), 0, "by hand")
    assert carrier(shares, candidates).multiplier == Decimal("0.5")
    assert carrier(shares, candidates, many=3).multiplier is None


def test_all_at_limits_below_their_capability_take_all_of_it():
    found = carried(
        PRO_RATA, 900, Candidate("a", 500, limit_w=200), Candidate("b", 500, limit_w=300)
    )
    assert (found.multiplier, found.residue_w) == (Decimal(1), 0)
