from pathlib import Path

from xmpp_cem.cli.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "commands.md"


def test_the_reference_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/docs"


def test_every_option_has_a_meaning_and_a_value():
    rows = [line for line in page().splitlines() if line.startswith("| `--")]
    assert rows
    assert [row for row in rows if "None" in row or row.endswith("|  |")] == []
