"""When a VTN has to look at an event again: silence, deadline, ends of promises, its end."""

from collections.abc import Iterable

from xmpp_cem.core.effects import SetTimer
from xmpp_cem.core.records import Dispatch, Part

UNTIL = "until"


def due_times(dispatch: Dispatch, parts: Iterable[Part]) -> list[SetTimer]:
    """Return the timers of an event and of what its members have promised for a part of it."""
    event, key = dispatch.event, f"vtn/event/{dispatch.event.id}"
    return [
        SetTimer(f"{key}/silent", event.created + (event.answer_by - event.created) / 2),
        SetTimer(f"{key}/answers", event.answer_by),
        SetTimer(f"{key}/end", dispatch.active.end),
        *(timer for part in parts for timer in ends_of_promise(part)),
    ]


def ends_of_promise(part: Part) -> list[SetTimer]:
    """Return the timer of a member that has promised only a part of the time."""
    if part.answer is None or part.answer.until is None:
        return []
    return [SetTimer(f"vtn/event/{part.event}/{UNTIL}.{part.party}", part.answer.until)]
