from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from xmpp_cem.agents.lasting import Last, LastsFile
from xmpp_cem.store.lockfile import take_lock
from xmpp_cem.testing.builders import NOW, at

Call = Callable[..., Result]


@pytest.mark.parametrize("command", ["commission", "leave"])
def test_only_a_ven_has_devices(call: Call, command: str):
    result = call(command, "gateway.toml")
    assert result.exit_code == 2
    assert "gateway" in result.stderr


def test_an_unknown_resource_is_refused_with_the_known_ones(call: Call):
    result = call("commission", "ven.toml", "--resource", "pump")
    assert result.exit_code == 2
    assert "car" in result.stderr


def test_nobody_leaves_while_the_agent_runs(call: Call, folder: Path):
    take_lock(folder / "site.sqlite")
    result = call("leave", "ven.toml")
    assert result.exit_code == 1
    assert "in use by another process" in result.stderr


def test_a_box_that_has_never_run_says_so(call: Call):
    assert "nothing is known yet" in call("commission", "ven.toml", "--status").stdout


def test_the_last_successes_are_told_without_a_network_and_while_the_agent_runs(
    call: Call, folder: Path
):
    take_lock(folder / "site.sqlite")
    lasts = {
        "TCP": Last(success=NOW, failure=at(60), reason="refused"),
        "driver car": Last(success=at(60)),
    }
    LastsFile.beside(folder / "site.sqlite").write(lasts)
    told = call("commission", "ven.toml", "--status").stdout
    tcp, car = (line.split() for line in told.splitlines()[1:3])
    assert ("failing" in tcp, tcp[-1]) == (True, "refused")
    assert "ok" in car
    assert "2026-01-15" in told


def test_a_customers_override_is_left_alone(call: Call):
    assert call("override", "ven.toml", "on").exit_code == 0
    result = call("commission", "ven.toml", "--offline")
    assert result.exit_code == 0
    assert "the customer has taken it back" in result.stdout
    assert "not every device could be tried" in result.stdout
