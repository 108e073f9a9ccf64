"""Allocations by name."""

from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.config.plugins import load_plugin

GROUP = "xmpp_cem.allocations"
"""The entry points that name allocations; each is an `Allocation`."""


def load_allocation(name: str) -> Allocation:
    """Return the allocation of that name.

    Raises:
        ConfigError: naming the known ones when there is none, the fault when it cannot be loaded.
    """
    return load_plugin(GROUP, Allocation, "allocation", name)
