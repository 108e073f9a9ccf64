"""Two domains above that ask for the same members: who goes first, and whom the other goes without.

A site follows one event at a time. So a member that is in an event for one domain above is not
counted on for another domain's event at the same time, as long as it has promised: of the higher
priority (0 is the highest) goes first, among equals the one that was committed first. A member of
which an event asks nothing, or that has refused it, is free.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from xmpp_cem.core.call import Call
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.time import Interval

_Basis = tuple[tuple[Event, int], ...]
"""The live events, and how often a promise to each has changed."""

F = TypeVar("F")


@dataclass(frozen=True)
class _Kept(Generic[F]):
    """What was found, of which basis, and from when to when it holds."""

    basis: _Basis
    since: datetime
    until: datetime | None
    found: F

    def holds(self, basis: _Basis, now: datetime) -> bool:
        if now < self.since or (self.until and now >= self.until):
            return False
        pairs = zip(self.basis, basis, strict=False)
        return len(self.basis) == len(basis) and all(
            event is other and count == again for (event, count), (other, again) in pairs
        )


@dataclass(frozen=True)
class _Claim:
    event: EventId
    origin: str
    active: Interval
    rank: tuple[int, datetime, EventId]

    def yields_to(self, other: "_Claim") -> bool:
        """Whether another domain's event at the same time goes first."""
        overlap = self.active.start < other.active.end and other.active.start < self.active.end
        return self.origin != other.origin and overlap and other.rank < self.rank


class Contention:
    """The same as `held_below` and `taken_by_others`, of one domain below.

    It is looked at anew when there is another event or version, a member promises something else,
    or a time has come that counts; not with every reading.
    """

    def __init__(self, dispatching: Dispatching) -> None:
        self._dispatching = dispatching
        self._held: _Kept[Mapping[EventId, frozenset[PartyId]]] | None = None
        self._taken: dict[str, _Kept[frozenset[PartyId]]] = {}

    def held(self, now: datetime) -> Mapping[EventId, frozenset[PartyId]]:
        """Return the members that each live event has to do without."""
        basis = self._basis()
        if self._held is None or not self._held.holds(basis, now):
            until = self._until(now, timedelta())
            self._held = _Kept(basis, now, until, held_below(self._dispatching, now))
        return self._held.found

    def taken(self, origin: str, now: datetime, within: timedelta) -> frozenset[PartyId]:
        """Return the members that are in events for other domains above than one, now or soon."""
        basis, known = self._basis(), self._taken.get(origin)
        if known is None or not known.holds(basis, now):
            found = taken_by_others(self._dispatching, origin, now, within)
            known = _Kept(basis, now, self._until(now, within), found)
            self._taken[origin] = known
        return known.found

    def _basis(self) -> "_Basis":
        loop = self._dispatching
        return tuple((d.event, loop.promises[d.event.id]) for d in loop.live())

    def _until(self, now: datetime, within: timedelta) -> datetime | None:
        """Return the next time at which a claim begins, ends, or is no longer waited for."""
        times: set[datetime] = set()
        for dispatch in self._dispatching.live():
            active = dispatch.active
            soon = active.start - within + timedelta.resolution
            times |= {dispatch.event.answer_by, soon, active.end}
            parts = self._dispatching.parts[dispatch.event.id].values()
            times |= {p.answer.until for p in parts if p.answer and p.answer.until}
        return min((each for each in times if each > now), default=None)


def held_below(
    dispatching: Dispatching, now: datetime, newcomer: Call | None = None
) -> Mapping[EventId, frozenset[PartyId]]:
    """Return the members that each live event of a domain, or a new one, has to do without."""
    claims = [
        _Claim(d.event.id, d.origin, d.active, (d.event.priority, d.event.created, d.event.id))
        for d in dispatching.live()
        if now < d.active.end
    ]
    engaged = {claim.event: _engaged(dispatching, claim.event, now) for claim in claims}
    if newcomer and newcomer.event not in engaged:
        rank = (newcomer.priority, now, newcomer.event)
        claims.append(_Claim(newcomer.event, newcomer.origin, newcomer.active, rank))
    found = {
        claim.event: frozenset[PartyId]().union(
            *(
                {p for p, end in engaged.get(other.event, {}).items() if claim.active.start < end}
                for other in claims
                if claim.yields_to(other)
            )
        )
        for claim in claims
    }
    return {event: held for event, held in found.items() if held}


def taken_by_others(
    dispatching: Dispatching, origin: str, now: datetime, within: timedelta
) -> frozenset[PartyId]:
    """Return the members that are in events for other domains above than one, now or soon."""
    taken: set[PartyId] = set()
    for dispatch in dispatching.live():
        active = dispatch.active
        overlap = active.start < now + within and now < active.end
        if dispatch.origin and dispatch.origin != origin and overlap:
            ends = _engaged(dispatching, dispatch.event.id, now)
            taken |= {party for party, end in ends.items() if now < end}
    return frozenset(taken)


def _engaged(dispatching: Dispatching, event: EventId, now: datetime) -> dict[PartyId, datetime]:
    """Return until when members are in an event that asks something of them and that they follow.

    Whoever has promised for a part of the time is free after it.
    """
    dispatch = dispatching.dispatches[event]
    deadline, end = dispatch.event.answer_by, dispatch.active.end
    found = {}
    for part in dispatching.parts[event].values():
        answer = part.answer
        if part.asked_w and (answer.opt is Opt.IN if answer else now < deadline):
            found[part.party] = (answer.until if answer else None) or end
    return found
