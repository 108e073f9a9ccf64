import json
import signal
import subprocess
import sys

import pytest

from xmpp_cem.simulation import soak


@pytest.mark.slow
def test_a_short_soak_keeps_every_control_and_knows_every_reading(monkeypatch, tmp_path, capsys):
    file = tmp_path / "figures.json"
    arguments = ["--seconds", "6", "--controls", "2", "--readings", "6", "--json", str(file)]
    monkeypatch.setattr("sys.argv", ["scripts/soak", *arguments])
    assert soak.main() == 0
    figures = json.loads(file.read_text())
    assert figures["controls"] == {"OK": 12}
    assert figures["committed"] == {"site-0": 6, "site-1": 6}
    assert figures["readings"] >= 6 * 6
    assert all(blocks > 10_000 for _, blocks in figures["blocks"])
    assert (figures["lost"], figures["behind"]) == (0, {})
    assert "0 lost" in capsys.readouterr().out


@pytest.mark.slow
def test_a_soak_that_is_interrupted_tells_what_it_has_seen(tmp_path):
    file = tmp_path / "figures.json"
    arguments = ["--seconds", "36000", "--controls", "1", "--readings", "2", "--json", str(file)]
    command = [sys.executable, "-m", "xmpp_cem.simulation.soak", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as soaking:
        assert "120 controls" in soaking.stderr.readline()
        soaking.send_signal(signal.SIGINT)
        soaking.communicate(timeout=120)
    assert soaking.returncode == 0
    figures = json.loads(file.read_text())
    assert 120 <= figures["virtual_s"] < 36000
    assert figures["controls"] == {"OK": figures["virtual_s"]}
    assert sum(figures["committed"].values()) == figures["virtual_s"]
    assert (figures["lost"], figures["behind"]) == (0, {})


def test_growth_is_the_slope_after_warming_up():
    figures = soak.Figures(soak.Load(), seconds=900)
    figures.rss = [(30, 10.0), (60, 90.0), *((at, 100 + at / 360) for at in range(300, 900, 30))]
    figures.blocks = [(at, 1000 + at) for at in range(0, 900, 30)]
    assert round(figures.growth, 3) == 10.0
    assert round(figures.block_growth, 3) == 3600


def test_a_control_that_a_site_never_committed_is_lost():
    for aimed, known in ((1, 1), (2, 3), (0, 3)):
        figures = soak.Figures(soak.Load(aimed=aimed))
        figures.controls["OK"] = 3
        figures.committed = {"site-0": known, "site-1": known - 1}
        assert figures.lost == (2 if aimed == 1 else 1)
