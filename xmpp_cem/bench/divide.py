"""Milliseconds to divide a target over many members, against pro rata in plain Python."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.in_order import MERIT_ORDER, PRIORITY, PRO_RATA, ROTATION
from xmpp_cem.allocations.minimum_disturbance import MINIMUM_DISTURBANCE
from xmpp_cem.bench.place import Place
from xmpp_cem.core.allocation import pro_rata

_START = datetime(2026, 1, 15, 17, tzinfo=UTC)
_ALLOCATIONS = (PRO_RATA, MERIT_ORDER, PRIORITY, ROTATION, MINIMUM_DISTURBANCE)


async def measure(_place: Place, count: int, rounds: int) -> dict[str, Any]:
    """Return milliseconds of the slowest allocation and of plain Python, and their ratio.

    `each` has the milliseconds of every allocation, and `columns` those of making columns of rows,
    once for all divisions of the same members. No server takes part.
    """
    rows = [row(number) for number in range(count)]
    able = {member.key: member.capability_w for member in rows}
    demand = Demand(sum(able.values()) // 3, _START, timedelta(hours=1), timedelta(minutes=1))
    members = Candidates(rows)
    each = {
        allocation.name: _fastest(rounds, partial(allocation.divide, demand, members))
        for allocation in _ALLOCATIONS
    }
    each["columns"] = _fastest(rounds, lambda: Candidates(rows))
    plain = _fastest(rounds, lambda: pro_rata(demand.target_w, able))
    slowest = max(each[allocation.name] for allocation in _ALLOCATIONS)
    return {
        "unit": f"ms to divide over {count} members, slowest allocation",
        "ours": slowest,
        "bare": plain,
        "ratio": round(slowest / plain, 3),
        "each": each,
    }


def row(number: int) -> Candidate:
    """Return one of very different members: loads with and without blocks, ramps and bounds."""
    mixed = number * 7919 % 104_729
    able = 500 + mixed % 11_500
    return Candidate(
        key=f"site-{number:06}",
        capability_w=able,
        block_w=(0, 0, able, able // 4)[mixed % 4],
        price=mixed % 400 / 1_000,
        priority=mixed % 5,
        called_s=mixed % 100 * 900,
        present_w=able if mixed % 3 == 0 else 0,
        ramp_w_per_s=20.0 if mixed % 7 == 0 else math.inf,
        energy_wh=3_000 if mixed % 5 == 0 else None,
        rest_until=_START + timedelta(hours=1) if mixed % 11 == 0 else None,
    )


def _fastest(rounds: int, work: Callable[[], object]) -> float:
    """Return the milliseconds of the fastest run, which others on the machine slow least."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return round(1000 * min(times), 1)
