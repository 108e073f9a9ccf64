"""What the arrival of a version of an event causes, by its order, the index, time and rules."""

from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.core.life.life import Cause
from xmpp_cem.model.event import Order
from xmpp_cem.model.time import Interval


@dataclass(frozen=True, slots=True)
class Version:
    """What is known of a version that has just arrived.

    Args:
        order: its (epoch, modification).
        digest: of its content.
        acting: when it is to act here, offsets of a randomised start included.
        is_cancel: whether it ends the event.
        is_listed: whether it counts by the index: an index is known and lists the event, or is of
            no later epoch.
        is_for_me: whether it is addressed to a resource of this party.
        expires: when the message that carried it expires, None for never.
        is_by_rule: whether programme and enrolment allow it.
        is_able: whether this party has what it asks for and knows what it refers to.
    """

    order: Order
    digest: str
    acting: Interval
    is_cancel: bool = False
    is_listed: bool = True
    is_for_me: bool = True
    expires: datetime | None = None
    is_by_rule: bool = True
    is_able: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """The newest version known of the same event."""

    order: Order
    digest: str


def judge_version(
    version: Version, known: Known | None, now: datetime, *, is_clock_good: bool
) -> Cause:
    """Return what a version causes.

    A repeat, an older version and a cancel are judged without the clock: order alone decides, and
    a cancel is never too late to stop what it can.
    """
    if not version.is_listed:
        return Cause.UNLISTED
    if known is not None and version.order == known.order:
        return Cause.SAME if version.digest == known.digest else Cause.CONFLICT
    if known is not None and version.order < known.order:
        return Cause.OLDER
    if version.is_cancel:
        return Cause.CANCEL
    return _by_time(version, now, is_clock_good=is_clock_good) or _by_content(version, now)


def _by_time(version: Version, now: datetime, *, is_clock_good: bool) -> Cause | None:
    if not is_clock_good:
        return Cause.CLOCK_IMPLAUSIBLE
    if now >= version.acting.end:
        return Cause.TOO_LATE
    if version.expires is not None and now >= version.expires:
        return Cause.MESSAGE_EXPIRED
    return None


def _by_content(version: Version, now: datetime) -> Cause:
    if not version.is_for_me:
        return Cause.NOT_FOR_ME
    if not version.is_by_rule:
        return Cause.RULE_BROKEN
    if not version.is_able:
        return Cause.UNSUPPORTED
    return Cause.POSTPONED if now < version.acting.start else Cause.NEWER
