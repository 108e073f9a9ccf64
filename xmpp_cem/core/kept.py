"""What every record has, and what records share."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from xmpp_cem.model.position import Position
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.stage import Stage
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value

DomainName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,32}$")]
"""A domain's id, or nothing."""


class Kept(Value):
    """A record of one of our domains; `domain` is empty in a party with one on each side.

    `side` tells whether it is of us as a VEN (`upper`) or as a VTN.
    """

    side: ClassVar[Literal["upper", "lower"]]
    domain: DomainName = ""

    @property
    def key(self) -> str:
        """What tells it apart from others of its kind in its domain."""
        raise NotImplementedError

    @property
    def place(self) -> str:
        """Its key in the store, among the records of all domains."""
        return f"{self.domain}:{self.key}" if self.domain else self.key


class Dropped(Value):
    """What is no longer kept: all up to a position, of windows that ended by `until`."""

    position: Position
    until: Instant


class Conduct(Value):
    """How a member has done its part in an event so far.

    `short` windows on end it delivered too little (below 0: enough, after too little); `strikes`
    counts how often it was asked for less because of that, `returns` how often it came back,
    `rises` how often it promised more than it was counted on for.
    `owed_ws` and `kept_ws` (W s) are what it should have done, and what of that it did. `stage` is
    what it told last of the event's life, at `stage_at`.
    """

    short: int = 0
    strikes: int = 0
    returns: int = 0
    rises: int = 0
    owed_ws: int = 0
    kept_ws: int = 0
    stage: Stage | None = None
    stage_at: Instant | None = None


class Confirmed(Value):
    """A capability revision and when the VTN committed it, by the VTN's clock."""

    capability: Capability
    at: Instant


class Confirmations(Kept):
    """The last few capabilities of a VEN that its VTN has confirmed, newest last.

    They are much, and change seldom: what changes with every report is kept apart.
    """

    side = "upper"
    kind: Literal["confirmed"] = "confirmed"
    confirmed: tuple[Confirmed, ...] = ()

    @property
    def key(self) -> str:
        """One per party."""
        return ""


class Removal(Value):
    """A member that is being expelled or replaced: `deadline` is how long its answer is awaited.

    `successor` is the account that takes the party over, None when nobody does.
    """

    since: Instant
    deadline: Instant
    successor: str | None = None


class Report(Kept):
    """Readings that a VEN has reported, under the position of the message that carried them."""

    side = "upper"
    kind: Literal["report"] = "report"
    position: Position
    readings: tuple[Reading, ...] = Field(min_length=1)

    @property
    def key(self) -> str:
        """The position, so that the order of keys is the order of reports."""
        return f"{self.position.epoch:016d}.{self.position.sequence:016d}"

    @property
    def until(self) -> Instant:
        """The end of its last window."""
        return max(reading.window.end for reading in self.readings)
