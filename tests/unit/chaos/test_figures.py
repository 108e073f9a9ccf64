"""Figures that add up over runs."""

import json

from xmpp_cem.chaos.figures import Figures, add_to, growth, more_bytes, percentiles
from xmpp_cem.chaos.findings import Findings


def run(seed=1, **changes):
    values = {"rounds": 2, "faults": {"drop": 2}, "recoveries": [1.0, 3.0], "seeds": [[seed, 2]]}
    return Figures(**values | changes)


def test_runs_add_up_by_server_in_one_file(tmp_path):
    path = tmp_path / "chaos.json"
    for server, seed in (("prosody", 1), ("prosody", 2), ("ejabberd", 3)):
        add_to(path, server, run(seed, lost=seed % 2, faults={"drop": 1, "kill-ven": 1}))
    add_to(path, "ejabberd", run(3))
    written = json.loads(path.read_text())
    assert written["prosody"]["rounds"] == 4
    assert written["prosody"]["faults"] == {"drop": 2, "kill-ven": 2}
    assert written["prosody"]["lost"] == 1
    assert written["prosody"]["seeds"] == [[1, 2], [2, 2]]
    assert written["prosody"]["recovery_s"] == {"p50": 2.0, "p99": 3.0, "max": 3.0}
    assert written["ejabberd"]["rounds"] == 4
    assert written["ejabberd"]["seeds"] == [[3, 4]]


def test_anything_found_makes_a_run_bad():
    assert run().is_good
    for kind in ("lost", "duplicated", "disagreements", "unrecovered"):
        figures = run()
        figures.found(Findings(**{kind: ["something"]}))
        assert not figures.is_good, kind


def test_memory_that_grows_all_the_time_makes_a_run_bad():
    assert growth([100] * 40) == 1.0
    assert growth([100 + n for n in range(5)]) == 1.0
    steep = growth([100 * n for n in range(1, 41)])
    assert steep > 2
    assert not run(rss_growth=steep).is_good


def test_files_grow_as_they_do_once_they_have_settled():
    assert more_bytes([1000, 9000]) == 0
    assert more_bytes([0] * 20 + [5000] * 20) == 0
    assert more_bytes([10 * n for n in range(40)]) == 10


def test_percentiles_of_nothing_and_of_one():
    assert percentiles([]) == {}
    assert percentiles([2.0]) == {"p50": 2.0, "p99": 2.0, "max": 2.0}
