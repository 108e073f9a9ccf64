"""What an event asks of a party: of which capability, how many watts, and why that cannot be."""

from xmpp_cem.core.allocation import share
from xmpp_cem.core.records import Confirmed
from xmpp_cem.model.event import Event
from xmpp_cem.model.resource import Capability, ResourceState
from xmpp_cem.model.signal import Delta, Share


def basis_capability(confirmed: tuple[Confirmed, ...], event: Event) -> Capability | None:
    """Return the capability that a relative signal refers to; all others refer to the newest."""
    if not isinstance(event.signal, Share):
        return confirmed[-1].capability if confirmed else None
    basis = event.signal.basis
    return next((c.capability for c in reversed(confirmed) if c.at <= basis), None)


def meant(event: Event, capability: Capability) -> Capability:
    """Return the capability of those resources alone that an event is meant for."""
    resources = (r for r in capability.resources if event.targets.mean(r.id, r.kind))
    return capability.model_copy(update={"resources": tuple(resources)})


def asked_power(event: Event, capability: Capability) -> int:
    """Return the change of power asked of this party, absolute and signed, in W; 0 for none."""
    able = meant(event, capability)
    match event.signal:
        case Delta(power_w=power_w):
            return power_w
        case Share(direction="decrease", multiplier=multiplier):
            return -share(multiplier, able.decrease_w)
        case Share(multiplier=multiplier):
            return share(multiplier, able.increase_w)
        case _:
            return 0


def why_not(event: Event, capability: Capability) -> str:
    """Return why this party cannot follow an event whatever its devices can do, or nothing."""
    if not isinstance(event.signal, Delta | Share):
        return f"this party does not follow {event.signal.kind} signals"
    if event.changes:
        return "this party does not follow signals that change within an event"
    if not meant(event, capability).resources:
        return "no resource of this party is meant"
    return ""


def is_overridden(event: Event, capability: Capability) -> bool:
    """Whether its owner keeps everything to itself that an event is meant for.

    A virtual resource has no owner of its own: it stands for members, who are asked each.
    """
    resources = meant(event, capability).resources
    kept = (r.state is ResourceState.OPTED_OUT and r.kind != "virtual" for r in resources)
    return bool(resources) and all(kept)
