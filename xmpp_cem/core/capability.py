"""What resources can do: what is told of it, and how far two looks at them differ."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.model.availability import Offer, availability_of
from xmpp_cem.model.resource import Capability, Resource

_OFFER_LIFE = timedelta(minutes=5)

MOST_AT_ONCE = 20
"""So many new ratings on end are told at once; in a circle of gateways they would rise for ever."""

_CALM = 6
"""After so many times the shortest time without a new rating they are told at once again."""


@dataclass
class Pace:
    """Says when a change of what resources can do is told.

    Args:
        least_w: flexibility that moves by less is not told, W.
        every: no more often than this, unless a state, a resource or a rating changes.
    """

    least_w: int
    every: timedelta
    _rated: int = 0
    _rated_at: datetime | None = None

    def lets(self, known: Capability, resources: tuple[Resource, ...], now: datetime) -> bool:
        """Whether a change is told now; what may not be told is looked at again later."""
        is_soon, before = now - known.at < self.every, known.resources
        if is_alike(before, resources):
            return not is_soon and moved_w(before, resources) >= self.least_w
        if [(r.id, r.state) for r in before] != [(r.id, r.state) for r in resources]:
            return True
        if self._rated_at is None or now - self._rated_at > _CALM * self.every:
            self._rated = 0
        if is_soon and self._rated >= MOST_AT_ONCE:
            return False
        self._rated, self._rated_at = self._rated + 1, now
        return True


def is_alike(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> bool:
    """Whether nothing changed that must be told at once."""
    return [_lasting(r) for r in before] == [_lasting(r) for r in after]


def _lasting(resource: Resource) -> tuple[object, ...]:
    return (resource.id, resource.state, resource.rated_import_w, resource.rated_export_w)


def moved_w(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> int:
    """Return by how many W the flexibility of all together has moved."""
    fall = sum(r.decrease_w for r in after) - sum(r.decrease_w for r in before)
    rise = sum(r.increase_w for r in after) - sum(r.increase_w for r in before)
    return max(abs(fall), abs(rise))


def offer_of(
    capability: Capability | None, sequence: int, members: tuple[int, int], now: datetime
) -> Offer:
    """Return what our presence tells, nothing to offer as long as no capability is known.

    Args:
        capability: what we can do.
        sequence: our count of messages.
        members: of a gateway, how many stand behind it and how many of them are reachable.
        now: the present.
    """
    known = capability or Capability(revision=0, at=now, resources=())
    return Offer(
        availability=availability_of(known),
        capability=known,
        sequence=sequence,
        valid_until=now + _OFFER_LIFE,
        members=members[0],
        reachable=members[1],
    )
