"""What each resource of a site is to do: its commitments' claims and limits, in one timeline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from xmpp_cem.core.life.life import State
from xmpp_cem.core.life.lifecycle import ENDED
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.timeline.bounds import Cap, Physical, Range, divided, flow_w
from xmpp_cem.core.timeline.responding import NO_RESPONSES, Responses
from xmpp_cem.core.timeline.timeline import timeline
from xmpp_cem.core.timeline.trajectory import Setting, setting_at
from xmpp_cem.core.ven.site.claiming import claim_of
from xmpp_cem.core.ven.site.preparing import moves_power
from xmpp_cem.core.ven.site.relevance import relevant
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import EventId, ResourceId
from xmpp_cem.model.signal import Direction, Limit, Place, Signal

_ANY = Physical(Range(-(10**12), 10**12))
"""What a resource can do whose device tells no limits; events ask within what it offered."""


@dataclass(frozen=True)
class Plan:
    """What holds now: a setting of each resource, and the events that decide for one at least."""

    settings: Mapping[ResourceId, Setting] = field(default_factory=dict)

    @property
    def causes(self) -> frozenset[EventId]:
        """The events that decide now."""
        return frozenset(s.segment.cause for s in self.settings.values() if s.segment.cause)

    @property
    def moved(self) -> frozenset[ResourceId]:
        """The resources for which an event decides now."""
        return frozenset(name for name, s in self.settings.items() if s.segment.cause)

    @property
    def is_limited(self) -> bool:
        """Whether a limit of an event or of the failsafe is in force."""
        return any(setting.segment.limits for setting in self.settings.values())


def plan(
    newest: Iterable[Commitment],
    own: Iterable[Cap],
    samples: tuple[Sample, ...],
    free_w: Mapping[ResourceId, int],
    now: datetime,
    responses: Responses = NO_RESPONSES,
) -> Plan:
    """Return what every resource is to do at an instant.

    Args:
        newest: all that are known, what is over last first; what ended lately counts too.
        own: limits that the VEN holds by itself, of all its resources together.
        samples: the newest look at the devices.
        free_w: the power of each resource when no event decides, W.
        now: the instant.
        responses: how resources respond to prices and levels.
    """
    moving = [c for c in relevant(newest, now) if moves_power(c)]
    caps = [(cap, None) for cap in own] + [c for each in moving for c in _caps(each)]
    parts = _divided(caps, samples)
    settings = {}
    for sample in samples:
        name = sample.resource
        physical = Physical.of(sample.limits) if sample.limits else _ANY
        able = physical if sample.limits else Physical(_reach(sample))
        claims = [
            claim for each in moving if (claim := claim_of(each, sample, samples, responses, able))
        ]
        line = timeline(claims, parts.get(name, ()), physical)
        settings[name] = setting_at(line, free_w.get(name, sample.power_w), now)
    return Plan(settings)


def _caps(commitment: Commitment) -> list[tuple[Cap, Commitment | None]]:
    """Return the limits of an event, until its end; a cancelled one has none."""
    event = commitment.event
    if commitment.status in ENDED and commitment.status is not State.REFUSED:
        return []
    return [
        (
            Cap(
                event.id,
                start,
                end,
                signal.direction,
                signal.limit_w,
                signal.phase,
                is_mandatory=signal.is_mandatory,
            ),
            commitment,
        )
        for start, end, signal in event.stretches
        if isinstance(signal, Limit)
    ]


def _divided(
    caps: Iterable[tuple[Cap, Commitment | None]], samples: tuple[Sample, ...]
) -> dict[ResourceId, list[Cap]]:
    """Divide each limit over the resources that it bounds together.

    What its owner keeps, or what does not answer, takes none: its flow comes first. At the
    connection point, and where it is the VEN's own, what nobody controls counts too.
    """
    parts: dict[ResourceId, list[Cap]] = {}
    steered = [s for s in samples if (s.increase_w or s.decrease_w) and not s.is_overridden]
    for cap, commitment in caps:
        able = {s.resource: Physical(_reach(s)) for s in steered if _is_meant(commitment, s)}
        is_all = commitment is None or _is_at_the_point(commitment.event.signal)
        rest_w = sum(
            flow_w(cap, Physical(_present(s))) if _is_adrift(s) else _flow_w(cap.direction, s)
            for s in samples
            if s.resource not in able and (is_all or (_is_adrift(s) and _is_meant(commitment, s)))
        )
        for name, part in divided(cap, able, rest_w).items():
            parts.setdefault(name, []).append(part)
    return parts


def _is_adrift(sample: Sample) -> bool:
    return sample.is_overridden or sample.is_faulty


def _is_meant(commitment: Commitment | None, sample: Sample) -> bool:
    return commitment is None or commitment.means(sample.resource, sample.kind)


def _is_at_the_point(signal: Signal) -> bool:
    return isinstance(signal, Limit) and signal.at is Place.CONNECTION_POINT


def _flow_w(direction: Direction, sample: Sample) -> int:
    return max(0, sample.power_w if direction is Direction.IMPORT else -sample.power_w)


def _present(sample: Sample) -> Range:
    return Range(min(0, sample.power_w), max(0, sample.power_w))


def _reach(sample: Sample) -> Range:
    """Return between which powers a resource can be now, rest included."""
    return Range(
        min(0, sample.power_w - sample.decrease_w), max(0, sample.power_w + sample.increase_w)
    )
