"""Set points of a site's resources from its commitments: the desired state at an instant."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.sampling import Sampling
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import SetPoint
from xmpp_cem.model.event import Mode
from xmpp_cem.model.ids import ResourceId


def acting(commitments: Iterable[Commitment], now: datetime) -> Commitment | None:
    """Return the commitment that moves power now: the highest priority, then the newest.

    Of equal ones the lowest id does, so that a restart, which changes their order, changes nothing.
    """
    active = [c for c in commitments if _moves_power(c) and c.event.active.contains(now)]
    return min(active, key=_rank, default=None)


def _rank(commitment: Commitment) -> tuple[int, float, str]:
    event = commitment.event
    return event.priority, -event.created.timestamp(), event.id


def prepared(commitment: Commitment, sampling: Sampling, over: timedelta) -> Commitment:
    """Fix baselines at the start, once, and divide what was promised over the resources.

    Right after a restart, before the devices have been read, nothing can be fixed yet.
    """
    if not sampling.latest:
        return commitment
    start = commitment.event.active.start
    power_w = commitment.answer.power_w if commitment.answer else 0
    baselines = commitment.baselines
    if baselines is None:
        known = ((s.resource, sampling.baseline(s.resource, start, over)) for s in sampling.latest)
        baselines = tuple((resource, w) for resource, w in known if w is not None)
    limits = commitment.limits or _limits(sampling, is_fall=power_w < 0)
    shares = pro_rata(abs(power_w), dict(limits))
    signed = {r: -w if power_w < 0 else w for r, w in shares.items()}
    return commitment.model_copy(
        update={"baselines": baselines, "limits": limits, "shares": tuple(signed.items())}
    )


def set_points(commitment: Commitment | None, sampling: Sampling) -> tuple[SetPoint, ...]:
    """Return the power each resource is to have: baseline plus share, or free."""
    shares = dict(commitment.shares) if commitment else {}
    baselines = dict(commitment.baselines or ()) if commitment else {}
    return tuple(
        SetPoint(resource=s.resource, power_w=_target(s.resource, shares, baselines))
        for s in sampling.latest
    )


def _target(
    resource: ResourceId, shares: dict[ResourceId, int], baselines: dict[ResourceId, int]
) -> int | None:
    if not shares.get(resource) or resource not in baselines:
        return None
    return baselines[resource] + shares[resource]


def _limits(sampling: Sampling, *, is_fall: bool) -> tuple[tuple[ResourceId, int], ...]:
    return tuple(
        (s.resource, s.decrease_w if is_fall else s.increase_w)
        for s in sampling.latest
        if not s.is_overridden and not s.is_faulty
    )


def _moves_power(commitment: Commitment) -> bool:
    answer = commitment.answer
    is_in = answer is not None and answer.opt is Opt.IN
    return commitment.is_live and is_in and commitment.event.mode is not Mode.COMMS
