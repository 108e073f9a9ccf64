"""What resources can do: what is told of it, and how far two looks at them differ."""

from datetime import datetime, timedelta

from xmpp_cem.model.availability import Offer, availability_of
from xmpp_cem.model.resource import Capability, Resource

_OFFER_LIFE = timedelta(minutes=5)


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
