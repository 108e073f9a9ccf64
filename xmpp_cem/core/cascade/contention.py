"""Two domains above that ask for the same members: who goes first, and whom the other goes without.

A site follows one event at a time. So a member that is in an event for one domain above is not
counted on for another domain's event at the same time, as long as it has promised: of the higher
priority (0 is the highest) goes first, among equals the one that was committed first. A member of
which an event asks nothing, or that has refused it, is free.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.core.call import Call
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.time import Interval


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
