"""Payload profiles by name: those of the project, and those of other installed packages."""

from importlib.metadata import entry_points

from xmpp_cem.errors import ConfigError
from xmpp_cem.wire.profile import Profile

GROUP = "xmpp_cem.profiles"
"""The entry points that name profiles; each is a `Profile`."""


def load_profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        ConfigError: naming the known ones when there is none, the fault when it cannot be loaded.
    """
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in known:
        names = ", ".join(sorted(known)) or "none, install the package xmpp-cem"
        raise ConfigError(f"profile: {name!r} is unknown; use one of {names}")
    place = known[name].value
    try:
        profile = known[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"profile: {name!r} cannot be loaded ({error}); repair {place}"
        ) from error
    if not isinstance(profile, Profile):
        raise ConfigError(f"profile: {name!r} is no Profile; correct the entry point {place}")
    return profile
