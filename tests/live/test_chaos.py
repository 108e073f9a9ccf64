"""A short seeded run of fault injection on each server, as its users run it."""

import json
import subprocess
import sys

import pytest

from xmpp_cem.testing.server import missing

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(400)]

ROUNDS = 2


@pytest.mark.parametrize("server", ["prosody", "ejabberd"])
def test_a_short_run_finds_nothing_wrong(server, tmp_path, monkeypatch):
    if missing(server):
        pytest.skip(missing(server))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    figures = tmp_path / "chaos.json"
    chosen = ("kill-gateway", "drop", "replay-item", "restore-ven")
    only = [word for name in chosen for word in ("--only", name)]
    options = ["--rounds", str(ROUNDS), "--seed", "1", "--json", str(figures), *only]
    command = [sys.executable, "-m", "xmpp_cem.chaos", "--server", server, *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    counted = json.loads(figures.read_text())[server]
    assert counted["rounds"] == ROUNDS
    assert counted["controls"] >= 2 * ROUNDS  # some rounds have a limit too
    assert counted["fates"]["accepted"] > 0
    assert counted["readings"] > 10 * ROUNDS
    assert sum(counted["faults"].values()) >= ROUNDS
    assert counted["failures"] == []
    assert list(tmp_path.glob("xmpp-cem-chaos-*")) == []


def test_a_server_that_is_unknown_is_wrong_use():
    command = [sys.executable, "-m", "xmpp_cem.chaos", "--server", "openfire"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
