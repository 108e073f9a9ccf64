"""A gateway that is killed at any boundary of an event leads to what happens without that."""

import pytest

from xmpp_cem.simulation.rehearsal import CHANGED, COMPLETED, Rehearsal
from xmpp_cem.testing.endings import differences

PARTS = 4
"""All boundaries in so many tests, which can run beside each other."""

SWIFT = {"believed_s": 0.0, "away_s": 0.5}
SLOW = {"believed_s": 300.0, "away_s": 1.0}
"""The server goes on believing in the dead connection until the next one takes its place."""

PLAYS = {
    "changed and cancelled": (CHANGED, SWIFT),
    "completed": (COMPLETED, SWIFT),
    "completed, believed in": (COMPLETED, SLOW),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("plan", "death"), PLAYS.values(), ids=PLAYS)
def test_a_gateway_killed_at_any_boundary_changes_nothing_in_the_end(plan, death, part):
    rehearsal = Rehearsal(plan, **death)
    wanted, endings = rehearsal.play_all(part, PARTS)
    assert not wanted.broken
    assert len(endings) > 90 // PARTS
    names = {name for ending in endings.values() for name in ending.where}
    assert {"before a commit of messages", "after a commit of answers", "party asks"} & names
    failures = {
        number: [
            *differences(wanted.state, ending.state),
            *differences(wanted.effects, ending.effects, "devices were told"),
            *(f"{promise}: {shown}" for promise, shown in ending.broken),
        ]
        for number, ending in endings.items()
    }
    assert {number: told for number, told in failures.items() if told} == {}


@pytest.mark.parametrize("at", [1, 20, 60])
def test_one_play_ends_as_the_child_that_was_left_at_the_same_boundary(at):
    ending = Rehearsal(COMPLETED, **SWIFT).play(at)
    assert sum(ending.where.values()) == 1
    assert not ending.broken
