"""What members deliver while an event acts, compared with what they were asked: the closed loop."""

from collections.abc import Iterable
from datetime import timedelta

from xmpp_cem.core.readings.metering import Window
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.stated import Stated

SHORT_WINDOWS = 3
"""So many windows on end a member delivers too little before it is asked for less.

A gateway needs some of them to divide anew itself what one of its own members has left.
"""
GOOD_WINDOWS = 3
"""So many windows on end it delivers what it is asked before it is asked for all again."""
MOST_STRIKES = 3
"""After so many times it is not asked for more again until the event's end."""
MOST_RETURNS = 5
"""A member that has gone and come back more often within an event is not counted on in it."""
MOST_RISES = 50
"""A member that has promised less, and then more, more often within an event stays at the less.

So many, because the sum of a gateway rises and falls with each of those behind it.
"""
LENIENT_PART = 10
"""A tenth less than asked is no fault of a member."""


def judged(
    dispatch: Dispatch, part: Part, windows: Iterable[Window], tolerance_w: int
) -> tuple[Part, str]:
    """Return a part after new windows, and why the event has to be divided anew, or nothing.

    A member that delivers too little is counted on for what it delivers; when it does that, it is
    tried again, but not for ever. A window counts that lies after the last division, so that
    everybody had time to follow. What is not measured is not judged: unknown is not zero.

    Args:
        dispatch: the event.
        part: the member's part in it, the windows counted.
        windows: the member's new windows, in any order.
        tolerance_w: how much less than asked is no fault, W.
    """
    since = max(
        dispatch.active.start + timedelta(seconds=_slack_s(dispatch)),
        dispatch.replanned or dispatch.active.start,
    )
    why, acting = "", dispatch.acting
    if acting is None or not isinstance(dispatch.signal, Delta):
        return part, why
    for window in sorted(windows, key=lambda each: each.interval.start):
        inside = since <= window.interval.start and window.interval.end <= acting.end
        if inside and not why:
            part, why = _judged_by(dispatch, part, window, tolerance_w)
    return part, why


def _slack_s(dispatch: Dispatch) -> int:
    """Return how long after the start everybody may still be on the way, seconds."""
    return (dispatch.event.randomise_s or 0) + dispatch.event.ramp_s


def _judged_by(
    dispatch: Dispatch, part: Part, window: Window, tolerance_w: int
) -> tuple[Part, str]:
    """Return a part after one window."""
    answer = part.answer
    if answer is None or answer.opt is Opt.OUT or part.baseline_w is None:
        return part, ""
    sign = -1 if dispatch.target_w < 0 else 1
    promised_w = max(0, sign * answer.power_w)
    owed_w = min(abs(part.asked_w), part.limit_w, promised_w)
    done_w = max(0, sign * (window.power_w - part.baseline_w))
    seconds = int(window.interval.duration.total_seconds())
    known = part.conduct
    owed_ws, kept_ws = (
        known.owed_ws + owed_w * seconds,
        known.kept_ws + min(owed_w, done_w) * seconds,
    )
    part = _with(part, owed_ws=owed_ws, kept_ws=kept_ws)
    if owed_w - done_w > max(tolerance_w, owed_w // LENIENT_PART):
        return _short(part, owed_w, done_w)
    able_w = min(part.capability_w, promised_w)
    if not known.strikes or part.limit_w >= able_w or known.strikes >= MOST_STRIKES:
        return _with(part, short=0), ""
    good = max(0, -known.short) + 1
    if good < GOOD_WINDOWS:
        return _with(part, short=-good), ""
    again = part.model_copy(update={"limit_w": able_w})
    return _with(again, short=0), f"{part.party} delivers again"


def _short(part: Part, owed_w: int, done_w: int) -> tuple[Part, str]:
    """Return a part that has delivered too little once more."""
    short, strikes = max(0, part.conduct.short) + 1, part.conduct.strikes
    if short < SHORT_WINDOWS or strikes >= MOST_STRIKES:
        return _with(part, short=min(short, SHORT_WINDOWS)), ""
    less = part.model_copy(update={"limit_w": done_w})
    why = f"{part.party} delivers {kilowatts(done_w)} of {kilowatts(owed_w)}"
    return _with(less, short=0, strikes=strikes + 1), why


def returned(part: Part) -> Part:
    """Return the part of a member that has come back, by presence or by an answer."""
    return _with(part, returns=min(part.conduct.returns + 1, MOST_RETURNS + 1))


def risen(part: Part, able_w: int, limit_w: int) -> Part:
    """Return the part of a member that promises more than it was counted on for, W, not signed.

    It is not believed for ever, or others would be asked for another amount without end.
    """
    rises = part.conduct.rises + 1
    if rises > MOST_RISES:
        return part
    more = part.model_copy(update={"limit_w": limit_w, "capability_w": able_w})
    return _with(more, rises=rises)


def is_restless(part: Part) -> bool:
    """Whether a member has come and gone too often to be counted on."""
    return part.conduct.returns > MOST_RETURNS


def _with(part: Part, **conduct: object) -> Part:
    return part.model_copy(update={"conduct": part.conduct.model_copy(update=conduct)})


def told_by(part: Part, status: Status) -> Part:
    """Return a part after its member told of it: how far it is, an alarm, what it cannot cover."""
    if status.type is StatusType.BASELINE:
        return _stating(part, status)
    if part.conduct.stage_at is None or part.conduct.stage_at <= status.at:
        part = _with(part, stage=status.type.stage, stage_at=status.at)
    match status.type:
        case StatusType.FAILED:
            return part.model_copy(update={"alarm": status.reason})
        case StatusType.SHORTFALL if part.shortfall_at is None or part.shortfall_at <= status.at:
            reason = status.reason if status.power_w else ""
            return part.model_copy(update={"shortfall": reason, "shortfall_at": status.at})
        case _:
            return part


def _stating(part: Part, status: Status) -> Part:
    """Return a part after its member told the baseline of its group; the newest counts."""
    if status.power_w is None or (part.stated and part.stated.made > status.at):
        return part
    stated = Stated(
        power_w=status.power_w,
        expected=1 if status.expected is None else status.expected,
        reporting=1 if status.reporting is None else status.reporting,
        oldest=status.oldest,
        estimated_share_permille=status.estimated_share_permille or 0,
        quality=status.quality or Quality.VALID,
        made=status.at,
    )
    return part.model_copy(update={"stated": stated})
