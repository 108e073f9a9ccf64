from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

Call = Callable[..., Result]


def test_an_operator_does_not_run(call: Call):
    result = call("run", "operator.toml")
    assert result.exit_code == 2
    assert result.stderr.endswith("an operator does not run; use event, members or watch\n")


def test_a_ven_without_resources_does_not_run(call: Call, folder: Path):
    path = folder / "ven.toml"
    path.write_text(path.read_text().split("[[resources]]")[0])
    result = call("run", "ven.toml")
    assert result.exit_code == 2
    assert result.stderr == "ven.toml: resources: there are none; add a [[resources]] table\n"


def test_an_unknown_level_is_wrong_use(call: Call):
    assert call("run", "vtn.toml", "--level", "LOUD").exit_code == 2
