import json

import pytest

from xmpp_cem.cli.output import show_error, show_json, show_line, show_table, signed_kw, style_of


@pytest.mark.parametrize(
    ("power_w", "text"), [(None, "-"), (0, "0.0 kW"), (1500, "+1.5 kW"), (-60_000, "-60.0 kW")]
)
def test_a_change_of_power_has_its_sign(power_w: int | None, text: str):
    assert signed_kw(power_w) == text


def test_words_have_colours_and_others_have_none():
    assert style_of("unreachable") == "red"
    assert style_of("site-1") == ""


def test_brackets_are_text(capsys: pytest.CaptureFixture[str]):
    show_line("[red]x[/red]")
    show_table(("a",), [("[bold]y",)])
    show_error("[z]")
    captured = capsys.readouterr()
    assert [line.strip() for line in captured.out.splitlines()] == ["[red]x[/red]", "a", "[bold]y"]
    assert captured.err == "[z]\n"


def test_a_long_line_into_a_pipe_is_not_broken(capsys: pytest.CaptureFixture[str]):
    show_line("x " * 300)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]):
    show_json({"a": "é\n"})
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 1
    assert json.loads(out) == {"a": "é\n"}
