"""Reads a configuration file; every fault is told as a sentence with its remedy."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from xmpp_cem.config.places import Place, place
from xmpp_cem.config.roles import Config
from xmpp_cem.drivers.settings import FOLDER
from xmpp_cem.errors import ConfigError


def load(path: Path) -> Config:
    """Read and check a configuration file without connecting.

    Args:
        path: TOML; relative paths inside start at its folder.

    Raises:
        ConfigError: one line per fault, each with file, field, reason and remedy.
    """
    data = _parsed(path)
    adapter: TypeAdapter[Config] = TypeAdapter(Config)
    try:
        return adapter.validate_python(data, context={FOLDER: path.absolute().parent})
    except ValidationError as error:
        faults = error.errors(include_url=False)
        lines = (f"{path}: {_sentence(_plain(fault, data))}" for fault in faults)
        raise ConfigError("\n".join(lines)) from None


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: file: cannot be read ({error.strerror}); check the path and its rights"
        ) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are two
        raise ConfigError(f"{path}: file: is not TOML: {error}; correct that line") from error


def _plain(fault: ErrorDetails, data: dict[str, Any]) -> ErrorDetails:
    """Return a fault without the number of a table that the file has once, as a table."""
    loc = fault["loc"]
    is_alone = len(loc) > 2 and loc[2] == 0 and isinstance(data.get(str(loc[1])), dict)  # noqa: PLR2004 role, key, number
    return {**fault, "loc": (*loc[:2], *loc[3:])} if is_alone else fault


def _sentence(fault: ErrorDetails) -> str:
    where = place(Config, fault["loc"])
    match fault["type"]:
        case "union_tag_not_found":
            return f"{_tagged(where, fault)}: is missing; add one of {_choices(where)}"
        case "union_tag_invalid":
            given = fault["ctx"]["tag"]
            return f"{_tagged(where, fault)}: {given!r} is unknown; use one of {_choices(where)}"
        case "extra_forbidden":
            return f"{where.name}: unknown key; {_nearest(where)}"
        case "missing":
            return f"{where.name}: is missing; add it ({where.description or 'it has no default'})"
        case _:
            return f"{where.name or 'file'}: {_reason(fault)}"


def _reason(fault: ErrorDetails) -> str:
    """Return pydantic's text as reason and remedy; our own texts already have both."""
    if fault["type"] == "value_error":
        text = str(fault["ctx"]["error"])
        return text if ";" in text else f"{text}; correct it"
    reason = fault["msg"][:1].lower() + fault["msg"][1:]
    given = "" if isinstance(fault["input"], dict | list) else f" and not {fault['input']!r}"
    return f"{reason}{given}; correct it"


def _nearest(where: Place) -> str:
    near = difflib.get_close_matches(where.key, where.known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(where.known)}"


def _tagged(where: Place, fault: ErrorDetails) -> str:
    """Return the name of the key that tells unions apart."""
    tag = str(fault["ctx"]["discriminator"]).strip("'")
    return f"{where.name}.{tag}" if where.name else tag


def _choices(where: Place) -> str:
    return ", ".join(where.tags)
