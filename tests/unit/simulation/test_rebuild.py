"""The journal alone leads to what a party has written down, through every crash."""

import asyncio

import pytest

from xmpp_cem.core.inputs import Decided, RequestArrived, Started
from xmpp_cem.simulation.rebuild import differences, found, lived, rebuild, replayed, roles

SEEDS = range(1, 7)


@pytest.mark.slow
def test_every_record_of_every_party_is_rebuilt_from_its_journal():
    """`scripts/rebuild` does the same with a thousand events."""
    made = [rebuild(seed) for seed in SEEDS]
    assert [each for each in made if each.differing] == []
    assert sum(each.events for each in made) >= 50
    assert sum(each.records for each in made) >= 800
    assert all(each.crashes for each in made)


@pytest.mark.slow
@pytest.mark.parametrize(("party", "kind"), [("grid", RequestArrived), ("a", Decided)])
def test_a_journal_that_lacks_what_was_decided_on_leads_elsewhere(party, kind):
    town, evidence = lived(1)
    held, rows = asyncio.run(found(town.parties[party].disk))
    new_role = roles(town, evidence, party)
    assert differences(held, replayed(rows, new_role)) == []
    fewer = [row for row in rows if row.kind != kind.__name__]
    assert differences(held, replayed(fewer, new_role))


@pytest.mark.slow
def test_a_journal_that_does_not_begin_with_a_start_is_refused():
    town, evidence = lived(1)
    _, rows = asyncio.run(found(town.parties["grid"].disk))
    assert rows[0].kind == Started.__name__
    with pytest.raises(ValueError, match="begins with a start"):
        replayed(rows[1:], roles(town, evidence, "grid"))
