"""A process dies where it was told, at the manieth time that it passes by, and nowhere else."""

import multiprocessing
import signal

import pytest

from xmpp_cem.kills.doom import Boundary, Doom, read_trail

COURSE = ["before a commit", "after a commit", "party asks", "before a commit", "after a commit"]


def walk(trail, at, is_armed=True):
    doom = Doom(trail)
    doom.pass_by("before a commit", "at the start")
    if is_armed:
        doom.arm(at)
    for where in COURSE:
        doom.pass_by(where, "x" if where == "party asks" else "")
    doom.disarm()
    doom.pass_by("party asks", "afterwards")


def walked(trail, *arguments):
    """Walk in a process of its own; returns its exit code and what it passed."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=walk, args=(trail, *arguments))
    process.start()
    process.join()
    return process.exitcode, [str(each) for each in read_trail(trail)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "passed"),
    [
        (Boundary("before a commit", 1), 1),
        (Boundary("before a commit", 2), 4),
        (Boundary("party asks: x", 1), 3),
    ],
    ids=str,
)
def test_it_dies_at_once_where_it_was_told_and_leaves_its_trail(tmp_path, at, passed):
    code, trail = walked(tmp_path / "trail", at)
    assert code == -signal.SIGKILL
    assert len(trail) == passed
    assert trail[-1] == str(at)


@pytest.mark.slow
def test_it_passes_everything_where_nothing_is_meant(tmp_path):
    code, trail = walked(tmp_path / "trail", Boundary("before a commit", 3))
    assert code == 0
    assert trail == [
        "before a commit #1",
        "after a commit #1",
        "party asks: x #1",
        "before a commit #2",
        "after a commit #2",
    ]


def test_without_an_order_it_counts_nothing_and_lives(tmp_path):
    walk(tmp_path / "trail", Boundary("party asks: x", 1), is_armed=False)
    assert read_trail(tmp_path / "trail") == []
