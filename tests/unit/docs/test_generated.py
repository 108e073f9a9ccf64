"""The pages that scripts/docs writes are those of this code."""

from pathlib import Path

import pytest

from xmpp_cem.config.profiles import load_profile
from xmpp_cem.core.life.life import Cause, State
from xmpp_cem.core.reference import cascade, failsafe, life_cycle
from xmpp_cem.core.ven.site.failsafe import Mode, Sign
from xmpp_cem.wire.message_page import page as messages
from xmpp_cem.wire.reference import losses, models, vectors

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
TEMPLATE = ROOT / "docs" / "reference" / "messages.template"
PROFILES = ("iec61968-9", "openadr-2.0b")


def page(name):
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("messages", lambda: messages(TEMPLATE.read_text(encoding="utf-8"), VECTORS)),
        ("models", models),
        ("vectors", lambda: vectors(VECTORS)),
        ("profiles", lambda: losses(map(load_profile, PROFILES))),
        ("event-life-cycle", life_cycle),
        ("failsafe", failsafe),
        ("cascade", cascade),
    ],
)
def test_a_generated_page_is_fresh(name, write):
    assert page(name) == write(), "run scripts/docs"


def test_every_field_of_every_message_is_there():
    text = models()
    for name in ("wants_async", "state_of_charge_permille", "keeps_sequence", "report_every_s"):
        assert f"| `{name}` |" in text
    assert "## EndDeviceControls" in text
    assert text.count("## Header\n") == 1


def test_every_loss_of_a_profile_is_told():
    text = page("profiles")
    for profile in map(load_profile, PROFILES):
        for loss in profile.losses:
            assert loss.field.replace("|", "\\|") in text


@pytest.mark.parametrize(
    ("write", "title", "rows", "columns"),
    [
        (life_cycle, "## Every state and cause", Cause, State),
        (failsafe, "## Every mode and sign", Sign, Mode),
    ],
)
def test_a_table_of_states_is_told_whole(write, title, rows, columns):
    matrix = write().partition(title)[2].partition("\n## ")[0]
    lines = [line for line in matrix.splitlines() if line.startswith("| ")][1:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == list(rows)
    assert {line.count(" | ") for line in lines} == {len(columns)}
