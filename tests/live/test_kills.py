"""A gateway that is killed at a boundary of a saga, on each server, changes nothing in the end."""

import json
import subprocess
import sys

import pytest

from xmpp_cem.testing.server import missing

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("server", ["prosody", "ejabberd"])
def test_a_gateway_killed_at_one_boundary_in_twenty_changes_nothing(server, tmp_path, monkeypatch):
    """Of the act that has everything but an end of its own; `scripts/kills` plays all of both."""
    if missing(server):
        pytest.skip(missing(server))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    figures = tmp_path / "kills.json"
    options = ["--act", "changed", "--every", "20", "--trees", "4", "--pace", "4"]
    command = [sys.executable, "-m", "xmpp_cem.kills", "--server", server, *options]
    ended = subprocess.run(
        [*command, "--json", str(figures)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    act = json.loads(figures.read_text())[server]["changed"]
    assert act["failures"] == {}
    assert act["killed"] > 5
    assert act["killed"] + len(act["not_reached"]) == act["boundaries"]
    assert list(tmp_path.glob("xmpp-cem-kills-*")) == []


def test_a_server_that_is_unknown_is_wrong_use():
    command = [sys.executable, "-m", "xmpp_cem.kills", "--server", "openfire"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
