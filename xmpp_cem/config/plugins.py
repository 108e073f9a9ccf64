"""Values by name from entry points: those of the project, and those of other installed packages."""

from importlib.metadata import entry_points
from typing import TypeVar

from xmpp_cem.errors import ConfigError

Plugin = TypeVar("Plugin")


def load_plugin(group: str, kind: type[Plugin], key: str, name: str) -> Plugin:
    """Return the value of that name.

    Args:
        group: the entry points to look in.
        kind: what the value has to be.
        key: the configuration's key, for the error.
        name: the configuration's choice.

    Raises:
        ConfigError: naming the known ones when there is none, the fault when it cannot be loaded.
    """
    known = {entry.name: entry for entry in entry_points(group=group)}
    if name not in known:
        names = ", ".join(sorted(known)) or "none, install the package xmpp-cem"
        raise ConfigError(f"{key}: {name!r} is unknown; use one of {names}")
    place = known[name].value
    try:
        plugin = known[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{key}: {name!r} cannot be loaded ({error}); repair {place}") from error
    if not isinstance(plugin, kind):
        raise ConfigError(f"{key}: {name!r} is no {kind.__name__}; correct the entry point {place}")
    return plugin
