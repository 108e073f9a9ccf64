"""Whether an event yields to a higher priority now, read from the timelines of its resources."""

from collections.abc import Iterable

from xmpp_cem.core.life.life import Cause
from xmpp_cem.core.timeline.timeline import Segment


def ranking(event: str, segments: Iterable[Segment]) -> Cause | None:
    """Return what the plan of this instant causes for an event.

    Args:
        event: its id.
        segments: of each resource's timeline the one that holds now.

    Returns:
        That it decides for one of its resources at least, that others decide for all of them, or
        None where it wants none of them now. The table has nothing to do for what is no news.
    """
    mine = [each for each in segments if event == each.cause or event in each.over]
    if not mine:
        return None
    decides = any(event == each.cause for each in mine)
    return Cause.RANKS_AGAIN if decides else Cause.OUTRANKED
