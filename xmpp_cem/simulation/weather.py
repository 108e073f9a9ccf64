"""What goes wrong on the way, drawn from a seed, and how often it did."""

from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from xmpp_cem.simulation.loop import START, VirtualClock

_USUAL_S = 0.03
_LONG_S = 2.0
_SLOW_S = 0.4


class Fault(StrEnum):
    """Everything that can go wrong, each seen on a real server or in a real network."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    REQUEST_TWICE = "request twice"
    REQUEST_REFUSED = "request refused"
    ITEM_TWICE = "item twice"
    ITEM_LATE = "item late"
    SERVICE_REFUSED = "service refused"
    SERVICE_SILENT = "service silent"
    ITEMS_LOST = "acknowledged changes lost"
    ITEMS_BACK = "deleted items back"
    SUBSCRIPTION_LOST = "subscription lost"
    NODE_LOST = "node lost"
    SERVER_KILLED = "server killed"
    STALL = "stall"
    DISCONNECTED = "disconnected"
    SLOW = "slow connection"
    HIBERNATED = "notifications dropped while hibernating"
    KILLED = "party killed"


ON_THE_WAY = (
    Fault.REQUEST_LOST,
    Fault.REPLY_LOST,
    Fault.REQUEST_TWICE,
    Fault.REQUEST_REFUSED,
    Fault.ITEM_TWICE,
    Fault.ITEM_LATE,
    Fault.SERVICE_REFUSED,
    Fault.SERVICE_SILENT,
)
"""The faults that meet single stanzas, at a rate."""


class Weather:
    """Decides the fate of every stanza, and notes whom a fault has met.

    Args:
        random: the seeded source of all of it.
        clock: the time of the simulation.
    """

    def __init__(self, random: Random, clock: VirtualClock) -> None:
        self.random = random
        self.rates: dict[Fault, float] = {}
        self.counts: Counter[Fault] = Counter()
        self.disturbed: list[tuple[datetime, str]] = []
        self.stalled_until = START
        self.slow: set[str] = set()
        self._clock = clock

    def meets(self, fault: Fault, *scopes: str) -> bool:
        """Whether a stanza of these accounts meets this fault; noted when it does."""
        rate = self.rates.get(fault)
        if not rate or self.random.random() >= rate:
            return False
        self.note(fault, *scopes)
        return True

    def note(self, fault: Fault, *scopes: str) -> None:
        """Count a fault, and whom it has met."""
        self.counts[fault] += 1
        now = self._clock.now()
        self.disturbed += [(now, scope) for scope in scopes]

    def arrival(self, account: str = "", *, is_late: bool = False) -> datetime:
        """Return when something that leaves now, from or to an account, arrives."""
        seconds = self.random.random() * (_LONG_S if is_late else _USUAL_S)
        if account in self.slow:
            seconds += _SLOW_S
        return max(self._clock.now() + timedelta(seconds=seconds), self.stalled_until)

    def stall(self, seconds: float) -> None:
        """Let nothing arrive for a while."""
        self.stalled_until = self._clock.now() + timedelta(seconds=seconds)

    def clear(self) -> None:
        """Let no stanza meet a fault any more."""
        self.rates.clear()

    def aftermath(self) -> tuple[float, float]:
        """Return how long the server believes in whom was killed, and when that is back, s."""
        return self.random.choice((0.0, 5.0, 300.0)), self.random.choice((0.0, 0.5, 3.0, 8.0))


class FairWeather(Weather):
    """Nothing goes wrong but what is asked for, and every stanza takes equally long.

    Args:
        clock: the time of the simulation.
        believed_s: how long the server believes in a party that was killed, seconds.
        away_s: after how long it is started anew, seconds.
    """

    def __init__(self, clock: VirtualClock, believed_s: float = 0.0, away_s: float = 0.5) -> None:
        super().__init__(Random(0), clock)  # noqa: S311 no secret
        self._aftermath = believed_s, away_s

    def arrival(self, account: str = "", *, is_late: bool = False) -> datetime:  # noqa: ARG002
        """Return when something that leaves now arrives."""
        return self._clock.now() + timedelta(seconds=_USUAL_S / 2)

    def aftermath(self) -> tuple[float, float]:
        """Return how long the server believes in whom was killed, and when that is back, s."""
        return self._aftermath
