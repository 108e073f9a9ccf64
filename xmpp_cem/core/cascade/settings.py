"""What a gateway is configured with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from xmpp_cem.core.inputs import Link
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.ids import DomainId, ProgrammeId


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
        programmes: which programme below stands for one above; for others that of the same id.
        show_every: how often at most what it shows above changes, unless towards unreachable.
        look_every: how often it looks for what time alone has changed.
        names_told: the domains above that are told names of members; all others hear numbers.
    """

    upper: VenSettings
    lower: VtnSettings
    margin: timedelta = timedelta(seconds=2)
    policy: Policy = Policy.FIRM
    more_upper: tuple[VenSettings, ...] = ()
    more_lower: tuple[VtnSettings, ...] = ()
    programmes: Mapping[ProgrammeId, ProgrammeId] = field(default_factory=dict)
    show_every: timedelta = timedelta(seconds=5)
    look_every: timedelta = timedelta(seconds=1)
    names_told: frozenset[DomainId] = frozenset()

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

    def programme_below(self, above: ProgrammeId | None, lower: VtnSettings) -> ProgrammeId | None:
        """Return the programme in which an event is asked for in a domain below; None for none."""
        wanted = self.programmes.get(above, above) if above else None
        return wanted if wanted in lower.programmes else None

    @property
    def lowers(self) -> tuple[VtnSettings, ...]:
        """As the VTN of every domain below."""
        return (self.lower, *self.more_lower)
