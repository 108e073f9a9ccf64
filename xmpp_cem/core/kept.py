"""What every record has, and what records share."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from xmpp_cem.model.position import Position
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
