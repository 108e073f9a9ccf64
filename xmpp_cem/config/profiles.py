"""Payload profiles by name."""

from xmpp_cem.config.plugins import load_plugin
from xmpp_cem.wire.profile import Profile

GROUP = "xmpp_cem.profiles"
"""The entry points that name profiles; each is a `Profile`."""


def load_profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        ConfigError: naming the known ones when there is none, the fault when it cannot be loaded.
    """
    return load_plugin(GROUP, Profile, "profile", name)
