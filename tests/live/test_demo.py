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


def processes_of(folder: Path) -> dict[int, str]:
    """Process ids and command lines of all processes that mention the folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(folder) in line:
                found[int(entry.name)] = line
    return found


@pytest.fixture
def started(tmp_path):
    """Start a demonstration whose files are below a folder; returns the process."""
    running = []

    def start(*options):
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        # As from a terminal: what a shell starts in the background ignores interrupts.
        interruptible = ["env", "--default-signal=INT", *command(*options)]
        process = subprocess.Popen(
            interruptible, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def awaited(folder: Path, what: str) -> int:
    """Wait until a process of the demonstration runs; returns its id."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid, line in processes_of(folder).items():
            if what in line:
                return pid
        time.sleep(0.1)
    raise TimeoutError(what)


def left_nothing(folder: Path) -> bool:
    return list(folder.iterdir()) == [] and processes_of(folder) == {}


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
    assert any("bakery" in why for why in figures["division_reasons"])
    assert figures["failsafe_w"] <= 5000
    assert figures["failsafe_seen_s"] >= 20 / SPEED
    assert figures["failsafe_left_s"] is not None
    assert figures["lost"] == 0
    assert figures["duplicated"] == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("server", "number", "after_s"),
    [
        ("prosody", signal.SIGINT, 0.3),
        ("prosody", signal.SIGINT, 1),
        ("prosody", signal.SIGINT, 12),
        ("prosody", signal.SIGTERM, 8),
        ("prosody", signal.SIGHUP, 8),
        ("ejabberd", signal.SIGINT, 5),
        ("ejabberd", signal.SIGINT, 14),
    ],
)
def test_a_signal_at_any_time_leaves_nothing_behind(server, number, after_s, tmp_path, started):
    running = started(server, "--json")
    if after_s >= 1:
        running.stdout.readline()  # on a busy machine the interpreter is young for seconds
    time.sleep(after_s)
    running.send_signal(number)
    told = ended(running, number, is_young=after_s < 1)
    is_unborn = running.returncode == 1 and "KeyboardInterrupt" in told
    assert running.returncode in {130, -number} or (is_unborn and after_s < 1)
    assert left_nothing(tmp_path)


def ended(running, number, *, is_young):
    """Wait until a demonstration has ended after a signal; returns what it said.

    On a busy machine the interpreter itself may still be starting: it then ends with 1, or loses
    an interrupt in a callback of its own, where a person presses the keys again.
    """
    try:
        return running.communicate(timeout=12 if is_young else 30)[0].decode()
    except subprocess.TimeoutExpired:
        if not is_young:
            raise
        running.send_signal(number)
        return running.communicate(timeout=30)[0].decode()


def test_an_impatient_second_signal_leaves_nothing_behind(tmp_path, started):
    running = started("ejabberd", "--json")
    awaited(tmp_path, "hotel.toml")
    for _ in range(3):
        running.send_signal(signal.SIGINT)
        time.sleep(0.1)
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert left_nothing(tmp_path)


@pytest.mark.parametrize("victim", ["south.toml", "prosody.cfg.lua"])
def test_a_process_that_dies_unexpectedly_is_told_and_ends_all(victim, tmp_path, started):
    running = started("prosody", "--json")
    awaited(tmp_path, "hotel.toml")
    os.kill(awaited(tmp_path, victim), signal.SIGKILL)
    output = running.communicate(timeout=30)[0].decode()
    assert running.returncode == 1
    assert "ended unexpectedly" in output
    assert "Traceback" not in output
    assert left_nothing(tmp_path)


def test_a_folder_of_ones_own_is_made_private_and_removed(tmp_path, started):
    folder = tmp_path / "mine"
    running = started("prosody", "--json", "--folder", str(folder))
    awaited(tmp_path, "hotel.toml")
    assert folder.stat().st_mode & 0o777 == 0o700
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert left_nothing(tmp_path)


def test_a_folder_that_exists_is_refused_and_kept(tmp_path, started):
    (tmp_path / "precious").touch()
    running = started("prosody", "--folder", str(tmp_path))
    output = running.communicate(timeout=30)[0].decode()
    assert running.returncode == 2
    assert "--folder" in output
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
