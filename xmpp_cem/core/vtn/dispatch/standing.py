"""How a dispatch stands: what its members promised and what the meters show."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from xmpp_cem.core.readings.metering import Counted, Window
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability, kilowatts
from xmpp_cem.model.event import Event, EventStatus, Order
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.quantity import bounded
from xmpp_cem.model.signal import Delta, Limit, Share, Signal, TargetPower
from xmpp_cem.model.time import Interval

_MOST_GAPS = 100


_MOST_SHARES = 80
"""So many fit into a message, with reasons of usual length."""


def signed(dispatch: Dispatch, power_w: int) -> int:
    """Give a change of power, W, not signed, the sign of its dispatch's target.

    Where nothing is asked for any more it is that of before: who promises is to be heard.
    """
    signal, is_fall = dispatch.event.signal, dispatch.target_w < 0
    if not dispatch.target_w and isinstance(signal, Share):
        is_fall = signal.direction == "decrease"
    return -power_w if is_fall else power_w


def all_counted(
    part: Part, windows: Iterable[Window], baseline_w: int | None, active: Interval
) -> Part:
    """Add the windows that lie wholly inside an event to a member's part, each once."""
    inside = (window for window in windows if _holds(active, window.interval))
    for window in sorted(inside, key=lambda each: each.interval.start):
        part = counted(part, window, baseline_w, active.start)
    return part


def based(part: Part, baseline_w: int | None) -> Part:
    """Note a member's power before an event that has begun: windows do not outlive a restart."""
    if part.baseline_w is not None or baseline_w is None:
        return part
    return part.model_copy(update={"baseline_w": baseline_w})


def counted(part: Part, window: Window, baseline_w: int | None, start: datetime) -> Part:
    """Add a window inside the event, which begins at `start`, to a member's part, once.

    The baseline is the member's mean power before the event; once known it stands. Without one
    nothing is counted: unknown is not zero. A late window counts where one is missing.
    """
    baseline = part.baseline_w if part.baseline_w is not None else baseline_w
    if baseline is None:
        return part
    interval, until = window.interval, part.until or start
    is_late = interval.start < until
    home = next((gap for gap in part.gaps if _holds(gap, interval)), None)
    if is_late and home is None:
        return part
    gaps = tuple(gap for gap in part.gaps if gap != home)
    gaps += _rest(home, interval) if home else _between(until, interval.start)
    seconds = int(interval.duration.total_seconds())
    change_w = window.power_w - baseline
    return part.model_copy(
        update={
            "baseline_w": baseline,
            "delivered_w": part.delivered_w if is_late else change_w,
            "delivered_ws": part.delivered_ws + change_w * seconds,
            "measured_s": part.measured_s + seconds,
            "until": max(until, interval.end),
            "gaps": gaps[-_MOST_GAPS:],
        }
    )


def corrected(part: Part, windows: Iterable[Counted], active: Interval) -> Part:
    """Put corrections of windows that count in a member's part in the place of what was counted."""
    for window, before in windows:
        interval = window.interval
        if before is None or part.baseline_w is None or part.until is None:
            continue
        is_counted = _holds(active, interval) and interval.end <= part.until
        if not is_counted or any(gap.overlap(interval) for gap in part.gaps):
            continue
        seconds = int(interval.duration.total_seconds())
        more_w = window.power_w - before.power_w
        update = {"delivered_ws": part.delivered_ws + more_w * seconds}
        if interval.end == part.until:
            update["delivered_w"] = window.power_w - part.baseline_w
        part = part.model_copy(update=update)
    return part


def _holds(gap: Interval, interval: Interval) -> bool:
    return gap.start <= interval.start and interval.end <= gap.end


def _rest(gap: Interval, interval: Interval) -> tuple[Interval, ...]:
    return _between(gap.start, interval.start) + _between(interval.end, gap.end)


def _between(start: datetime, end: datetime) -> tuple[Interval, ...]:
    return (Interval(start=start, end=end),) if start < end else ()


def status_at(event: Event, now: datetime) -> EventStatus:
    """Return where an event is in its life by the clock; ends are decided, not derived."""
    if event.status in {EventStatus.CANCELLED, EventStatus.COMPLETED}:
        return event.status
    return EventStatus.ACTIVE if now >= event.active.start else EventStatus.FAR


def standing(
    state: VtnState,
    dispatch: Dispatch,
    parts: Mapping[PartyId, Part],
    promised_w: int,
    now: datetime,
) -> DispatchRecord:
    """Return the dispatch record that operators and testers see."""
    measured = [
        part
        for part in parts.values()
        if part.delivered_w is not None
        and state.members[part.party].availability is not Availability.UNREACHABLE
    ]
    return DispatchRecord(
        domain=state.settings.domain,
        event=dispatch.event.id,
        upper=dispatch.upper,
        order=dispatch.event.order,
        status=status_at(dispatch.event, now),
        active=dispatch.active,
        target_w=dispatch.target_w,
        promised_w=bounded(promised_w),
        delivered_w=bounded(sum(p.delivered_w or 0 for p in measured)) if measured else None,
        delivered_wh=bounded(sum(_wh(part.delivered_ws) for part in parts.values())),
        redivisions=dispatch.redivisions,
        asked=None if isinstance(dispatch.signal, Delta) else asked_at(dispatch, now),
        excess_w=dispatch.excess_w if isinstance(dispatch.signal, Limit | TargetPower) else None,
        why=dispatch.why[:256],
        shares=tuple(_share(state, dispatch, parts[party], now) for party in sorted(parts)),
    )


def place_at(dispatch: Dispatch, now: datetime) -> int:
    """Return which of an event's signals holds now, the first before its start."""
    return sum(1 for change in dispatch.changes if change.start <= now)


def asked_at(dispatch: Dispatch, now: datetime) -> Signal:
    """Return what was called for at an instant."""
    place = place_at(dispatch, now)
    return dispatch.changes[place - 1].signal if place else dispatch.signal


def lack(dispatch: Dispatch, can_w: int, tolerance_w: int, verb: str) -> str:
    """Return what is missing of what was called for, for people, or nothing.

    Args:
        dispatch: what was called for.
        can_w: the change of power that may be counted on, W, not signed.
        tolerance_w: so much may be missing of a change of power, W.
        verb: what members do with it, such as `promise`.
    """
    if dispatch.excess_w and isinstance(dispatch.signal, TargetPower):
        return f"the set point is missed by {kilowatts(dispatch.excess_w)}"
    if dispatch.excess_w:
        return f"the limit may be exceeded by {kilowatts(dispatch.excess_w)}"
    asked_w = abs(dispatch.target_w)
    if asked_w - can_w <= tolerance_w:
        return ""
    return f"members {verb} {kilowatts(can_w)} of {kilowatts(asked_w)}"


def version_of(dispatch: Dispatch, part: Part) -> Order:
    """Return the version in which a member was last asked."""
    return part.order or dispatch.event.order


def follows(answer: Answer, last: Answer, said: datetime | None) -> bool:
    """Whether an answer takes the place of the last one.

    A later sequence does, or a later instant, as a member with an older store counts anew. What a
    member `said` to be its last after it had given another, it has forgotten that one.

    Args:
        answer: of a member.
        last: the one of it that is known.
        said: when it was asked what its last one is, by its own clock; None where it was not.
    """
    if answer.sequence > last.sequence or answer.at > last.at:
        return True
    return said is not None and said > last.at and answer != last


def has_answered(dispatch: Dispatch, part: Part) -> bool:
    """Whether a member has answered what it was asked last; a no stands for later versions too."""
    answer = part.answer
    return answer is not None and (
        answer.opt is Opt.OUT or answer.order == version_of(dispatch, part)
    )


def page_of(record: DispatchRecord, after: PartyId = "") -> DispatchRecord:
    """Return a record with so many parts of the members after a party as fit into a message."""
    shares = tuple(share for share in record.shares if share.party > after)
    if len(shares) == len(record.shares) <= _MOST_SHARES:
        return record
    return record.model_copy(
        update={"members": len(record.shares), "shares": shares[:_MOST_SHARES]}
    )


def _wh(watt_seconds: int) -> int:
    """Round watt-seconds to Wh, halves away from zero, for either sign alike."""
    return (abs(watt_seconds) + 1800) // 3600 * (1 if watt_seconds >= 0 else -1)


def _share(state: VtnState, dispatch: Dispatch, part: Part, now: datetime) -> MemberShare:
    answer = part.answer
    told = (answer.reason if answer else part.barred, part.shortfall)
    availability = state.members[part.party].availability
    is_measured = availability is not Availability.UNREACHABLE and part.delivered_w is not None
    return MemberShare(
        party=part.party,
        availability=availability,
        asked_w=part.asked_w,
        opt=answer.opt if answer else None,
        promised_w=answer.power_w if answer and answer.opt is Opt.IN else 0,
        delivered_w=bounded(part.delivered_w or 0) if is_measured else None,
        reason="; ".join(text for text in told if text)[:256],
        asked=part.told[min(place_at(dispatch, now), len(part.told) - 1)] if part.told else None,
        counted_w=part.counted_w,
        alarm=part.alarm,
        stage=part.conduct.stage,
        stage_at=part.conduct.stage_at,
        until=answer.until if answer else None,
        silent_since=_silent_since(dispatch, part),
        stated=part.stated,
    )


def _silent_since(dispatch: Dispatch, part: Part) -> datetime | None:
    """Return since when a member has been asked without an answer; a no stands for all versions."""
    if part.barred or has_answered(dispatch, part):
        return None
    return part.asked_at or dispatch.replanned or dispatch.event.created
