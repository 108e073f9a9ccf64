"""Every task that our code starts has a name and somebody who looks after it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import xmpp_cem

ROOT = Path(xmpp_cem.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "create_task" in path.read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT.parent))


def starts(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Yield every mention of what starts a task."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "create_task":
            yield node


def is_a_loop(node: ast.expr) -> bool:
    """Whether it is asyncio, or a loop, which both look after no task; a group does."""
    return ast.unparse(node) in {"asyncio", "loop", "self._loop", "asyncio.get_running_loop()"}


def faults(tree: ast.AST) -> list[str]:
    """Return what is wrong with how tasks are started in a module."""
    calls = {node.func: node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    dropped = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for start in starts(tree):
        call = calls.get(start)
        if call is None:
            found.append(f"{start.lineno}: passed on, so that nobody sees what is started")
        elif not any(word.arg == "name" for word in call.keywords):
            found.append(f"{start.lineno}: a task without a name")
        elif is_a_loop(start.value) and call in dropped:
            found.append(f"{start.lineno}: a task that nobody looks after")
    return found


def hides(node: ast.ImportFrom) -> bool:
    return not {alias.name for alias in node.names}.isdisjoint({"create_task", "ensure_future"})


def test_tasks_are_named_and_owned():
    found = [
        f"{name(path)}: {fault}"
        for path in MODULES
        for fault in faults(ast.parse(path.read_text()))
    ]
    assert found == []
    assert MODULES


def test_nothing_else_starts_a_task():
    """`ensure_future` gives no name, and `from asyncio import` would hide the start."""
    mentions = [
        f"{name(path)}: {node.lineno}"
        for path in ROOT.rglob("*.py")
        if any(word in path.read_text() for word in ("ensure_future", "from asyncio"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr == "ensure_future")
        or (isinstance(node, ast.ImportFrom) and node.module == "asyncio" and hides(node))
    ]
    assert mentions == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("task = asyncio.create_task(work())", "a task without a name"),
        ("asyncio.create_task(work(), name='x')", "a task that nobody looks after"),
        ("loop.create_task(work(), name='x')", "a task that nobody looks after"),
        ("start = asyncio.create_task", "passed on"),
    ],
)
def test_a_task_that_is_lost_is_found(code, fault):
    (found,) = faults(ast.parse(code))
    assert fault in found


def test_a_task_of_a_group_needs_only_a_name():
    assert faults(ast.parse("group.create_task(work(), name='x')")) == []
