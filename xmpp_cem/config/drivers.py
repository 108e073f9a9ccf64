"""Drivers by name: those of the project, and those of other installed packages."""

from importlib.metadata import EntryPoint, entry_points

from xmpp_cem.drivers.plugin import DriverPlugin
from xmpp_cem.errors import ConfigError

GROUP = "xmpp_cem.drivers"
"""The entry points that name drivers; each is a `DriverPlugin`."""

_OWN = "xmpp-cem"


def driver_names(*, only_own: bool = False) -> tuple[str, ...]:
    """Return the names of all installed drivers, or of the project's own ones, in order."""
    return tuple(sorted(n for n, e in _known().items() if not only_own or _is_own(e)))


def load_driver(name: str) -> DriverPlugin:
    """Return the plug-in of that name, whether or not the packages that it needs are there.

    Raises:
        ConfigError: naming the known ones when there is none, the fault when it cannot be loaded.
    """
    known = _known()
    if name not in known:
        names = ", ".join(sorted(known)) or "none, install the package xmpp-cem"
        raise ConfigError(f"{name!r} is unknown; use one of {names}")
    place = known[name].value
    try:
        plugin = known[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{name!r} cannot be loaded ({error}); repair {place}") from error
    if not isinstance(plugin, DriverPlugin):
        raise ConfigError(f"{name!r} is no DriverPlugin; correct the entry point {place}")
    return plugin


def usable_driver(name: str) -> DriverPlugin:
    """Return the plug-in of that name, ready to be built.

    Raises:
        ConfigError: as `load_driver`, and where a package is missing, with the command to run.
    """
    plugin = load_driver(name)
    if plugin.missing:
        raise ConfigError(
            f"{name!r} needs the package {plugin.missing}; run: pip install '{plugin.install}'"
        )
    return plugin


def _known() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _is_own(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == _OWN
