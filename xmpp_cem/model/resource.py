"""An energy resource and what it can do."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from xmpp_cem.model.flexibility import Forecasts, Offered, lowest_w
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.quantity import Energy, Flexibility, Number, PerMille, Power
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.signal import Direction
from xmpp_cem.model.time import Instant, Interval
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
        increase_w: available: by how much its power can rise now.
        decrease_w: available: by how much its power can fall now.
        stored_wh: energy in store, where that has meaning.
        charge_permille: state of charge, of the full store, where the device tells it.
        needed_wh: energy that it still has to get until `departs`, such as by a car.
        departs: when that energy must be there.
        rated_import_w, rated_export_w: the most that it can take from and give to the grid, W;
            None where it is not known.
        committed_w: by how much events have changed `power_w`, as it was promised, signed, W;
            what is available is left beside that.
        offered: what its owner offers beyond what is available.
        forecast: what it will be able to do.
        expected, reporting: of a virtual resource, how many parties of all levels below stand
            behind it, and how many of these are there and have told what they can do; of the
            others nothing counts but the ratings that they have told before.
        oldest: when the oldest of what they told was true, or what `power_w` was estimated from.
        estimated_share_permille: of a virtual resource, how much of `power_w` was not measured,
            as `Reading` has it: lost parties further below count in the sums of readings.
        quality: of a virtual resource, the worst of the readings that `power_w` rests upon.
    """

    id: ResourceId
    kind: str = Field(max_length=32)
    state: ResourceState = ResourceState.AVAILABLE
    power_w: Power = 0
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    stored_wh: Energy | None = None
    charge_permille: PerMille | None = None
    needed_wh: Energy | None = None
    departs: Instant | None = None
    rated_import_w: Flexibility | None = None
    rated_export_w: Flexibility | None = None
    committed_w: Power = 0
    offered: Offered | None = None
    forecast: Forecasts = ()
    expected: Number | None = None
    reporting: Number | None = None
    oldest: Instant | None = None
    estimated_share_permille: PerMille | None = None
    quality: Quality | None = None

    def standing_w(self, over: Interval, *, is_fall: bool) -> int:
        """By how much power can fall or rise all through a time, without what is offered, W."""
        now_w = self.decrease_w if is_fall else self.increase_w
        now_w = now_w if self.state in _READY else 0
        return lowest_w(self.forecast, now_w, over, is_fall=is_fall)

    def offered_w(self, over: Interval, *, is_fall: bool) -> int:
        """By how much more power can fall or rise in an event's time at the offered price, W."""
        return self.offered.flexible_w(over, is_fall=is_fall) if self.offered else 0

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

    def able_w(self, over: Interval, *, is_fall: bool) -> int:
        """By how much all resources can fall or rise in an event's time, W.

        One that its owner keeps now counts as far as its forecast covers that time. VTN and VEN
        both reckon an event's share from this.
        """
        standing_w = sum(r.standing_w(over, is_fall=is_fall) for r in self.foreseen)
        return standing_w + self.offered_w(over, is_fall=is_fall)

    def offered_w(self, over: Interval, *, is_fall: bool) -> int:
        """What of `able_w` is offered at a price, W."""
        return sum(r.offered_w(over, is_fall=is_fall) for r in self.ready)

    @property
    def parties(self) -> tuple[int, int]:
        """How many parties stand behind it and how many of them report: one, where none does."""
        behind = [r for r in self.resources if r.expected is not None]
        if not behind:
            return 1, 1
        return sum(r.expected or 0 for r in behind), sum(r.reporting or 0 for r in behind)

    @property
    def oldest(self) -> datetime:
        """When the oldest that is in it was true."""
        return min((r.oldest for r in self.resources if r.oldest), default=self.at)

    def is_foreseen(self, over: Interval) -> bool:
        """Whether a resource that its owner keeps now can fall or rise in an event's time."""
        return any(
            r.standing_w(over, is_fall=is_fall)
            for r in self.foreseen
            if r.state is ResourceState.OPTED_OUT
            for is_fall in (True, False)
        )

    @property
    def committed_w(self) -> int:
        """By how much events have changed the power of all resources together, signed, W."""
        return sum(r.committed_w for r in self.resources)

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

    @property
    def foreseen(self) -> tuple[Resource, ...]:
        """Those too that their owner keeps now and that tell what they can do afterwards."""
        kept = ResourceState.OPTED_OUT
        return tuple(
            r for r in self.resources if r.state in _READY or (r.state is kept and r.forecast)
        )


def dearest(resources: Iterable[Resource]) -> float:
    """Return the highest price of what resources offer, per kWh; 0 where nothing is offered."""
    return max((float(r.offered.per_kwh) for r in resources if r.offered), default=0.0)
