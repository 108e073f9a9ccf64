"""Workers that play seeds end with the program that asked for them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from xmpp_cem.simulation.many import outcomes
for outcome in outcomes(range(1, 100_000)):
    print(outcome.seed, flush=True)
"""


@pytest.mark.slow
def test_workers_do_not_outlive_a_program_that_is_killed():
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
    argv = [sys.executable, "-c", CODE]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline()
        program.kill()
        program.stdout.read()  # ends when the last process that holds the pipe has ended
