"""Where in a configuration file a fault lies, and which keys are known there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from xmpp_cem.config.drivers import driver_names, load_driver
from xmpp_cem.config.resources import ResourceConfig

HIDDEN = frozenset({"settings"})
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
        field = model.model_fields.get(key)
        if field is not None and get_origin(field.annotation) is Literal:
            return str(get_args(field.annotation)[0])
    return ""


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a section as they stand in the file."""
    return tuple(key for key in model.model_fields if key not in HIDDEN)


def place(root: Any, loc: Sequence[int | str]) -> Place:
    """Return where pydantic's `loc` points to in the file; tags and drivers are left out."""
    name, key, description = "", "", ""
    here, inside = list(models(root)), list(models(root))
    for part in loc:
        if isinstance(part, int):
            name += f"[{part}]"
            continue
        tagged = _narrowed(inside, part)
        if tagged:
            here = inside = tagged
            continue
        here, key = inside, part
        field = next((m.model_fields[part] for m in here if part in m.model_fields), None)
        name = f"{name}.{part}".lstrip(".")
        inside = list(models(field.rebuild_annotation())) if field else []
        description = (field.description or "") if field else ""
    known = tuple(dict.fromkeys(k for model in here for k in keys_of(model)))
    return Place(name, key, known, description, tuple(tag_of(model) for model in inside))


def _narrowed(inside: list[type[BaseModel]], part: str) -> list[type[BaseModel]]:
    """Return the sections that a tag or a driver's name chooses, nothing if it is neither."""
    if inside == [ResourceConfig] and part in driver_names():
        return list(models(load_driver(part).settings))
    return [model for model in inside if tag_of(model) == part]
