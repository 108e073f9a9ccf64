"""Follows one event through the levels of a hierarchy, as far as one may ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from xmpp_cem.core.vtn.dispatch.individual import share_id
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.ids import DomainId, EventId, PartyId, lower_event_id


@dataclass(frozen=True)
class Told:
    """What the VTN of a domain tells of an event; `party` is the VTN."""

    party: PartyId
    record: DispatchRecord


@dataclass(frozen=True)
class Branch:
    """An event in one domain, and what became of it in the domains below."""

    told: Told
    below: tuple["Branch", ...] = ()


@dataclass(frozen=True)
class Trace:
    """An event at every level: `silent` are domains that could not be asked, and why."""

    root: Branch | None
    silent: dict[DomainId, str] = field(default_factory=dict)


Ask = Callable[[DomainId, EventId], Awaitable[Told | str | None]]
"""Asks a domain for an event: what is told, why it cannot be asked, or None: no such event."""


async def trace(event: EventId, domains: tuple[DomainId, ...], ask: Ask) -> Trace:
    """Return the tree of an event that is known at any level of it.

    Ids of cascaded events follow from the upper id and the lower domain, and each record names the
    event above it, so that the tree is found from both ends.
    """
    search = _Search(domains, ask)
    found = await search.anywhere(event)
    while found and found.record.upper:
        above = await search.anywhere(found.record.upper)
        if above is None:
            break
        found = above
    root = await search.branch(found) if found else None
    return Trace(root, search.silent)


class _Search:
    def __init__(self, domains: tuple[DomainId, ...], ask: Ask) -> None:
        self._domains = domains
        self._ask = ask
        self.silent: dict[DomainId, str] = {}

    async def told(self, domain: DomainId, event: EventId) -> Told | None:
        if domain in self.silent:
            return None
        answer = await self._ask(domain, event)
        if isinstance(answer, str):
            self.silent[domain] = answer
            return None
        return answer

    async def anywhere(self, event: EventId) -> Told | None:
        for domain in self._domains:
            found = await self.told(domain, event)
            if found:
                return found
        return None

    async def branch(self, told: Told, above: frozenset[DomainId] = frozenset()) -> Branch:
        above |= {told.record.domain}
        below = []
        for domain in self._domains:
            if domain in above:
                continue
            for event in _asked(told.record):
                found = await self.told(domain, lower_event_id(event, domain))
                if found:
                    below.append(await self.branch(found, above))
                    break
        return Branch(told, tuple(below))


def _asked(record: DispatchRecord) -> list[EventId]:
    """Return the ids under which the members of a domain may know an event."""
    shares = [share_id(record.event, share.party) for share in record.shares if share.asked_w]
    return [record.event, *shares]
