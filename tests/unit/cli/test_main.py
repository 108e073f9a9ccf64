import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import Result

Call = Callable[..., Result]


def test_every_command_explains_itself(call: Call):
    said = call("--help").stdout
    for name in ("check", "run", "provision", "members", "watch", "event"):
        assert name in said
        assert call(name, "--help").exit_code == 0


@pytest.mark.parametrize("arguments", [(), ("nix",), ("check",), ("event", "nix")])
def test_wrong_use_is_2(call: Call, arguments: tuple[str, ...]):
    assert call(*arguments).exit_code == 2


@pytest.mark.slow
def test_it_runs_as_a_module_and_fails_without_traceback():
    done = subprocess.run(
        [sys.executable, "-m", "xmpp_cem", "check", "nix.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("nix.toml: file: cannot be read (No such file or directory)")
    assert len(done.stderr.splitlines()) == 1
