import json

import pytest

from xmpp_cem.simulation import __main__ as simulation
from xmpp_cem.simulation import hunt

pytestmark = pytest.mark.slow


def run(module, monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["program", *arguments])
    return module.main()


def test_figures_are_written_for_programs(monkeypatch, tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert run(simulation, monkeypatch, "--seeds", "3", "--first", "5", "--json", str(file)) == 0
    figures = json.loads(file.read_text())
    assert (figures["seeds"], figures["first"], figures["failures"]) == (3, 5, [])
    assert figures["crashes"] >= 3
    assert figures["steps"] >= 60
    assert figures["fewest_steps"] >= 20
    assert figures["fewest_crashes"] >= 1
    assert set(figures) >= {"seconds", "faults", "crash_points"}
    assert "0 failed" in capsys.readouterr().out


def test_a_trace_is_told_line_by_line(monkeypatch, capsys):
    assert run(simulation, monkeypatch, "--seeds", "1", "--first", "7", "--trace") == 0
    told = capsys.readouterr().out
    assert "KILLED" in told
    assert "hash of the trace" in told


def test_a_hunt_says_which_promise_broke_and_when(monkeypatch, tmp_path):
    file = tmp_path / "figures.json"
    assert run(hunt, monkeypatch, "--only", "no re-ack", "--json", str(file)) == 0
    (catch,) = json.loads(file.read_text())["mutants"]
    assert catch["caught"]
    assert catch["seeds_needed"] >= 1
    assert catch["promise"]


def test_no_seeds_at_all_are_refused(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(simulation, monkeypatch, "--seeds", "0")
    assert "--seeds needs a number from 1 on" in capsys.readouterr().err
