"""The pages' worked example of division is what the allocations do."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import xmpp_cem
from xmpp_cem.allocations.candidates import Candidate, Candidates, Demand
from xmpp_cem.allocations.in_order import MERIT_ORDER, PRIORITY, PRO_RATA, ROTATION
from xmpp_cem.allocations.limits import Limited, divide_limit
from xmpp_cem.allocations.minimum_disturbance import MINIMUM_DISTURBANCE

PAGE = Path(xmpp_cem.__file__).parents[1] / "docs" / "explanation" / "division.md"
DEMAND = Demand(
    12_000, datetime(2026, 1, 15, 17, tzinfo=UTC), timedelta(hours=2), timedelta(minutes=1)
)
ALLOCATIONS = [PRO_RATA, MERIT_ORDER, PRIORITY, ROTATION, MINIMUM_DISTURBANCE]


def table(header):
    """Return the rows below the header that begins so, as dictionaries."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(header))
    names, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[start : lines.index("", start)]
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def members():
    return {
        row["member"]: Candidate(
            key=row["member"],
            capability_w=int(row["capability W"]),
            limit_w=int(row["promised W"]),
            block_w=int(row["block W"]),
            price=float(row["price"]),
            priority=int(row["priority"]),
            called_s=int(float(row["called h"]) * 3600),
            present_w=int(row["present W"]),
            energy_wh=None if row["energy Wh"] == "any" else int(row["energy Wh"]),
        )
        for row in table("| member | capability")
    }


def test_the_ceilings_are_those_of_the_page():
    ceilings = [int(row["ceiling W"]) for row in table("| member | capability")]
    assert Candidates(members().values()).room(DEMAND).ceiling_w.tolist() == ceilings


@pytest.mark.parametrize("allocation", ALLOCATIONS, ids=lambda found: found.name)
def test_the_shares_and_their_reasons_are_those_of_the_page(allocation):
    (shown,) = [r for r in table("| allocation | bakery") if r["allocation"] == allocation.name]
    (told,) = [r for r in table("| allocation | why") if r["allocation"] == allocation.name]
    result = allocation.divide(DEMAND, Candidates(members().values()))
    assert result.by_key() == {key: int(shown[key]) for key in members()}
    assert (result.shortfall_w, result.why) == (0, told["why"])


def test_the_divided_limit_is_that_of_the_page():
    rows = table("| member | rated")
    found = divide_limit(
        20_000,
        3_000,
        [
            Limited(
                row["member"],
                int(row["rated W"]),
                None if row["failsafe W"] == "none" else int(row["failsafe W"]),
                row["reachable"] == "yes",
            )
            for row in rows
        ],
    )
    assert {k: str(w) for k, w in found.limits_w.items()} == {
        row["member"]: row["limit W"] for row in rows if row["limit W"]
    }
    assert {k: str(w) for k, w in found.counted_w.items()} == {
        row["member"]: row["counted W"] for row in rows if row["counted W"]
    }


def test_every_allocation_of_the_page_is_explained():
    explained = re.findall(r"^- \*\*(.+?)\*\*:", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert explained == [allocation.name for allocation in ALLOCATIONS]
