"""What an event asks of a party: of which capability, how many watts, and why that cannot be."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from xmpp_cem.core.allocation import share
from xmpp_cem.core.kept import Confirmed
from xmpp_cem.core.reach import is_kept_from
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.signal import Delta, Place, Share, TargetPower

_KEPT_REVISIONS = 32
_KEPT_FORECASTS = 3


def basis_capability(confirmed: tuple[Confirmed, ...], event: Event) -> Capability | None:
    """Return the capability that a relative signal refers to; all others refer to the newest."""
    if not isinstance(event.signal, Share):
        return confirmed[-1].capability if confirmed else None
    basis = event.signal.basis
    return next((c.capability for c in reversed(confirmed) if c.at <= basis), None)


def kept(confirmed: tuple[Confirmed, ...], live: Iterable[Event]) -> tuple[Confirmed, ...]:
    """Return the newest confirmed capabilities, and older ones that live events refer to.

    Forecasts are kept of these and of the last ones alone: they are written with every report.
    """
    asked = {id(basis_capability(confirmed, event)) for event in live}
    left = []
    for age, each in enumerate(reversed(confirmed)):
        if id(each.capability) in asked or age < _KEPT_FORECASTS:
            left.append(each)
        elif age < _KEPT_REVISIONS:
            left.append(_without_forecasts(each))
    return tuple(reversed(left))


def _without_forecasts(known: Confirmed) -> Confirmed:
    able = known.capability
    if not any(resource.forecast for resource in able.resources):
        return known
    resources = tuple(r.model_copy(update={"forecast": ()}) for r in able.resources)
    capability = able.model_copy(update={"resources": resources})
    return known.model_copy(update={"capability": capability})


def meant(event: Event, capability: Capability) -> Capability:
    """Return the capability of those resources alone that an event is meant for."""
    resources = (r for r in capability.resources if event.targets.mean(r.id, r.kind))
    return capability.model_copy(update={"resources": tuple(resources)})


def only(capability: Capability, resources: tuple[ResourceId, ...] | None) -> Capability:
    """Return the capability of some resources alone; None for all."""
    if resources is None:
        return capability
    left = tuple(r for r in capability.resources if r.id in resources)
    return capability.model_copy(update={"resources": left})


def asked_power(event: Event, capability: Capability) -> int:
    """Return the change of power asked of this party, absolute and signed, in W; 0 for none."""
    able = meant(event, capability)
    match event.signal:
        case Delta(power_w=power_w):
            return power_w
        case Share(direction="decrease", multiplier=multiplier):
            return -share(multiplier, able.able_w(event.active, is_fall=True))
        case Share(multiplier=multiplier):
            return share(multiplier, able.able_w(event.active, is_fall=False))
        case TargetPower(power_w=power_w, at=Place.CONNECTION_POINT):
            return power_w - (capability.power_w - capability.committed_w)
        case TargetPower(power_w=power_w):
            return power_w - (able.power_w - able.committed_w)
        case _:
            return 0


def why_not(event: Event, capability: Capability, follows: frozenset[str]) -> str:
    """Return why a party cannot follow an event whatever its devices can do, or nothing.

    Args:
        event: what is asked.
        capability: of the party.
        follows: kinds of signals that it can follow.
    """
    signal = event.signal
    if signal.kind not in follows:
        return f"this party does not follow {signal.kind} signals"
    if event.changes and _turns(event):
        return "this party does not follow an event that turns from decrease to increase"
    if not any(event.targets.mean(r.id, r.kind) for r in capability.resources):
        return "no resource of this party is meant"
    return ""


def _turns(event: Event) -> bool:
    """Whether power is to fall at one time and to rise at another."""
    signals = (event.signal, *(change.signal for change in event.changes))
    powers = {s.power_w > 0 for s in signals if isinstance(s, Delta) and s.power_w}
    directions = {s.direction for s in signals if isinstance(s, Share)}
    return len(powers) > 1 or len(directions) > 1


def is_overridden(
    event: Event,
    capability: Capability,
    ends: Mapping[ResourceId, datetime | None],
    now: datetime,
) -> bool:
    """Whether its owner keeps everything to itself that an event is meant for, when it begins.

    A virtual resource has no owner of its own: it stands for members, who are asked each.

    Args:
        event: what is asked.
        capability: of the party.
        ends: when overrides end by themselves, UTC; of others nobody knows.
        now: the present.
    """
    resources = meant(event, capability).resources
    return bool(resources) and len(kept_by_owner(event, capability, ends, now)) == len(resources)


def kept_by_owner(
    event: Event,
    capability: Capability,
    ends: Mapping[ResourceId, datetime | None],
    now: datetime,
) -> tuple[Resource, ...]:
    """Return what its owner keeps of what an event is meant for; arguments as `is_overridden`."""
    return tuple(
        r
        for r in meant(event, capability).resources
        if r.state is ResourceState.OPTED_OUT
        and r.kind != "virtual"
        and is_kept_from(event, ends.get(r.id), now)
    )
