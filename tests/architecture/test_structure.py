"""The house rules that no other tool checks."""

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

import xmpp_cem

ROOT = Path(xmpp_cem.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.read_text().strip())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT.parent))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_and_says_in_one_sentence_what_it_is_for(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "no docstring"
    first = docstring.split("\n\n")[0]
    assert first.endswith("."), first


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_functions_are_short(path):
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = [
        f"{node.name}: {length}"
        for node in functions
        if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST
    ]
    assert long == []


LONGEST = 45
"""Forty lines of code, and room for a docstring."""


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
