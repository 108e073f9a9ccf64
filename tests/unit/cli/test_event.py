from collections.abc import Callable

import pytest
from typer.testing import Result

Call = Callable[..., Result]

ID = "0b0f9a0e-6a8c-4c52-8b1a-0d6d4c3c9a11"
TIMES = ("--in", "10s", "--for", "60s")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("operator.toml", *TIMES), "give exactly one of --power"),
        (("operator.toml", "--power", "-60", *TIMES), "write it with W, kW or MW"),
        (("operator.toml", "--power", "-60kW", "--for", "60s"), "exactly one of --in and --start"),
        (("operator.toml", "--power", "-60kW", "--in", "10s"), "Missing option '--for'"),
        (("operator.toml", "--reduce", "-6kW", *TIMES), "is not above 0"),
        (
            ("operator.toml", "--power", "-6kW", "--start", "2020-01-01T00:00:00Z", "--for", "1h"),
            "would already be over",
        ),
        (
            ("operator.toml", "--power", "-6kW", *TIMES, "--answer-within", "5m"),
            "would be due after",
        ),
        (("operator.toml", "--power", "-6kW", *TIMES, "--id", "x"), "valid UUID"),
        (("operator.toml", "--power", "-6kW", *TIMES, "--mode", "fast"), "fast"),
        (("operator.toml", "--power", "-6kW", *TIMES, "--randomise", "31m"), "30m at most"),
        (("operator.toml", "--power", "-6kW", *TIMES, "--priority", "256"), "priority"),
    ],
)
def test_wrong_use_of_create_is_told_before_connecting(
    call: Call, arguments: tuple[str, ...], said: str
):
    result = call("event", "create", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "vtn.toml", "--power", "-60kW", *TIMES),
        ("change", "vtn.toml", ID, "--for", "60s"),
        ("cancel", "vtn.toml", ID),
        ("show", "vtn.toml"),
    ],
)
def test_commands_need_an_operators_file(call: Call, arguments: tuple[str, ...]):
    result = call("event", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "vtn.toml: role: is vtn; this command needs a file with role operator\n"
    )


def test_cancel_needs_a_uuid(call: Call):
    assert call("event", "cancel", "operator.toml", "x").exit_code == 2


def test_a_change_says_what_is_to_change(call: Call):
    result = call("event", "change", "operator.toml", ID)
    assert result.exit_code == 2
    assert "say what is to change" in " ".join(result.stderr.split())
