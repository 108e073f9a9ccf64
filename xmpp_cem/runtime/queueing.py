"""What waits to be handled, in the order of its arrival and never more than a bound."""

from collections import Counter, deque
from enum import IntEnum

from xmpp_cem.core.inputs import Heard, Input, ItemReceived, PresenceChanged, RequestArrived
from xmpp_cem.messages.envelope import Noun, ReplyError, Verb

MOST = 2000
"""So many inputs may wait. What we caused ourselves is bounded by its cause and always taken."""

TOO_MUCH = ReplyError(code="5.1", reason="more arrives than can be handled; ask again later")
"""What a request is refused with for now."""


NO_ROOM = ReplyError(code="5.1", reason="too much waits to be sent already; ask again later")
"""What a new event is refused with for now."""


class Rank(IntEnum):
    """Who yields first when there is too much: the larger number."""

    OURS = 0
    CONTROL = 1
    STATUS = 2
    TELEMETRY = 3


_SHARE = {Rank.CONTROL: MOST, Rank.STATUS: MOST * 3 // 4, Rank.TELEMETRY: MOST // 2}
"""How many may wait in all for one of that rank to be taken too."""

Entry = tuple[Input | None, str]
"""An input, and the entry of the outbox that leaves with its commit, empty for none."""


class InputQueue:
    """Inputs of an engine that does not keep up: peers' telemetry is shed first, control last.

    What is shed is not lost. A report that is missing is asked for, an item of an event is found by
    the next index, presence by the lease, and a request is refused for now, so that its sender
    repeats it.
    """

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self.shed: Counter[Rank] = Counter()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, what: Input | None, sent: str = "") -> bool:
        """Take an input, or return False: it is shed.

        A newer presence takes the place of an older one of the same connection that still waits.
        """
        rank = rank_of(what)
        if rank is Rank.OURS or len(self._waiting) < _SHARE[rank]:
            self._waiting.append((what, sent))
            return True
        if isinstance(what, PresenceChanged) and self._replace(what):
            return True
        self.shed[rank] += 1
        return False

    def take(self, most: int) -> list[Entry]:
        """Return the oldest ones."""
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]

    def _replace(self, newer: PresenceChanged) -> bool:
        for place, (older, _) in enumerate(self._waiting):
            if isinstance(older, PresenceChanged) and _same(older, newer):
                self._waiting[place] = (newer, "")
                return True
        return False


def rank_of(what: Input | None) -> Rank:
    """Return when an input yields. Only what peers send without being asked ever does."""
    match what:
        case PresenceChanged() | Heard():
            return Rank.STATUS
        case ItemReceived(message=message):
            ranks = {Noun.READINGS: Rank.TELEMETRY, Noun.EVENTS: Rank.STATUS}
            return ranks.get(message.header.noun, Rank.CONTROL)
        case RequestArrived(message=message):
            if message.header.verb is Verb.GET:
                return Rank.STATUS
            is_telemetry = message.header.noun is Noun.READINGS
            return Rank.TELEMETRY if is_telemetry else Rank.CONTROL
        case _:
            return Rank.OURS


def _same(one: PresenceChanged, other: PresenceChanged) -> bool:
    return (one.link, one.sender) == (other.link, other.sender)
