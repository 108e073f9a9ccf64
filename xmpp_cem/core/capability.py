"""What resources can do: what is told of it, and how far two looks at them differ."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.model.availability import Offer, availability_of
from xmpp_cem.model.quantity import LARGEST_W
from xmpp_cem.model.resource import Capability, Resource

_OFFER_LIFE = timedelta(minutes=5)

MOST_AT_ONCE = 20
"""So many new ratings on end are told at once; in a circle of gateways they would rise for ever."""

MOST_FORECAST = 200
"""So many windows of all resources together fit into a message."""

MOST_FORECAST_REPORTED = 24
"""And so many where each number of a window is a data point of a report."""

_FORECAST_LIFE = timedelta(minutes=15)
"""After so long a forecast of other windows is told although nothing else has changed."""

_SECOND = timedelta(seconds=1)

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
        if before == resources:
            return False
        if is_alike(before, resources):
            return not is_soon and self._is_news(known, resources, now)
        if [(r.id, r.state) for r in before] != [(r.id, r.state) for r in resources]:
            return True
        if self._rated_at is None or now - self._rated_at > _CALM * self.every:
            self._rated = 0
        if is_soon and self._rated >= MOST_AT_ONCE:
            return False
        self._rated, self._rated_at = self._rated + 1, now
        return True

    def _is_news(self, known: Capability, resources: tuple[Resource, ...], now: datetime) -> bool:
        """Whether enough has moved, or something new is said that is no figure."""
        before = known.resources
        if moved_w(before, resources) >= self.least_w:
            return True
        if list(map(_said, before)) != list(map(_said, resources)):
            return True
        is_old = now - known.at >= _FORECAST_LIFE
        pairs = zip(before, resources, strict=True)
        return any(forecast_moved_w(a, b, is_old=is_old) >= self.least_w for a, b in pairs)


def forecast_moved_w(before: Resource, after: Resource, *, is_old: bool) -> int:
    """Return by how many W the forecast of a resource has moved in the windows that both know.

    Other windows than before are news when what was told `is_old`, and then without bound.
    """
    known = {each.window: each for each in before.forecast}
    windows = [each.window for each in after.forecast]
    if bool(known) != bool(windows) or (is_old and list(known) != windows):
        return LARGEST_W
    return max(
        (
            max(abs(was.increase_w - new.increase_w), abs(was.decrease_w - new.decrease_w))
            for new in after.forecast
            if (was := known.get(new.window))
        ),
        default=0,
    )


def is_alike(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> bool:
    """Whether nothing changed that must be told at once."""
    return [_lasting(r) for r in before] == [_lasting(r) for r in after]


def _lasting(resource: Resource) -> tuple[object, ...]:
    behind = resource.expected, resource.reporting
    return (resource.id, resource.state, resource.rated_import_w, resource.rated_export_w, *behind)


def _said(resource: Resource) -> tuple[object, ...]:
    """Return what an owner says, and how good what is told is."""
    return resource.offered, resource.departs, resource.quality


def moved_w(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> int:
    """Return by how many W the flexibility of all together has moved, or what is committed."""
    fall = sum(r.decrease_w for r in after) - sum(r.decrease_w for r in before)
    rise = sum(r.increase_w for r in after) - sum(r.increase_w for r in before)
    promised = sum(r.committed_w for r in after) - sum(r.committed_w for r in before)
    return max(abs(fall), abs(rise), abs(promised))


def reportable(resource: Resource) -> Resource:
    """Return what reports can say of a resource: no offer, windows of whole seconds."""
    whole = (each for each in resource.forecast if not each.window.duration % _SECOND)
    return resource.model_copy(update={"offered": None, "forecast": tuple(whole)})


def thinned(resources: tuple[Resource, ...], windows: int) -> tuple[Resource, ...]:
    """Return resources with at most so many windows of forecast together, the soonest of each."""
    told = sum(bool(r.forecast) for r in resources)
    if sum(len(r.forecast) for r in resources) <= windows:
        return resources
    most = windows // told
    return tuple(r.model_copy(update={"forecast": r.forecast[:most]}) for r in resources)


def offer_of(
    capability: Capability | None, sequence: int, members: tuple[int, int], now: datetime
) -> Offer:
    """Return what our presence tells, nothing to offer as long as no capability is known.

    It shows the present: forecasts go with the registration, whatever is shown goes to everybody.

    Args:
        capability: what we can do.
        sequence: our count of messages.
        members: of a gateway, how many stand behind it and how many of them are reachable.
        now: the present.
    """
    known = capability or Capability(revision=0, at=now, resources=())
    present = tuple(r.model_copy(update={"forecast": ()}) for r in known.resources)
    return Offer(
        availability=availability_of(known),
        capability=known.model_copy(update={"resources": present}),
        sequence=sequence,
        valid_until=now + _OFFER_LIFE,
        members=members[0],
        reachable=members[1],
    )
