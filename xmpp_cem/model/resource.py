"""An energy resource and what it can do."""

from enum import StrEnum

from pydantic import Field

from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.quantity import Energy, Flexibility, Power
from xmpp_cem.model.signal import Direction
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
        rated_import_w, rated_export_w: the most that it can take from and give to the grid, W;
            None where it is not known.
    """

    id: ResourceId
    kind: str = Field(max_length=32)
    state: ResourceState = ResourceState.AVAILABLE
    power_w: Power = 0
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    stored_wh: Energy | None = None
    rated_import_w: Flexibility | None = None
    rated_export_w: Flexibility | None = None

    def most_w(self, direction: Direction) -> int:
        """The most that can flow, W: as rated, and else what is possible now."""
        if direction is Direction.IMPORT:
            rated_w, now_w = self.rated_import_w, self.power_w + self.increase_w
        else:
            rated_w, now_w = self.rated_export_w, self.decrease_w - self.power_w
        return max(0, now_w) if rated_w is None else rated_w


class Failsafe(Value):
    """What a party keeps by itself when it hears nothing of its VTN.

    Args:
        import_w, export_w: the most that all its resources together take and give, W.
        after_s: so long after the last word at the latest, seconds.
    """

    import_w: Flexibility
    export_w: Flexibility
    after_s: int = Field(ge=0, le=2**31)

    def limit_w(self, direction: Direction) -> int:
        """The limit of one direction, W."""
        return self.import_w if direction is Direction.IMPORT else self.export_w


_READY = (ResourceState.AVAILABLE, ResourceState.LIMITED)


class Capability(Value):
    """What a party's resources can do, as one revision of it.

    Args:
        revision: rises with every change, from 1.
        resources: at most 1000.
        at: when it was true.
        failsafe: what it keeps by itself without its VTN; None: nothing.
    """

    revision: int = Field(ge=0, le=2**53)
    at: Instant
    resources: tuple[Resource, ...] = Field(max_length=1000)
    failsafe: Failsafe | None = None

    def most_w(self, direction: Direction) -> int:
        """The most that can flow through all resources together, W."""
        return sum(resource.most_w(direction) for resource in self.resources)

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
        return tuple(r for r in self.resources if r.state in _READY)
