"""What a correction of the past makes of readings that were reported: revisions of windows."""

from collections.abc import Iterable

from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.reading import Correction, Reading
from xmpp_cem.model.time import Interval

_BATCH = 100
"""So many readings go into one message; all of one window go together."""


def corrected(
    reported: Iterable[Reading], resource: ResourceId, correction: Correction
) -> list[tuple[Reading, ...]]:
    """Return what is to be reported anew, in messages; nothing where it is known already.

    A VTN takes a window of a party as a whole: the revision has the readings of all its resources.

    Args:
        reported: what was reported of the correction's time, in the order in which it was.
        resource: whose past is corrected.
        correction: what it was in truth; windows that it does not cover wholly stay as they are.
    """
    windows: dict[Interval, dict[ResourceId, Reading]] = {}
    for reading in reported:
        if reading.window.overlap(correction.window) < reading.window.duration:
            continue
        known = windows.setdefault(reading.window, {})
        if reading.resource not in known or known[reading.resource].revision < reading.revision:
            known[reading.resource] = reading
    batches: list[tuple[Reading, ...]] = []
    batch: tuple[Reading, ...] = ()
    for window in sorted(windows, key=lambda each: each.start):
        anew = _anew(windows[window], resource, correction)
        if batch and len(batch) + len(anew) > _BATCH:
            batches.append(batch)
            batch = ()
        batch += anew
    return [*batches, batch] if batch else batches


def _anew(
    known: dict[ResourceId, Reading], resource: ResourceId, correction: Correction
) -> tuple[Reading, ...]:
    before = known.get(resource)
    if before is None:
        return ()
    truth = _truth(before, correction)
    if truth == before:
        return ()
    revision = max(reading.revision for reading in known.values()) + 1
    made = {**known, resource: truth}
    return tuple(reading.model_copy(update={"revision": revision}) for reading in made.values())


def _truth(reading: Reading, correction: Correction) -> Reading:
    """Return a reading with the power that it really had.

    Registers that the correction tells are those of its end. Where it tells them, others of its
    time are left out: they are as wrong as the last one was.
    """
    update: dict[str, object] = {"power_w": correction.power_w, "quality": correction.quality}
    is_last = reading.window.end == correction.window.end
    for name in ("import_wh", "export_wh"):
        value = getattr(correction, name)
        if value is not None:
            update[name] = value if is_last else None
    return reading.model_copy(update=update)
