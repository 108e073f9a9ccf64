"""What yields when more waits to be sent than may."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from xmpp_cem.model.keeping import Outgoing
from xmpp_cem.runtime.queueing import Rank
from xmpp_cem.runtime.sendqueue import SendQueue
from xmpp_cem.runtime.shedding import sending_rank

_AT_ONCE = 0.01
"""So large a part of the bound is shed at once: looking through all that waits takes time."""


class Waiting(NamedTuple):
    """An entry that could yield, since when it waits, and where."""

    entry: Outgoing
    since: datetime
    queue: SendQueue
    place: int


def yielding(waiting: Iterable[Waiting], to: Rank, too_many: int, most: int) -> list[Waiting]:
    """Return what yields to an entry of a rank: first what matters least, of that the oldest.

    Args:
        waiting: what is not under way.
        to: the rank of what was added.
        too_many: how many must go; a few more do.
        most: the bound.
    """
    lowest = max(to, Rank.STATUS)
    able = [each for each in waiting if sending_rank(each.entry) >= lowest]
    able.sort(key=lambda each: (-sending_rank(each.entry), each.since))
    return able[: too_many + int(most * _AT_ONCE)]
