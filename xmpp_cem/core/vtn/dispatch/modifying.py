"""How a dispatch becomes another version of itself: what may change, and into what."""

from datetime import datetime

from xmpp_cem.core.call import Call
from xmpp_cem.core.records import Dispatch
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.signal import Delta, Share

_ENDED = frozenset({EventStatus.CANCELLED, EventStatus.COMPLETED})


def why_fixed(dispatch: Dispatch, call: Call, now: datetime) -> str:
    """Return why an event cannot become what is called for, or nothing."""
    event = dispatch.event
    if event.status in _ENDED or now >= event.active.end:
        return "the event has ended"
    if turned := why_turned(dispatch, call):
        return turned
    if call.active.end <= now:
        return "the event would already be over: cancel it instead"
    if call.answer_by <= now:
        return "the deadline for answers has passed"
    if now >= event.active.start and call.active.start != event.active.start:
        return "the event has begun, so that its start stands"
    return ""


def why_turned(dispatch: Dispatch, call: Call) -> str:
    """Return why what is called for needs an event of its own, or nothing."""
    if call.signal.kind != dispatch.signal.kind:
        return "an event keeps its kind of signal: cancel it and create another"
    if call.targets != dispatch.event.targets:
        return "an event keeps its resources: cancel it and create another"
    if call.programme != dispatch.event.programme:
        return "an event cannot leave its programme: cancel it and create another"
    if turns(dispatch, call):
        return "an event cannot turn from decrease to increase: cancel it and create another"
    return ""


def turns(dispatch: Dispatch, call: Call) -> bool:
    """Whether members would have to do the opposite of what they were asked first."""
    signal = dispatch.event.signal
    is_fall = isinstance(signal, Share) and signal.direction == "decrease"
    return call.target_w > 0 if is_fall else call.target_w < 0


def modified(dispatch: Dispatch, call: Call, why: str) -> Dispatch | None:
    """Return the dispatch as it is called for, in its old version; None when it is that already."""
    event = dispatch.event.model_copy(
        update={
            "active": call.active,
            "answer_by": min(call.answer_by, call.active.end),
            "targets": call.targets,
            "mode": call.mode,
            "priority": call.priority,
            "reason": call.reason,
            **call.spread,
        }
    )
    if not isinstance(call.signal, Delta):
        told = {"signal": call.signal, "changes": call.changes}
        event = event.model_copy(update=told)
    if event == dispatch.event and (call.signal, call.changes) == (
        dispatch.signal,
        dispatch.changes,
    ):
        return None
    update = {
        "event": event,
        "target_w": call.target_w,
        "called": call.signal,
        "changes": call.changes,
        "why": why[:256],
    }
    return dispatch.model_copy(update=update)
