"""XMPP presence and the availability of resources that it shows (clause 5.5.5)."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class Availability(StrEnum):
    """What presence says of a party's resources."""

    AVAILABLE = "available"
    OFFERING = "offering"
    LIMITED = "limited"
    OPTED_OUT = "opted-out"
    OUT_OF_SERVICE = "out-of-service"
    UNREACHABLE = "unreachable"


SHOW: dict[Availability, str] = {
    Availability.AVAILABLE: "",
    Availability.OFFERING: "chat",
    Availability.LIMITED: "away",
    Availability.OPTED_OUT: "dnd",
    Availability.OUT_OF_SERVICE: "xa",
}
"""Availability to `<show/>`; `unreachable` is an unavailable presence."""

BY_SHOW: dict[str, Availability] = {show: availability for availability, show in SHOW.items()}
"""`<show/>` to availability."""


class Offer(Value):
    """The extension in a VEN's presence: what its resources can do now.

    Args:
        availability: the state that `<show/>` repeats.
        capability: the resources, with the revision that answers refer to.
        sequence: number of the last report sent.
        valid_until: when this should no longer be believed.
        members, reachable: of a gateway, how many stand behind it and how many of them answer.
    """

    availability: Availability
    capability: Capability
    sequence: int = Field(default=0, ge=0, le=2**53)
    valid_until: Instant
    members: int = Field(default=0, ge=0, le=2**31)
    reachable: int = Field(default=0, ge=0, le=2**31)

    @property
    def status(self) -> str:
        """The line that a person reads in a stock client."""
        ready, known = len(self.capability.ready), len(self.capability.resources)
        parts = [f"{ready} of {known} resources"]
        if self.members:
            parts = [f"{self.reachable} of {self.members} members"]
        if self.capability.decrease_w:
            parts.append(f"can decrease {kilowatts(self.capability.decrease_w)}")
        if self.capability.increase_w:
            parts.append(f"can increase {kilowatts(self.capability.increase_w)}")
        if self.availability is not Availability.AVAILABLE:
            parts.insert(0, self.availability.value)
        return ", ".join(parts)


class Leadership(Value):
    """The extension in a VTN's presence: whether it leads, and since which epoch."""

    is_active: bool
    epoch: int = Field(ge=0, le=2**53)


def kilowatts(power_w: int) -> str:
    """Write W as kW for a person."""
    return f"{power_w / 1000:.1f} kW"


_OF_RESOURCES: dict[ResourceState, Availability] = {
    ResourceState.AVAILABLE: Availability.AVAILABLE,
    ResourceState.LIMITED: Availability.LIMITED,
    ResourceState.OPTED_OUT: Availability.OPTED_OUT,
    ResourceState.OUT_OF_SERVICE: Availability.OUT_OF_SERVICE,
}


def availability_of(capability: Capability) -> Availability:
    """Return the aggregate of a party's resources: all alike, or limited.

    One that is available and has an offer beyond that is offering.
    """
    return combined(_shown(resource) for resource in capability.resources)


def _shown(resource: Resource) -> Availability:
    is_offering = resource.state is ResourceState.AVAILABLE and resource.offered is not None
    return Availability.OFFERING if is_offering else _OF_RESOURCES[resource.state]


def combined(states: Iterable[Availability]) -> Availability:
    """Return the aggregate of several: their common state, limited when they differ."""
    distinct = set(states)
    if not distinct:
        return Availability.OUT_OF_SERVICE
    if len(distinct) == 1:
        return distinct.pop()
    if distinct <= {Availability.AVAILABLE, Availability.OFFERING}:
        return Availability.OFFERING
    usable = {Availability.AVAILABLE, Availability.OFFERING, Availability.LIMITED}
    if distinct & usable:
        return Availability.LIMITED
    if Availability.OPTED_OUT in distinct:
        return Availability.OPTED_OUT
    return Availability.OUT_OF_SERVICE
