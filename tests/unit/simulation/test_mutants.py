import pytest

from xmpp_cem.core.life import arrival
from xmpp_cem.core.vtn.publication import Publication
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.simulation.edits import Edit, edited
from xmpp_cem.simulation.mutants import MUTANTS, mutated
from xmpp_cem.simulation.play import play

pytestmark = pytest.mark.slow

NAMED = {
    "no dedupe",
    "no retry",
    "trust IQ result",
    "no re-ack",
    "ack before commit",
    "publish before commit",
    "no catch-up",
    "fetch-then-subscribe",
    "accept lower modificationNumber",
    "random child ids",
    "volatile inbox",
    "implied cancel from partial list",
    "dedupe by arrival time",
    "re-randomise offset on restart",
}


def test_all_that_must_be_caught_are_there():
    assert {mutant.name for mutant in MUTANTS} >= NAMED


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_and_leaves_it_as_it_was(mutant):
    before = Engine._step, arrival.judge_version, Publication.everything
    with mutated(mutant.name):
        pass
    assert (Engine._step, arrival.judge_version, Publication.everything) == before
    assert mutant.edits


def test_an_edit_that_no_longer_fits_is_told():
    edit = Edit(Engine, "_step", "this text stands nowhere", "")
    with pytest.raises(ValueError, match="stands nowhere"), edited(edit):
        pass


@pytest.mark.parametrize(
    ("name", "promise", "first"),
    [
        ("no dedupe", "a repeated request gets the stored answer", 1),
        ("no retry", "whoever is connected knows the newest version within seconds", 730),
        ("no re-ack", "what was committed arrives", 1),
        ("ack before commit", "what a party says, its store holds first", 1),
        ("no catch-up", "an accepted event reaches everybody", 1),
        (
            "fetch-then-subscribe",
            "whoever is connected knows the newest version within seconds",
            1,
        ),
        ("random child ids", "one lower event per upper one", 1),
        ("volatile inbox", "a repeated request gets the stored answer", 1),
        ("implied cancel from partial list", "an accepted event is not lost", 1),
        ("re-randomise offset on restart", "a randomised start is drawn once", 330),
        ("nothing said about what is over", "everybody knows the newest version", 380),
    ],
)
def test_a_mutant_breaks_its_promise(name, promise, first):
    broken = set()
    with mutated(name):
        for seed in range(first, first + 60):
            broken |= {kept for kept, _ in play(seed).broken}
            if promise in broken:
                return
    pytest.fail(f"only {broken} broke")
