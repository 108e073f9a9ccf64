"""What was seen from outside: commits, set points, answers and the time of each."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from xmpp_cem.model.event import Order
from xmpp_cem.model.keeping import Batch
from xmpp_cem.simulation.loop import START

_MOVING = {"dispatch", "commitment"}


@dataclass(frozen=True)
class Committed:
    """A store has taken a batch."""

    number: int
    at: datetime
    party: str
    batch: Batch


@dataclass(frozen=True)
class Applied:
    """A device was told its power, W, or None to run free."""

    number: int
    at: datetime
    site: str
    power_w: int | None


@dataclass(frozen=True)
class Asked:
    """A customer's program was asked to decide on a version of an event."""

    number: int
    at: datetime
    site: str
    life: int
    event: str
    order: Order


@dataclass(frozen=True)
class Said:
    """A party has put something on the wire that it keeps in its outbox."""

    number: int
    party: str
    payload: bytes


@dataclass(frozen=True)
class Answered:
    """A party has answered a transaction."""

    number: int
    party: str
    sender: str
    request: bytes
    reply: bytes


@dataclass(frozen=True)
class Lived:
    """A party was started (`is_up`), or was killed."""

    number: int
    at: datetime
    party: str
    is_up: bool


@dataclass(frozen=True)
class Linked:
    """A connection of a party was bound, or lost; `account` is a bare address."""

    number: int
    at: datetime
    account: str
    is_up: bool


@dataclass(frozen=True)
class PutBack:
    """A party's store became again what it was at the number `copied`."""

    number: int
    at: datetime
    party: str
    copied: int


@dataclass
class Command:
    """What an operator wanted of a VTN, and what came of it.

    Args:
        verb: `create`, `change` or `cancel`.
        event: the event.
        target_w: the change of power asked for, W.
        result: of the last answer, empty while there is none.
        codes: its error codes.
        until: when the operator gives up.
    """

    verb: str
    event: str
    until: datetime
    target_w: int = 0
    result: str = ""
    codes: tuple[str, ...] = ()


class Told(NamedTuple):
    """A line of the trace, or something that a program logged; a line only when it is read."""

    at: datetime
    who: str
    what: str
    detail: object
    is_logged: bool = False

    @property
    def line(self) -> str:
        """How it is written."""
        seconds = (self.at - START).total_seconds()
        if self.is_logged:
            return f"{seconds:10.4f}          | {self.detail}"
        return f"{seconds:10.4f} {self.who:8} {self.what} {self.detail}"


@dataclass
class Evidence:
    """Everything seen, in one order; the audit knows nothing else.

    Args:
        now: what time it is.
        is_traced: whether there is a trace too, which the audit does not need.
    """

    now: Callable[[], datetime]
    is_traced: bool = True
    commits: list[Committed] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    lives: list[Lived] = field(default_factory=list)
    links: list[Linked] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    put_back: list[PutBack] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    _number: int = 0

    @property
    def doings(self) -> int:
        """How many decisions, reports and answers to transactions there were."""
        rows = (row for made in self.commits for row in made.batch.put)
        return len(self.asked) + len(self.answered) + sum(row.kind == "report" for row in rows)

    def has_moved_since(self, since: datetime) -> bool:
        """Whether a version of an event, or an answer, was committed after an instant."""
        late = takewhile(lambda made: made.at > since, reversed(self.commits))
        return any(row.kind in _MOVING for made in late for row in made.batch.put)

    def next(self) -> int:
        """Return the number of the next thing seen."""
        self._number += 1
        return self._number

    def tell(self, who: str, what: str, detail: object = "") -> None:
        """Add a line to the trace."""
        if self.is_traced:
            self.told.append(Told(self.now(), who, what, detail))

    def explain(self, text: str) -> None:
        """Add what a program logged to the story, which is for people; the trace stays as it is."""
        self.told.append(Told(self.now(), "", "", text, is_logged=True))

    @property
    def story(self) -> list[str]:
        """The trace, and what programs logged."""
        return [told.line for told in self.told]

    @property
    def digest(self) -> str:
        """A hash of the trace: equal seeds have equal ones."""
        lines = [told.line for told in self.told if not told.is_logged]
        return hashlib.blake2b("\n".join(lines).encode(), digest_size=12).hexdigest()
