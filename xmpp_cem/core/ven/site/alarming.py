"""Mandatory limits that a site does not keep, because something safer is done: an alarm goes up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.overriding import why_held
from xmpp_cem.core.records import Commitment
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import EventId, PartyId, derived_id
from xmpp_cem.model.signal import Direction, Limit, Place

_PATIENCE = timedelta(seconds=10)
"""So long devices may take to come below a limit."""
_TOLERANCE_W = 100
"""So much more than a limit is no alarm, or one per cent of it."""


class Alarming:
    """Which limits are exceeded, since when, and whether that has been told."""

    def __init__(self, party: PartyId) -> None:
        self._party = party
        self._since: dict[EventId, datetime] = {}
        self._told: set[EventId] = set()

    def look(
        self, commitments: Iterable[Commitment], samples: tuple[Sample, ...], now: datetime
    ) -> list[Status]:
        """Return an alarm, once, for each mandatory limit that is not kept and should be by now."""
        found = {}
        for commitment in commitments:
            excess_w = _excess_w(commitment, samples, now)
            if excess_w:
                found[commitment.event.id] = excess_w
        self._since = {event: self._since.get(event, now) for event in found}
        self._told &= found.keys()
        late = [e for e, since in self._since.items() if now >= since + _PATIENCE]
        alarms = [self._alarm(e, found[e], samples, now) for e in late if e not in self._told]
        self._told.update(late)
        return alarms

    def _alarm(
        self, event: EventId, excess_w: int, samples: tuple[Sample, ...], now: datetime
    ) -> Status:
        held = any(sample.is_overridden or sample.is_faulty for sample in samples)
        why = why_held(samples) if held else "the devices do not follow"
        return Status(
            id=derived_id("alarm", self._party, event, now),
            type=StatusType.FAILED,
            at=now,
            event=event,
            power_w=excess_w,
            reason=f"{kilowatts(excess_w)} above a mandatory limit: {why}"[:256],
        )


def _excess_w(commitment: Commitment, samples: tuple[Sample, ...], now: datetime) -> int:
    """Return by how much a mandatory limit that is in force is exceeded, W; 0 if it is kept."""
    limit = _in_force(commitment, now)
    if limit is None:
        return 0
    mean, at_the_point = commitment.event.targets.mean, limit.at is Place.CONNECTION_POINT
    power_w = sum(
        s.power_w for s in samples if at_the_point or (mean(s.resource, s.kind) and _is_steered(s))
    )
    flow_w = power_w if limit.direction is Direction.IMPORT else -power_w
    excess_w = flow_w - limit.limit_w
    return excess_w if excess_w > max(_TOLERANCE_W, limit.limit_w // 100) else 0


def _in_force(commitment: Commitment, now: datetime) -> Limit | None:
    if not commitment.is_live or not commitment.event.active.contains(now):
        return None
    signals = (signal for start, _, signal in commitment.event.stretches if start <= now)
    newest = list(signals)[-1]
    is_judged = isinstance(newest, Limit) and newest.is_mandatory and newest.phase is None
    return newest if is_judged and isinstance(newest, Limit) else None


def _is_steered(sample: Sample) -> bool:
    return bool(sample.increase_w or sample.decrease_w or sample.is_overridden or sample.is_faulty)
