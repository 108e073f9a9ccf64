"""Division stays fast with many members; `scripts/bench` measures how fast."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.allocations.candidates import Candidates, Demand
from xmpp_cem.allocations.in_order import MERIT_ORDER, PRIORITY, PRO_RATA, ROTATION
from xmpp_cem.allocations.minimum_disturbance import MINIMUM_DISTURBANCE
from xmpp_cem.bench.divide import row

HOUR = timedelta(hours=1)


@pytest.mark.slow
@pytest.mark.parametrize("filled", [0.05, 0.3, 0.6])
def test_a_hundred_thousand_members_take_less_than_a_tenth_of_a_second(filled):
    members = Candidates([row(number) for number in range(100_000)])
    target = int(filled * members.capability_w.sum())
    demand = Demand(target, datetime(2026, 1, 15, 17, tzinfo=UTC), HOUR, timedelta(minutes=1))
    for allocation in (PRO_RATA, MERIT_ORDER, PRIORITY, ROTATION, MINIMUM_DISTURBANCE):
        assert any(seconds_of(allocation, demand, members) < 0.1 for _ in range(30))


def seconds_of(allocation, demand, members):
    """Return what a division takes of a processor: others take turns, but share its caches."""
    begun = time.process_time()
    assert allocation.divide(demand, members).shortfall_w == 0
    return time.process_time() - begun
