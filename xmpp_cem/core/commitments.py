"""How a VEN judges a version of an event by (epoch, modification), digest, index and time."""

from datetime import datetime
from enum import Enum, auto

from xmpp_cem.core.allocation import share
from xmpp_cem.core.records import Commitment, Confirmed, VenRecord
from xmpp_cem.model.event import Delta, Event, EventStatus
from xmpp_cem.model.resource import Capability


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
    record: VenRecord, known: Commitment | None, event: Event, digest: str, now: datetime
) -> Verdict:
    """Return what to do with a version of an event.

    A higher order applies; an equal one with the same digest is a repeat, with another an alarm; a
    lower one is refused. An item of an epoch below the index's counts only if the index lists it.
    What has ended stays ended, but for what only an index omitted: a VTN whose store was put back
    omits it and may make it again, in a later epoch, and the index then lists it.
    """
    listed = any(entry.event == event.id for entry in record.index)
    if record.index_epoch < 0 or (event.order.epoch < record.index_epoch and not listed):
        return Verdict.UNLISTED
    if known is not None:
        if event.order == known.event.order:
            return Verdict.SAME if digest == known.digest else Verdict.CONFLICT
        is_made_again = _was_omitted(known) and event.order.epoch > known.event.order.epoch
        if event.order < known.event.order or not (known.is_live or (listed and is_made_again)):
            return Verdict.STALE
    if event.is_cancelled:
        return Verdict.CANCEL
    return Verdict.LATE if now >= event.active.end else Verdict.TAKE


def _was_omitted(known: Commitment) -> bool:
    """Whether an event was cancelled by its absence from an index, and not by a version of it."""
    return known.status is EventStatus.CANCELLED and not known.event.is_cancelled


def basis_capability(confirmed: tuple[Confirmed, ...], event: Event) -> Capability | None:
    """Return the capability that a relative signal refers to; a delta refers to the newest."""
    if isinstance(event.signal, Delta):
        return confirmed[-1].capability if confirmed else None
    basis = event.signal.basis
    return next((c.capability for c in reversed(confirmed) if c.at <= basis), None)


def asked_power(event: Event, capability: Capability) -> int:
    """Return the change of power asked of this party, absolute and signed, in W."""
    signal = event.signal
    if isinstance(signal, Delta):
        return signal.power_w
    if signal.direction == "decrease":
        return -share(signal.multiplier, capability.decrease_w)
    return share(signal.multiplier, capability.increase_w)
