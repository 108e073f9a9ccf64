"""The house rules that no other tool checks."""

import ast
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import xmpp_cem

ROOT = Path(xmpp_cem.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.read_text().strip())


MOST_LINES = 300


LONGEST = 45
"""Forty lines of code, and room for a docstring."""


def faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a module's size and with what it says of itself."""
    tree = ast.parse(text)
    lines, docstring = len(text.splitlines()), ast.get_docstring(tree)
    if lines > MOST_LINES:
        yield f"{lines} lines"
    if not (docstring or "").split("\n\n")[0].endswith("."):
        yield "does not say in one sentence what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > LONGEST:
                yield f"{node.name} has {length} lines"


def test_modules_and_functions_are_short_and_say_what_they_are_for():
    found = [
        f"{path.relative_to(ROOT.parent)}: {fault}"
        for path in MODULES
        for fault in faults(path.read_text())
    ]
    assert found == []
    assert len(MODULES) > 100


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('"""What it is for."""\n' + "x = 1\n" * 300, "301 lines"),
        ("x = 1\n", "does not say"),
        ('"""No sentence"""\n', "does not say"),
        ('"""A module."""\n\ndef f():\n' + "    x = 1\n" * 45, "f has 46 lines"),
    ],
)
def test_a_fault_of_structure_is_found(text, fault):
    (found,) = faults(text)
    assert fault in found


def test_public_names_are_exported():
    assert all(getattr(xmpp_cem, public) is not None for public in xmpp_cem.__all__)
    with pytest.raises(AttributeError):
        _ = xmpp_cem.Nothing


def test_every_package_stands_in_the_layers():
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = " | ".join(next(c["layers"] for c in contracts if c["type"] == "layers")).split(" | ")
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert packages <= set(layers)
    assert all(importlib.import_module(f"xmpp_cem.{layer}") for layer in layers)
