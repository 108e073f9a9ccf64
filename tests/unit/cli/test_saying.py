import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from xmpp_cem.agents.word import WordFile

Call = Callable[..., Result]


def word(folder: Path):
    return WordFile.beside(folder / "site.sqlite").read()


def test_a_consent_is_withdrawn_shown_and_given_again(call: Call, folder: Path):
    assert call("consent", "ven.toml", "show").stdout == "no consent was given here\n"
    said = call("consent", "ven.toml", "withdraw", "peak", "--resource", "car")
    assert (said.exit_code, "peak: withdrawn for car at " in said.stdout) == (0, True)
    call("consent", "ven.toml", "give", "peak", "--resource", "car", "--version", "2")
    (kept,) = word(folder).consents
    assert (kept.resource, kept.consent.is_given, kept.consent.version) == ("car", True, 2)


def test_an_opt_schedule_is_added_and_taken_away(call: Call, folder: Path):
    said = call(
        *("opt", "ven.toml", "add", "weekend", "--answer", "no", "--start", "2026-01-31T08:00:00"),
        *("--for", "12h", "--rule", "FREQ=WEEKLY;BYDAY=SA,SU", "--zone", "Europe/Berlin"),
        *("--resource", "car", "--reason", "trip"),
    )
    assert (said.exit_code, said.stderr) == (0, "")
    (kept,) = word(folder).calendars
    assert (kept.schedule.duration_s, kept.schedule.resources) == (43_200, ("car",))
    assert "weekend: opted-out for car" in said.stdout
    said = call("opt", "ven.toml", "remove", "weekend", "--json")
    assert json.loads(said.stdout)["calendars"] == [{"name": "weekend", "schedule": None}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("consent", "vtn.toml", "show"), "only a VEN has a customer"),
        (("consent", "ven.toml", "withdraw"), "needs the programme"),
        (("consent", "ven.toml", "give", "peak", "--resource", "boat"), "no resource boat"),
        (("opt", "ven.toml", "add"), "needs a name"),
        (("opt", "ven.toml", "add", "x", "--answer", "no", "--for", "1h"), "--start"),
        (
            (
                *("opt", "ven.toml", "add", "x", "--answer", "no", "--for", "1h"),
                *("--start", "2026-01-31T08:00:00", "--rule", "FREQ=SECONDLY"),
            ),
            "--rule",
        ),
    ],
)
def test_wrong_use_is_told(call: Call, arguments: tuple[str, ...], said: str):
    result = call(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
