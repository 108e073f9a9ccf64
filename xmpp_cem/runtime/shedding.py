"""Who yields when more waits to be sent than may."""

from xmpp_cem.messages.envelope import Noun, RequestMessage, Verb
from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.queueing import Rank

SHED = "resource-constraint"
"""The condition of what is not sent because too much waits."""

_HALF, _THREE_QUARTERS = 0.5, 0.75
_STARTS = frozenset({(Verb.CREATE, Noun.CONTROLS), (Verb.CHANGE, Noun.CONTROLS)})


def sending_rank(entry: Outgoing) -> Rank:
    """Return when an entry yields: readings first, then status; a control never does."""
    is_readings = entry.kind == "transact" and entry.item_id == Noun.READINGS.value
    if is_readings or entry.kind == "readings":
        return Rank.TELEMETRY
    return Rank.STATUS if entry.kind == "status" else Rank.CONTROL


def may_yield(entry: Outgoing) -> bool:
    """Whether an entry is shed at all."""
    return sending_rank(entry) is not Rank.CONTROL


def share_of(rank: Rank, most: int) -> int:
    """Return how many may wait in all when one of a rank is added, before others yield."""
    shares = {Rank.TELEMETRY: _HALF, Rank.STATUS: _THREE_QUARTERS}
    return int(most * shares.get(rank, 1))


def starts_work(request: RequestMessage) -> bool:
    """Whether a request wants something new to be sent to others; a cancel ends what is there."""
    asked = {(request.header.verb, request.header.noun)}
    if request.operations is not None:
        asked |= {(each.verb, each.noun) for each in request.operations.operations}
    return not asked.isdisjoint(_STARTS)
