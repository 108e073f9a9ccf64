"""Edits of a function's source for a while: the code itself knows nothing of them."""

import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any


@dataclass(frozen=True)
class Edit:
    """One change of one function.

    Args:
        owner: the class or module that has it.
        name: of the function.
        old: text that stands in its source, once; or its last one is meant.
        new: text that stands there instead.
        last: whether the last one is meant.
    """

    owner: type | ModuleType
    name: str
    old: str
    new: str
    last: bool = False


@contextmanager
def edited(edit: Edit) -> Iterator[None]:
    """Replace a function by its edited twin, wherever it was imported to.

    Raises:
        ValueError: the text that is replaced does not stand there, or more than once.
    """
    original = vars(edit.owner)[edit.name]
    twin = _twin(original, edit)
    twin.source = _edited_source(original, edit)
    places = list(_places(original, edit))
    for place, name in places:
        setattr(place, name, twin)
    try:
        yield
    finally:
        for place, name in places:
            setattr(place, name, original)


def _places(original: Any, edit: Edit) -> Iterator[tuple[Any, str]]:
    yield edit.owner, edit.name
    if isinstance(edit.owner, ModuleType):
        for name, module in list(sys.modules.items()):
            is_ours = name.startswith("xmpp_cem.") and module is not edit.owner
            if is_ours and vars(module).get(edit.name) is original:
                yield module, edit.name


def _edited_source(original: Any, edit: Edit) -> str:
    source = getattr(original, "source", None) or inspect.getsource(original)
    count = source.count(edit.old)
    if not count or (count > 1 and not edit.last):
        raise ValueError(f"{edit.name} has {edit.old!r} {count} times")
    before, _, after = source.rpartition(edit.old)
    return f"{before}{edit.new}{after}"


def _twin(original: FunctionType, edit: Edit) -> Any:
    code = compile(textwrap.dedent(_edited_source(original, edit)), f"<{edit.name}>", "exec")
    made: dict[str, Any] = {}
    exec(code, original.__globals__, made)  # noqa: S102 our own source, edited by our own tests
    return made[edit.name]
