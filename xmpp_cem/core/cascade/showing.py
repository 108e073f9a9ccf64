"""What a gateway shows above: its members as one virtual resource."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.core.cascade.contention import Contention
from xmpp_cem.core.cascade.ends import Lower
from xmpp_cem.core.cascade.folding import Folding
from xmpp_cem.core.reach import NEAR_BEFORE
from xmpp_cem.core.readings.estimating import Present, part_w, share_permille, worst
from xmpp_cem.core.smallest import Smallest
from xmpp_cem.core.vtn.vtnstate import USABLE
from xmpp_cem.model.availability import Availability, combined
from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.quantity import bounded, countable
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.signal import Direction

_STATE: dict[Availability, ResourceState] = {
    Availability.AVAILABLE: ResourceState.AVAILABLE,
    Availability.OFFERING: ResourceState.AVAILABLE,
    Availability.LIMITED: ResourceState.LIMITED,
    Availability.OPTED_OUT: ResourceState.OPTED_OUT,
    Availability.OUT_OF_SERVICE: ResourceState.OUT_OF_SERVICE,
    Availability.UNREACHABLE: ResourceState.OUT_OF_SERVICE,
}

_LATER = frozenset({Availability.OPTED_OUT})
"""Availabilities under which a member may tell what it can do later on."""


@dataclass(frozen=True)
class _Share:
    """What one member adds: its state, its flexibility where it is free, its ratings and power.

    The power is nothing where it is not there. Also how many parties stand behind it, itself if
    none does, and how many of them report.
    """

    availability: Availability
    is_free: bool
    increase_w: int = 0
    decrease_w: int = 0
    rated_import_w: int = 0
    rated_export_w: int = 0
    present: Present | None = None
    expected: int = 1
    reporting: int = 0


class Crowd:
    """What one domain below adds up to for one domain above; only who has changed is added anew.

    Members that are in an event for another domain above, or will be soon, are not free. `folds`
    counts how often a member was added anew. What those can do on whom the domain above may count
    goes into `folding`, which all domains below share.
    """

    def __init__(
        self, lower: Lower, domain: DomainId, folding: Folding, contention: Contention
    ) -> None:
        self._lower = lower
        self._domain = domain
        self._folding = folding
        self._contention = contention
        self._shares: dict[PartyId, _Share] = {}
        self._taken: frozenset[PartyId] = frozenset()
        self.states: Counter[Availability] = Counter()
        self.count = self.free = 0
        self.increase_w = self.decrease_w = 0
        self.rated_import_w = self.rated_export_w = 0
        self.power_w = self.gross_w = self.estimated_w = 0
        self.qualities: Counter[Quality] = Counter()
        self._ages: Smallest[datetime] = Smallest()
        self.expected = self.reporting = 0
        self.folds = 0

    @property
    def reachable(self) -> int:
        """How many members are there."""
        return self.count - self.states[Availability.UNREACHABLE]

    @property
    def oldest(self) -> datetime | None:
        """When the oldest that its power was estimated from was measured."""
        return next(iter(self._ages.first()), None)

    def look(self, changed: Iterable[PartyId], now: datetime) -> None:
        """Take in what has changed of some members, and who is taken by others."""
        taken = self._contention.taken(self._domain, now, NEAR_BEFORE)
        turned = () if taken is self._taken else taken ^ self._taken
        for party in {*changed, *turned}:
            if before := self._shares.pop(party, None):
                self._add(before, -1)
            self.folds += 1
            if share := self._share(party, is_free=party not in taken):
                self._shares[party] = share
                self._add(share, 1)
        self._taken = taken

    def _share(self, party: PartyId, *, is_free: bool) -> _Share | None:
        vtn = self._lower.role
        member = vtn.member(party)
        is_usable = member is not None and is_free and member.availability in USABLE
        able = member.capability if member else None
        is_told = is_usable or (member and is_free and member.availability in _LATER)
        self._folding.put((self._lower.domain, party), able if is_told else None)
        if member is None:
            return None
        is_there = member.availability is not Availability.UNREACHABLE
        present = (vtn.metering.present(party) or _registered(able)) if is_there else None
        if able is None:
            return _Share(member.availability, is_free, present=present)
        return _Share(
            member.availability,
            is_free,
            increase_w=able.increase_w if is_usable else 0,
            decrease_w=able.decrease_w if is_usable else 0,
            rated_import_w=able.most_w(Direction.IMPORT),
            rated_export_w=able.most_w(Direction.EXPORT),
            present=present,
            expected=able.parties[0],
            reporting=able.parties[1] if is_there else 0,
        )

    def _add(self, share: _Share, sign: int) -> None:
        self.count += sign
        self.free += sign * share.is_free
        self.states[share.availability] += sign
        self.increase_w += sign * share.increase_w
        self.decrease_w += sign * share.decrease_w
        self.rated_import_w += sign * share.rated_import_w
        self.rated_export_w += sign * share.rated_export_w
        self.expected += sign * share.expected
        self.reporting += sign * share.reporting
        if share.present is not None:
            self._add_present(share.present, sign)

    def _add_present(self, present: Present, sign: int) -> None:
        self.power_w += sign * present.power_w
        self.gross_w += sign * abs(present.power_w)
        self.estimated_w += sign * present.estimated_w
        self.qualities[present.quality] += sign
        if present.estimated_w and present.oldest is not None:
            self._ages.add(present.oldest, sign)


def _registered(able: Capability | None) -> Present | None:
    """Return the power that a member has registered, until it reports."""
    if able is None:
        return None
    guessed_w = sum(part_w(r.power_w, r.estimated_share_permille or 0) for r in able.resources)
    return Present(
        able.power_w,
        min(abs(able.power_w), guessed_w),
        worst(r.quality for r in able.resources if r.quality),
        able.oldest,
    )


class Shown:
    """What one domain above is shown, made anew only when a member has changed.

    Args:
        party: who we are.
        folding: what the crowds have put together.
    """

    def __init__(self, party: PartyId, folding: Folding) -> None:
        self._party = party
        self._folding = folding
        self._version: tuple[int, ...] | None = None
        self._made: tuple[Resource, tuple[int, int]]

    def of(self, crowds: tuple[Crowd, ...]) -> tuple[Resource, tuple[int, int]]:
        """Return the same as `virtual`, nothing at all of no crowds."""
        version = tuple(crowd.folds for crowd in crowds)
        if version != self._version:
            self._version = version
            self._made = virtual(self._party, crowds, self._folding if crowds else Folding())
        return self._made


def virtual(
    party: PartyId, crowds: Iterable[Crowd], folding: Folding
) -> tuple[Resource, tuple[int, int]]:
    """Return what one domain above may count on, and how many members there are and are there.

    `folding` is what these crowds have put together.
    """
    known = tuple(crowds)
    members, reachable = sum(c.count for c in known), sum(c.reachable for c in known)
    states = {state for crowd in known for state, count in crowd.states.items() if count}
    together = combined(states - {Availability.UNREACHABLE})
    if reachable + sum(c.free for c in known) < 2 * members and together in USABLE:
        together = Availability.LIMITED
    gross_w, estimated_w = sum(c.gross_w for c in known), sum(c.estimated_w for c in known)
    made = Resource(
        id=party,
        kind="virtual",
        state=_STATE[together],
        power_w=bounded(sum(c.power_w for c in known)),
        increase_w=bounded(sum(c.increase_w for c in known)),
        decrease_w=bounded(sum(c.decrease_w for c in known)),
        rated_import_w=bounded(sum(c.rated_import_w for c in known)),
        rated_export_w=bounded(sum(c.rated_export_w for c in known)),
        expected=countable(sum(c.expected for c in known)),
        reporting=countable(sum(c.reporting for c in known)),
        estimated_share_permille=share_permille(estimated_w, gross_w),
        quality=worst(each for c in known for each, count in c.qualities.items() if count),
    )
    told = folding.told()
    ages = [each for each in (told["oldest"], *(c.oldest for c in known)) if each]
    update = {**told, "oldest": min(ages, default=None)}
    return made.model_copy(update=update), (members, reachable)


def powers_now(lowers: Iterable[Lower]) -> list[Present]:
    """Return what each member does now; the lost ones count as if left alone, unknown ones not."""
    told = (
        _left_alone(lower, member.party)
        if member.availability is Availability.UNREACHABLE
        else lower.role.metering.present(member.party)
        for lower in lowers
        for member in lower.role.members.values()
        if member.is_admitted
    )
    return [present for present in told if present]


def _left_alone(lower: Lower, party: PartyId) -> Present | None:
    one = lower.role.dispatching.left_alone(party)
    if one.power_w is None:
        return None
    return Present(one.power_w, abs(one.power_w), Quality.ESTIMATED, one.measured)


@dataclass
class Damper:
    """Lets what is shown above change no more often than `every`, unless towards unreachable."""

    every: timedelta
    _shown: tuple[object, ...] = ()
    _reporting: int = 0
    _members: tuple[int, int] = (0, 0)
    _changed: datetime | None = None

    def lets(self, resource: Resource, members: tuple[int, int], now: datetime) -> bool:
        """Whether it may be shown now; what may not is shown later, as it is then."""
        shown = (resource.state, members, resource.expected, resource.reporting)
        reporting = resource.reporting or 0
        is_alike = shown == self._shown
        if is_alike or self._changed is None:
            is_due = True
        else:
            is_lost = members[1] < self._members[1] or reporting < self._reporting
            is_out = resource.state is ResourceState.OUT_OF_SERVICE
            is_due = is_lost or is_out or now >= self._changed + self.every
        if is_due and not is_alike:
            self._shown, self._changed = shown, now
            self._members, self._reporting = members, reporting
        return is_due
