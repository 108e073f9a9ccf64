"""How far two looks at the same resources differ."""

from xmpp_cem.model.resource import Resource


def is_alike(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> bool:
    """Whether nothing changed that must be told at once."""
    return [(r.id, r.state) for r in before] == [(r.id, r.state) for r in after]


def moved_w(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> int:
    """Return by how many W the flexibility of all together has moved."""
    fall = sum(r.decrease_w for r in after) - sum(r.decrease_w for r in before)
    rise = sum(r.increase_w for r in after) - sum(r.increase_w for r in before)
    return max(abs(fall), abs(rise))
