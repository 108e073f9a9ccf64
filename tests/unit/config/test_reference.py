from pathlib import Path

from xmpp_cem.config.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"


def test_the_reference_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/docs"


def test_every_key_has_a_meaning_or_a_unit_in_its_name():
    bare = [
        line for line in page().splitlines() if line.startswith("| `") and line.endswith("|  |")
    ]
    units = ("_w`", "_wh`", "_percent`", "kind`", "phases`")
    assert [row for row in bare if not row.split(" |")[0].endswith(units)] == []


def test_bounds_defaults_and_links_are_told():
    text = page()
    assert "| `heartbeat` | duration, 10 s to 300 s | `PT60S` | How often" in text
    assert "| `lower` | [Lower](#lower) | required |" in text
    assert "| `password_file` | path of a secret file |  | File with" in text
    assert "| `allow_scram_sha1` | true or false | `false` |" in text
