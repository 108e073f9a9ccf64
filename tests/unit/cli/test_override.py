import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from xmpp_cem.agents.overriding import OverrideFile
from xmpp_cem.testing.builders import NOW

Call = Callable[..., Result]


def test_an_override_is_kept_shown_and_taken_back(call: Call, folder: Path):
    said = call("override", "ven.toml", "on", "--resource", "car", "--reason", "trip")
    assert (said.exit_code, said.stdout) == (0, "car: overridden until it is taken back (trip)\n")
    (kept,) = OverrideFile.beside(folder / "site.sqlite").read(NOW)
    assert (kept.resource, kept.reason, kept.until) == ("car", "trip", None)
    assert call("override", "ven.toml", "show").stdout == said.stdout
    assert call("override", "ven.toml", "off").stdout == "nothing is overridden\n"
    assert call("override", "ven.toml", "show").stdout == "nothing is overridden\n"


def test_an_override_may_end_by_itself(call: Call):
    said = call("override", "ven.toml", "on", "--for", "2h", "--json")
    (kept,) = json.loads(said.stdout)["overrides"]
    assert kept["resource"] is None
    assert kept["until"] > kept["since"]
    assert "all resources: overridden until 2" in call("override", "ven.toml", "show").stdout
    said = call("override", "ven.toml", "off", "--resource", "car")
    assert (said.exit_code, "without --resource" in said.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vtn.toml", "on"), "only a VEN has devices"),
        (("ven.toml", "on", "--resource", "boat"), "there is no resource boat"),
        (("ven.toml", "off", "--for", "1h"), "belong to on"),
        (("ven.toml", "perhaps"), "perhaps"),
    ],
)
def test_wrong_use_is_told(call: Call, arguments: tuple[str, ...], said: str):
    result = call("override", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_broken_file_is_told_and_can_be_taken_away(call: Call, folder: Path):
    path = OverrideFile.beside(folder / "site.sqlite").path
    path.write_text("{")
    result = call("override", "ven.toml", "show")
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)
    assert call("override", "ven.toml", "off").exit_code == 0
