"""An energy resource and what it can do."""

from enum import StrEnum

from pydantic import Field

from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.quantity import Energy, Flexibility, Power
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value


class ResourceState(StrEnum):
    """What a resource is ready for."""

    AVAILABLE = "available"
    LIMITED = "limited"
    OPTED_OUT = "opted-out"
    OUT_OF_SERVICE = "out-of-service"


class Resource(Value):
    """One load, generation or storage, or a virtual resource that stands for many (figure 2).

    Args:
        id: mRID, outlives box and account.
        kind: what it is, for people: `battery`, `ev`, `virtual` and so on.
        state: what it is ready for.
        power_w: present power.
        increase_w: by how much its power can rise now.
        decrease_w: by how much its power can fall now.
        stored_wh: energy in store, where that has meaning.
    """

    id: ResourceId
    kind: str = Field(max_length=32)
    state: ResourceState = ResourceState.AVAILABLE
    power_w: Power = 0
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    stored_wh: Energy | None = None


class Capability(Value):
    """What a party's resources can do, as one revision of it.

    Args:
        revision: rises with every change, from 1.
        resources: at most 1000.
        at: when it was true.
    """

    revision: int = Field(ge=0, le=2**53)
    at: Instant
    resources: tuple[Resource, ...] = Field(max_length=1000)

    @property
    def increase_w(self) -> int:
        """By how much all ready resources together can rise, in W."""
        return sum(r.increase_w for r in self.ready)

    @property
    def decrease_w(self) -> int:
        """By how much all ready resources together can fall, in W."""
        return sum(r.decrease_w for r in self.ready)

    @property
    def power_w(self) -> int:
        """Present power of all resources together, in W."""
        return sum(r.power_w for r in self.resources)

    @property
    def ready(self) -> tuple[Resource, ...]:
        """The resources that flexibility can be counted on."""
        usable = {ResourceState.AVAILABLE, ResourceState.LIMITED}
        return tuple(r for r in self.resources if r.state in usable)
