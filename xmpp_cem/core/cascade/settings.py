"""What a gateway is configured with."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from xmpp_cem.core.inputs import Link
from xmpp_cem.core.venstate import VenSettings
from xmpp_cem.core.vtnstate import VtnSettings


class Policy(StrEnum):
    """When a gateway says yes above, and to how much.

    `FIRM` says what members have confirmed, once all have answered; `EXPECTED` adds at once what
    members who are silent have kept of what was asked so far; `IMMEDIATE` says at once what they
    could do. The last two are corrected by a change of mind.
    """

    FIRM = "firm"
    EXPECTED = "expected"
    IMMEDIATE = "immediate"


@dataclass(frozen=True)
class GatewaySettings:
    """What a gateway is configured with.

    Args:
        upper: as a VEN.
        lower: as a VTN.
        margin: how much earlier than to us members must answer us.
        policy: when it says yes above.
        more_upper: as a VEN in further domains.
        more_lower: as the VTN of further domains.
    """

    upper: VenSettings
    lower: VtnSettings
    margin: timedelta = timedelta(seconds=2)
    policy: Policy = Policy.FIRM
    more_upper: tuple[VenSettings, ...] = ()
    more_lower: tuple[VtnSettings, ...] = ()

    @property
    def uppers(self) -> tuple[VenSettings, ...]:
        """As a VEN in every domain above."""
        return (self.upper, *self.more_upper)

    @property
    def upper_links(self) -> tuple[Link, ...]:
        """The connections above, in the order of `uppers`."""
        if not self.more_upper:
            return (Link.UPPER,)
        return tuple(Link.above(each.domain) for each in self.uppers)

    @property
    def lower_links(self) -> tuple[Link, ...]:
        """The connections below, in the order of `lowers`."""
        if not self.more_lower:
            return (Link.LOWER,)
        return tuple(Link.below(each.domain) for each in self.lowers)

    @property
    def lowers(self) -> tuple[VtnSettings, ...]:
        """As the VTN of every domain below."""
        return (self.lower, *self.more_lower)
