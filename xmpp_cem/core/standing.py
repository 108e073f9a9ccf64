"""How a dispatch stands: what its members promised and what the meters show."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.metering import MOST_W, Window
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtnstate import VtnState
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event, EventStatus
from xmpp_cem.model.ids import PartyId


def signed(dispatch: Dispatch, power_w: int) -> int:
    """Give a change of power, W, not signed, the sign of its dispatch's target."""
    return -power_w if dispatch.target_w < 0 else power_w


def counted(part: Part, window: Window, baseline_w: int | None) -> Part:
    """Add a window inside the event to a member's part.

    The baseline is the member's mean power before the event; once known it stands. Without one
    nothing is counted: unknown is not zero.
    """
    baseline = part.baseline_w if part.baseline_w is not None else baseline_w
    if baseline is None or (part.until is not None and window.interval.start < part.until):
        return part
    seconds = int(window.interval.duration.total_seconds())
    change_w = window.power_w - baseline
    return part.model_copy(
        update={
            "baseline_w": baseline,
            "delivered_w": change_w,
            "delivered_ws": part.delivered_ws + change_w * seconds,
            "measured_s": part.measured_s + seconds,
            "until": window.interval.end,
        }
    )


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
        promised_w=_bounded(promised_w),
        delivered_w=_bounded(sum(p.delivered_w or 0 for p in measured)) if measured else None,
        delivered_wh=_bounded(sum(_wh(part.delivered_ws) for part in parts.values())),
        redivisions=dispatch.redivisions,
        why=dispatch.why[:256],
        shares=tuple(_share(state, part) for part in parts.values()),
    )


def _bounded(quantity: int) -> int:
    """Keep a sum of what members claim within what a message can carry."""
    return max(-MOST_W, min(MOST_W, quantity))


def _wh(watt_seconds: int) -> int:
    """Round watt-seconds to Wh, halves away from zero, for either sign alike."""
    return (abs(watt_seconds) + 1800) // 3600 * (1 if watt_seconds >= 0 else -1)


def _share(state: VtnState, part: Part) -> MemberShare:
    answer = part.answer
    availability = state.members[part.party].availability
    is_measured = availability is not Availability.UNREACHABLE and part.delivered_w is not None
    return MemberShare(
        party=part.party,
        availability=availability,
        asked_w=part.asked_w,
        opt=answer.opt if answer else None,
        promised_w=answer.power_w if answer and answer.opt is Opt.IN else 0,
        delivered_w=_bounded(part.delivered_w or 0) if is_measured else None,
        reason=answer.reason if answer else "",
    )
