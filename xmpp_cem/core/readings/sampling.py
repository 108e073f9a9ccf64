"""Samples of devices become readings: the mean over windows aligned to UTC."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.reach import beyond
from xmpp_cem.model.control import Sample
from xmpp_cem.model.flexibility import Forecasts
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.time import Interval, window


class Sampling:
    """Collects samples by window; a window without samples gives no reading.

    What a faulty resource did last is no sample of what it does: unknown is not zero.
    """

    def __init__(self) -> None:
        self._open: Interval | None = None
        self._samples: dict[ResourceId, list[tuple[datetime, Sample]]] = {}
        self._recent: dict[ResourceId, deque[tuple[datetime, int]]] = {}
        self.latest: tuple[Sample, ...] = ()

    def take(
        self,
        samples: tuple[Sample, ...],
        now: datetime,
        length: timedelta,
        moved: frozenset[ResourceId] = frozenset(),
    ) -> tuple[Reading, ...]:
        """Add samples; returns the readings of a window that they close.

        What events have `moved` is read, but is no baseline for the next event.
        """
        current = window(now, length)
        readings: tuple[Reading, ...] = ()
        if self._open != current:
            readings = self._close(samples, now)
            self._open = current
        self.latest = samples
        for sample in samples:
            if sample.is_faulty:
                continue
            self._samples.setdefault(sample.resource, []).append((now, sample))
            if sample.resource in moved:
                continue
            recent = self._recent.setdefault(sample.resource, deque(maxlen=600))
            recent.append((now, sample.power_w))
        return readings

    def so_far(self) -> tuple[Reading, ...]:
        """Return what is known of the window that is open: an estimate, with the present power."""
        if self._open is None:
            return ()
        return tuple(
            with_instant(_mean(resource, self._open, looks, None), self.powers).model_copy(
                update={"quality": Quality.ESTIMATED, "import_wh": None, "export_wh": None}
            )
            for resource, looks in self._samples.items()
        )

    @property
    def powers(self) -> dict[ResourceId, int]:
        """The present powers of resources that are read, W."""
        return {s.resource: s.power_w for s in self.latest if not s.is_faulty}

    def baseline(self, resource: ResourceId, before: datetime, over: timedelta) -> int | None:
        """Return the mean power in `[before - over, before)` that no event moved, W.

        The last one before, or else the first one after, where there was none in that time.
        """
        recent = self._recent.get(resource, ())
        inside: list[int] = []
        since, power_w = before - over, None
        for at, power_w in reversed(recent):  # the newest first: most is older than is looked for
            if at < since:
                break
            if at < before:
                inside.append(power_w)
        return sum(inside) // len(inside) if inside else power_w

    def _close(self, after: tuple[Sample, ...], now: datetime) -> tuple[Reading, ...]:
        samples, self._samples = self._samples, {}
        if self._open is None:
            return ()
        following = {sample.resource: (now, sample) for sample in after if not sample.is_faulty}
        return tuple(
            _mean(resource, self._open, group, following.get(resource))
            for resource, group in samples.items()
            if group
        )


def with_instant(reading: Reading, powers: Mapping[ResourceId, int]) -> Reading:
    """Return a reading that tells a resource's power at the end too, where it is known, W."""
    return reading.model_copy(update={"instant_w": powers.get(reading.resource)})


_Look = tuple[datetime, Sample]


def _mean(
    resource: ResourceId, interval: Interval, looks: list[_Look], after: _Look | None
) -> Reading:
    powers = [sample.power_w for _, sample in looks]
    return Reading(
        resource=resource,
        window=interval,
        power_w=(2 * sum(powers) + len(powers)) // (2 * len(powers)),
        import_wh=_at_the_end("import_wh", interval, looks[-1], after),
        export_wh=_at_the_end("export_wh", interval, looks[-1], after),
    )


def _at_the_end(name: str, interval: Interval, last: _Look, after: _Look | None) -> int | None:
    """Return a register at the end of a window, Wh, between its last look and the next one.

    Without a next one soon it is that of the last look.
    """
    known: int | None = getattr(last[1], name)
    following: int | None = getattr(after[1], name) if after else None
    if known is None or following is None or after is None or following < known:
        return known
    gap, rest = after[0] - last[0], interval.end - last[0]
    if gap > interval.duration:
        return known
    return known + round((following - known) * (rest / gap))


def resource_of(sample: Sample, now: datetime, committed_w: int = 0) -> Resource:
    """Return what a sample tells of a resource; overridden or faulty ones offer nothing now.

    `committed_w` is by how much events have changed its power, signed, W.
    """
    state = ResourceState.AVAILABLE
    if sample.is_overridden:
        state = ResourceState.OPTED_OUT
    if sample.is_faulty:
        state = ResourceState.OUT_OF_SERVICE
    is_usable = state is ResourceState.AVAILABLE
    return Resource(
        id=sample.resource,
        kind=sample.kind,
        state=state,
        power_w=sample.power_w,
        increase_w=sample.increase_w if is_usable else 0,
        decrease_w=sample.decrease_w if is_usable else 0,
        stored_wh=sample.stored_wh,
        charge_permille=sample.charge_permille,
        needed_wh=sample.needed_wh,
        departs=sample.departs,
        committed_w=committed_w if is_usable else 0,
        offered=sample.offered if is_usable else None,
        forecast=_foreseen(sample, now),
        rated_import_w=sample.limits.rated_import_w if sample.limits else None,
        rated_export_w=sample.limits.rated_export_w if sample.limits else None,
    )


def _foreseen(sample: Sample, now: datetime) -> Forecasts:
    if sample.is_faulty:
        return ()
    return beyond(sample, now) if sample.is_overridden else sample.forecast
