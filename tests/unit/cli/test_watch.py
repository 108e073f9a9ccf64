from collections.abc import Callable

import pytest
from typer.testing import Result

Call = Callable[..., Result]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ven.toml",), "role: is ven"),
        (("operator.toml", "--for", "10"), "write it as 10s, 5m, 1h30m"),
        (("operator.toml", "--for"), "requires an argument"),
    ],
)
def test_wrong_use_is_told_before_connecting(call: Call, arguments: tuple[str, ...], said: str):
    result = call("watch", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("command", [("watch",), ("members",), ("provision",), ("event", "show")])
def test_an_unknown_domain_is_told_before_connecting(call: Call, command: tuple[str, ...]):
    result = call(*command, "operator.toml", "--domain", "nix")
    assert result.exit_code == 2
    assert result.stderr == "there is no domain nix; choose one of grid\n"
