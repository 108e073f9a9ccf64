"""What an event asks of one resource of a site: a share, a part of a set point, a response."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.timeline.bounds import Physical
from xmpp_cem.core.timeline.responding import Responses, curve_for, power_at
from xmpp_cem.core.timeline.timeline import Claim, Kind, Piece
from xmpp_cem.core.ven.site.preparing import window_of
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.signal import Level, Place, Price, Signal, TargetPower, in_proportion


def claim_of(
    commitment: Commitment,
    sample: Sample,
    samples: Iterable[Sample],
    responses: Responses,
    physical: Physical,
) -> Claim | None:
    """Return what an event that is prepared asks of one resource; None for nothing.

    Args:
        commitment: of the event.
        sample: of the resource, at the newest look.
        samples: of all resources of the site.
        responses: the curves of its resources.
        physical: what it can do.
    """
    signal = commitment.event.signal
    if isinstance(signal, Price | Level):
        return _response(commitment, sample, responses, physical)
    baseline_w = _of(commitment.baselines or (), sample.resource)
    if baseline_w is None:
        return None
    if isinstance(signal, TargetPower) and commitment.rooms:
        return _part(commitment, sample.resource, tuple(samples))
    share_w = _of(commitment.shares, sample.resource)
    if not share_w:
        return None
    pieces = [
        Piece(start, end, baseline_w + in_proportion(share_w, signal, later))
        for start, end, later in acting(commitment)
    ]
    return _claim(commitment, pieces, Kind.DISPATCH)


def _of(powers: Iterable[tuple[ResourceId, int]], resource: ResourceId) -> int | None:
    """Return the power of one resource, W; no dictionary of all is made for each of them."""
    return next((power_w for name, power_w in powers if name == resource), None)


def acting(commitment: Commitment) -> list[tuple[datetime, datetime, Signal]]:
    """Return what an event asks while it acts here, as long as was promised."""
    window = window_of(commitment)
    if window is None:
        return []
    begins, ends = window.window.start, commitment.event.active.end
    if commitment.answer and commitment.answer.until:
        ends = min(ends, commitment.answer.until)
    return [
        (max(start, begins), min(end, ends), signal)
        for start, end, signal in commitment.event.stretches
        if end > begins and max(start, begins) < ends
    ]


def _response(
    commitment: Commitment, sample: Sample, responses: Responses, physical: Physical
) -> Claim | None:
    """Return what the resource's own curve makes of a price or level."""
    curve = curve_for(commitment.event.signal, responses.get(sample.resource, ()))
    if curve is None or not commitment.event.targets.mean(sample.resource, sample.kind):
        return None
    pieces = [
        Piece(start, end, power_at(signal, curve, physical))
        for start, end, signal in acting(commitment)
    ]
    return _claim(commitment, pieces, Kind.PRICE_RESPONSE)


def _part(
    commitment: Commitment, resource: ResourceId, samples: tuple[Sample, ...]
) -> Claim | None:
    """Return a resource's part in bringing power to a set point, together with the others."""
    pieces = []
    for start, end, signal in acting(commitment):
        if isinstance(signal, TargetPower):
            powers = set_points(commitment, signal, samples)
            if resource in powers:
                pieces.append(Piece(start, end, powers[resource]))
    return _claim(commitment, pieces, Kind.DISPATCH) if pieces else None


def set_points(
    commitment: Commitment, signal: TargetPower, samples: Iterable[Sample]
) -> Mapping[ResourceId, int]:
    """Return the power of each resource that together bring power to where it is wanted, W.

    At the terminals it is that of all resources that are meant, those that cannot move as they were
    before the event. At the connection point it is all that flows there now.
    """
    event = commitment.event
    falls = {resource: fall_w for resource, fall_w, _ in commitment.rooms}
    rises = {resource: rise_w for resource, _, rise_w in commitment.rooms}
    baselines = {r: w for r, w in commitment.baselines or () if r in falls}
    rest_w = 0
    for sample in samples:
        if sample.resource in baselines:
            continue
        if signal.at is Place.CONNECTION_POINT:
            rest_w += sample.power_w
        elif event.targets.mean(sample.resource, sample.kind):
            rest_w += dict(commitment.baselines or ()).get(sample.resource, sample.power_w)
    change_w = _promised(commitment, signal.power_w - sum(baselines.values()) - rest_w)
    rooms = falls if change_w < 0 else rises
    shares = pro_rata(abs(change_w), {r: rooms.get(r, 0) for r in baselines})
    return {r: w + (-shares[r] if change_w < 0 else shares[r]) for r, w in baselines.items()}


def _promised(commitment: Commitment, change_w: int) -> int:
    """Return what was promised of a change, W, signed: in proportion where it was not all."""
    asked_w, answer = commitment.asked_w, commitment.answer
    promised_w = answer.power_w if answer else 0
    if not asked_w or promised_w == asked_w:
        return change_w
    part = abs(change_w) * abs(promised_w) // abs(asked_w)
    return -part if change_w < 0 else part


def _claim(commitment: Commitment, pieces: list[Piece], kind: Kind) -> Claim | None:
    event, window = commitment.event, window_of(commitment)
    if window is None or not pieces:
        return None
    return Claim(
        event=event.id,
        priority=event.priority,
        created=event.created,
        order=event.order,
        pieces=tuple(pieces),
        kind=kind,
        ramp=timedelta(seconds=event.ramp_s),
        hold=window.release - event.active.end,
        recovery=timedelta(seconds=event.recovery_s),
    )
