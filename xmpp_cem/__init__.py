"""Demand response and distributed energy over XMPP (IEC TS 62746-3): the public names."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xmpp_cem.agents.application import OptIn, OptOut
    from xmpp_cem.agents.ven import Ven
    from xmpp_cem.model.control import Sample, SetPoint
    from xmpp_cem.model.event import Event

__all__ = ["Event", "OptIn", "OptOut", "Sample", "SetPoint", "Ven"]

_PLACES = {
    "Event": "xmpp_cem.model.event",
    "OptIn": "xmpp_cem.agents.application",
    "OptOut": "xmpp_cem.agents.application",
    "Sample": "xmpp_cem.model.control",
    "SetPoint": "xmpp_cem.model.control",
    "Ven": "xmpp_cem.agents.ven",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that commands which need none start fast."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
