"""Writes configuration files for the agents that tests and measurements start."""

import json
from typing import Any


def toml(config: dict[str, Any]) -> str:
    """Write a configuration: JSON's scalars, lists and inline tables are TOML's but for `:`."""
    lines = [f"{key} = {_value(value)}" for key, value in config.items()]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return json.dumps(value)
