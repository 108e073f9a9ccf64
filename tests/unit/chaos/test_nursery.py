"""Parties that are forked begin, end by themselves, are killed, and leave nobody behind."""

import os
import signal
from pathlib import Path

import pytest

from xmpp_cem.chaos.nursery import Nursery
from xmpp_cem.chaos.parties import processes_naming

pytestmark = pytest.mark.slow
CODE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture
def nursery(tmp_path):
    one = Nursery(tmp_path, CODE)
    yield one
    one.close()
    assert processes_naming(tmp_path) == {}


def ends(child):
    child._has_ended(60)
    return not child.is_running


def test_a_party_runs_as_the_program_does_and_says_so_in_its_log(nursery, tmp_path):
    for number in range(2):
        child = nursery.start(tmp_path / "no.toml", tmp_path / "log")
        assert ends(child)
        assert (tmp_path / "log").read_text().count("no.toml") == number + 1


async def test_a_party_is_killed_or_stopped_and_others_live_on(nursery, tmp_path):
    fifo = tmp_path / "waits.toml"
    os.mkfifo(fifo)  # who reads it waits for ever
    first, second, third = (nursery.start(fifo, tmp_path / "log") for _ in range(3))
    first.kill()
    first.kill()
    await second.stop(30)
    assert (first.is_running, second.is_running, third.is_running) == (False, False, True)
    assert {third.pid, nursery.pid} == set(processes_naming(tmp_path))
    os.kill(third.pid, signal.SIGKILL)
    assert ends(third)
