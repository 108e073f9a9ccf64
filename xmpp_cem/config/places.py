"""Where in a configuration file a fault lies, and which keys are known there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

HIDDEN = frozenset({"simulated"})
"""Fields that group a driver's keys in the model and not in the file."""


@dataclass(frozen=True)
class Place:
    """A key of the file.

    Args:
        name: the key with the tables around it, such as `lower.members[0].party`.
        key: the key alone.
        known: the keys that its table knows.
        description: what the key means, when it is known.
        tags: the roles or kinds that may stand there.
    """

    name: str
    key: str
    known: tuple[str, ...]
    description: str
    tags: tuple[str, ...]


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from models(inner)


def tag_of(model: type[BaseModel]) -> str:
    """Return the `role` or `kind` by which a section is told apart, or nothing."""
    for key in ("role", "kind"):
        if key in model.model_fields:
            return str(get_args(model.model_fields[key].annotation)[0])
    return ""


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a section as they stand in the file."""
    return tuple(key for key in model.model_fields if key not in HIDDEN)


def place(root: Any, loc: Sequence[int | str]) -> Place:
    """Return where pydantic's `loc` points to in the file; tags of unions are left out."""
    name, key, description = "", "", ""
    here, inside = list(models(root)), list(models(root))
    for part in loc:
        if isinstance(part, int):
            name += f"[{part}]"
            continue
        tagged = [model for model in inside if tag_of(model) == part]
        if tagged:
            here = inside = tagged
            continue
        here, key = inside, part
        field = next((m.model_fields[part] for m in here if part in m.model_fields), None)
        if part not in HIDDEN:
            name = f"{name}.{part}".lstrip(".")
        inside = list(models(field.rebuild_annotation())) if field else []
        description = (field.description or "") if field else ""
    known = tuple(dict.fromkeys(k for model in here for k in keys_of(model)))
    return Place(name, key, known, description, tuple(tag_of(model) for model in inside))
