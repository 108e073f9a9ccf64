"""The demonstration as its users run it: to the end, and interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]

SPEED = 4


def command(server, *options):
    return [sys.executable, "-m", "xmpp_cem", "demo", "--server", server, *options]


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that mention the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(folder) in line:
                found.append(line)
    return found


@pytest.mark.parametrize("server", ["prosody", "ejabberd"])
def test_the_demo_dispatches_and_says_so_in_json(server, tmp_path):
    env = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        command(server, "--json", "--speed", str(SPEED)),
        env=env,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["server"] == server
    assert figures["levels"] == 3
    assert figures["vens"] == 8
    assert figures["target_w"] == -60_000
    assert figures["delivered_w_mean"] == pytest.approx(-60_000, rel=0.1)
    assert figures["opt_in"] == 4
    assert figures["opt_out"] == 1
    assert figures["unreachable"] == 1
    assert figures["redivisions"] >= 2
    assert figures["lost"] == 0
    assert figures["duplicated"] == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after_s", [0.3, 3, 9])
def test_ctrl_c_at_any_time_leaves_nothing_behind(after_s, tmp_path):
    env = os.environ | {"TMPDIR": str(tmp_path)}
    running = subprocess.Popen(
        command("prosody", "--json"), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    time.sleep(after_s)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode in {130, -signal.SIGINT}
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []
