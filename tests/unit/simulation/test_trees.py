"""Drawn hierarchies of six levels under random faults: in the end all levels agree."""

from random import Random

import pytest

from xmpp_cem.simulation import __main__ as simulation
from xmpp_cem.simulation.plan import draw
from xmpp_cem.simulation.play import play
from xmpp_cem.simulation.terms import Terms, Tree, grown

TREE = Terms(Tree(parties=10, levels=6))


def levels(uppers):
    """Return how many levels a hierarchy has, the top one included."""
    found = {"grid": 1}
    for party, upper in uppers.items():
        found[party] = found[upper] + 1
    return max(found.values())


@pytest.mark.parametrize("parties", [5, 10, 200])
@pytest.mark.parametrize("seed", range(5))
def test_a_tree_has_as_many_parties_and_levels_as_are_asked_for(seed, parties):
    uppers = grown(Random(seed), Tree(parties, 6))  # noqa: S311 no secret
    assert (len(uppers), levels(uppers)) == (parties, 6)


def test_trees_of_two_seeds_differ():
    first, second = (draw(Random(seed), TREE).uppers for seed in (1, 2))  # noqa: S311 no secret
    assert first != second


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 19])
def test_levels_agree_and_sums_are_exact_in_the_end(seed):
    outcome = play(seed, TREE)
    assert outcome.broken == ()
    assert outcome.crashes >= 1


def test_a_tree_with_too_few_parties_for_its_levels_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["program", "--parties", "4"])
    with pytest.raises(SystemExit):
        simulation.main()
    assert "6 levels need --parties 5 at least" in capsys.readouterr().err
