from collections.abc import Callable

import pytest
from typer.testing import Result

from xmpp_cem.cli.provision import _show
from xmpp_cem.messages.operations import NodeEntry

Call = Callable[..., Result]


def test_a_ven_has_no_nodes(call: Call):
    result = call("provision", "ven.toml")
    assert result.exit_code == 2
    assert result.stderr == ("ven.toml: role: a VEN has no nodes; give the file of its VTN\n")


def test_drift_is_shown_field_by_field(capsys: pytest.CaptureFixture[str]):
    drift = ("pubsub#access_model is open, must be whitelist",)
    _show(
        [
            NodeEntry(name="a", was_created=True),
            NodeEntry(name="b"),
            NodeEntry(name="c", drift=drift),
            NodeEntry(name="d", drift=drift, was_repaired=True),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "a: created",
        "b: as it must be",
        "c: is not as it must be",
        "  pubsub#access_model is open, must be whitelist",
        "d: repaired",
        "  pubsub#access_model is open, must be whitelist",
    ]
