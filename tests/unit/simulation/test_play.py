import os
import subprocess
import sys
from random import Random

import pytest

from xmpp_cem.simulation.plan import draw
from xmpp_cem.simulation.play import play

pytestmark = pytest.mark.slow

SEEDS = range(1, 81)


@pytest.fixture(scope="module")
def outcomes():
    return [play(seed) for seed in SEEDS]


def test_no_seed_breaks_a_promise(outcomes):
    assert [(outcome.seed, outcome.broken) for outcome in outcomes if outcome.broken] == []


def test_every_seed_has_twenty_steps_and_a_crash(outcomes):
    assert min(outcome.steps for outcome in outcomes) >= 20
    assert min(outcome.crashes for outcome in outcomes) >= 1


def test_parties_die_at_many_points_and_much_goes_wrong(outcomes):
    points = {point for outcome in outcomes for point in outcome.points}
    assert {"before a commit of answers", "after a commit of messages"} <= points
    assert len({fault for outcome in outcomes for fault in outcome.faults}) >= 12


def test_every_hierarchy_has_two_levels():
    for seed in SEEDS:
        plan = draw(Random(seed))  # noqa: S311 no secret
        assert "grid" in plan.uppers.values()
        assert set(plan.uppers.values()) & set(plan.uppers)


def test_a_seed_gives_the_same_trace_again():
    first, again = play(7), play(7, is_told=True)
    assert first.digest == again.digest
    assert first.digest != play(8).digest
    assert again.story
    assert not first.story


def test_a_seed_gives_the_same_trace_in_another_process():
    code = "from xmpp_cem.simulation.play import play; print(play(7).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert digests == {f"{play(7).digest}\n".encode()}
