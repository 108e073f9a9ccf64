"""How a VEN judges a version of an event by (epoch, modification), digest, index and time."""

from datetime import datetime
from enum import Enum, auto

from xmpp_cem.core.allocation import share
from xmpp_cem.core.records import Commitment, Confirmed, VenRecord
from xmpp_cem.model.event import Event
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Delta, Place, Share, TargetPower


class Verdict(Enum):
    """What to do with a version of an event."""

    TAKE = auto()
    CANCEL = auto()
    SAME = auto()
    STALE = auto()
    CONFLICT = auto()
    UNLISTED = auto()
    LATE = auto()


def judge(
    record: VenRecord,
    known: Commitment | None,
    event: Event,
    digest: str,
    now: datetime,
    *,
    is_own: bool = False,
) -> Verdict:
    """Return what to do with a version of an event.

    A higher order applies; an equal one with the same digest is a repeat, with another an alarm; a
    lower one is refused. An item of an epoch below the index's counts only if the index lists it;
    what comes to us alone, by transaction, stands in no index.
    """
    listed = any(entry.event == event.id for entry in record.index)
    is_early = record.index_epoch < 0 or event.order.epoch < record.index_epoch
    if is_early and not is_own and not (listed and record.index_epoch >= 0):
        return Verdict.UNLISTED
    if known is not None:
        if event.order == known.event.order:
            return Verdict.SAME if digest == known.digest else Verdict.CONFLICT
        if event.order < known.event.order or not known.is_live:
            return Verdict.STALE
    if event.is_cancelled:
        return Verdict.CANCEL
    return Verdict.LATE if now >= event.active.end else Verdict.TAKE


def basis_capability(confirmed: tuple[Confirmed, ...], event: Event) -> Capability | None:
    """Return the capability that a relative signal refers to; all others refer to the newest."""
    if not isinstance(event.signal, Share):
        return confirmed[-1].capability if confirmed else None
    basis = event.signal.basis
    return next((c.capability for c in reversed(confirmed) if c.at <= basis), None)


def meant(event: Event, capability: Capability) -> Capability:
    """Return the capability of those resources alone that an event is meant for."""
    resources = (r for r in capability.resources if event.targets.mean(r.id, r.kind))
    return capability.model_copy(update={"resources": tuple(resources)})


def asked_power(event: Event, capability: Capability) -> int:
    """Return the change of power asked of this party, absolute and signed, in W; 0 for none."""
    able = meant(event, capability)
    match event.signal:
        case Delta(power_w=power_w):
            return power_w
        case Share(direction="decrease", multiplier=multiplier):
            return -share(multiplier, able.decrease_w)
        case Share(multiplier=multiplier):
            return share(multiplier, able.increase_w)
        case TargetPower(power_w=power_w):
            return power_w - able.power_w
        case _:
            return 0


def why_not(event: Event, capability: Capability, follows: frozenset[str]) -> str:
    """Return why a party cannot follow an event whatever its devices can do, or nothing.

    Args:
        event: what is asked.
        capability: of the party.
        follows: kinds of signals that it can follow; what changes within an event can be followed
            by who follows limits, except for set points.
    """
    signal = event.signal
    if signal.kind not in follows:
        return f"this party does not follow {signal.kind} signals"
    if event.changes and (isinstance(signal, TargetPower) or "limit" not in follows):
        return f"this party does not follow a {signal.kind} that changes within an event"
    if isinstance(signal, TargetPower) and signal.at is not Place.TERMINALS:
        return "this party does not follow set points at the connection point"
    if _turns(event):
        return "this party does not follow an event that turns from decrease to increase"
    if not meant(event, capability).resources:
        return "no resource of this party is meant"
    return ""


def _turns(event: Event) -> bool:
    """Whether power is to fall at one time and to rise at another."""
    signals = (event.signal, *(change.signal for change in event.changes))
    powers = {s.power_w > 0 for s in signals if isinstance(s, Delta) and s.power_w}
    directions = {s.direction for s in signals if isinstance(s, Share)}
    return len(powers) > 1 or len(directions) > 1
