"""What a gateway shows above: its members as one virtual resource."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from xmpp_cem.core.cascade.contention import taken_by_others
from xmpp_cem.core.cascade.ends import Lower
from xmpp_cem.core.eventacts import NEAR_BEFORE
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtnstate import USABLE
from xmpp_cem.model.availability import Availability, combined
from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.signal import Direction

_STATE: dict[Availability, ResourceState] = {
    Availability.AVAILABLE: ResourceState.AVAILABLE,
    Availability.OFFERING: ResourceState.AVAILABLE,
    Availability.LIMITED: ResourceState.LIMITED,
    Availability.OPTED_OUT: ResourceState.OPTED_OUT,
    Availability.OUT_OF_SERVICE: ResourceState.OUT_OF_SERVICE,
    Availability.UNREACHABLE: ResourceState.OUT_OF_SERVICE,
}


def virtual(
    party: PartyId, domain: DomainId, lowers: Iterable[Lower], now: datetime
) -> tuple[Resource, tuple[int, int]]:
    """Return what one domain above may count on, and how many members there are and are reachable.

    Members that are in an event for another domain above, or will be soon, are left out.
    """
    members: list[Member] = []
    free: list[Member] = []
    power_w = 0
    for lower in lowers:
        own = [m for m in lower.role.members.values() if m.is_admitted]
        taken = taken_by_others(lower.role.dispatching, domain, now, NEAR_BEFORE)
        members += own
        free += [m for m in own if m.party not in taken]
        power_w += sum(
            lower.role.metering.power(m.party) or 0
            for m in own
            if m.availability is not Availability.UNREACHABLE
        )
    usable = [m.capability for m in free if m.availability in USABLE and m.capability]
    reachable = [m for m in members if m.availability is not Availability.UNREACHABLE]
    together = combined(m.availability for m in reachable)
    if len(reachable) + len(free) < 2 * len(members) and together in USABLE:
        together = Availability.LIMITED
    known = [m.capability for m in members if m.capability]
    made = _resource(
        party,
        _STATE[together],
        power_w,
        sum([capability.increase_w for capability in usable]),
        sum([capability.decrease_w for capability in usable]),
        sum([capability.most_w(Direction.IMPORT) for capability in known]),
        sum([capability.most_w(Direction.EXPORT) for capability in known]),
    )
    return made, (len(members), len(reachable))


@lru_cache(maxsize=64)  # looked at after every input, and seldom another one
def _resource(  # noqa: PLR0913, PLR0917 its fields
    party: PartyId,
    state: ResourceState,
    power_w: int,
    increase_w: int,
    decrease_w: int,
    rated_import_w: int,
    rated_export_w: int,
) -> Resource:
    return Resource(
        id=party,
        kind="virtual",
        state=state,
        power_w=power_w,
        increase_w=increase_w,
        decrease_w=decrease_w,
        rated_import_w=rated_import_w,
        rated_export_w=rated_export_w,
    )


@dataclass
class Damper:
    """Lets what is shown above change no more often than `every`, unless towards unreachable."""

    every: timedelta
    _state: ResourceState | None = None
    _members: tuple[int, int] = (0, 0)
    _changed: datetime | None = None

    def lets(self, resource: Resource, members: tuple[int, int], now: datetime) -> bool:
        """Whether it may be shown now; what may not is shown later, as it is then."""
        is_alike = (resource.state, members) == (self._state, self._members)
        if is_alike or self._changed is None:
            is_due = True
        else:
            is_lost = members[1] < self._members[1]
            is_out = resource.state is ResourceState.OUT_OF_SERVICE
            is_due = is_lost or is_out or now >= self._changed + self.every
        if is_due and not is_alike:
            self._state, self._members, self._changed = resource.state, members, now
        return is_due
