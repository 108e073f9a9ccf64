"""What a gateway is configured with: the domains above and below it, and how it carries events."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from xmpp_cem.config.domains import LowerConfig, UpperConfig, refuse_repeats
from xmpp_cem.config.enrolling import AboveEnrolmentConfig
from xmpp_cem.config.fields import Bounds
from xmpp_cem.config.section import Section
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import DomainId, PartyId, ProgrammeId


class CascadeConfig(Section):
    """How a gateway carries events down and answers up."""

    answer_margin: Annotated[timedelta, Bounds(0.1, 60, 0.1)] = timedelta(seconds=2)
    """How much earlier than to the domain above members must answer us."""

    policy: Literal["firm", "expected", "immediate"] = "firm"
    """When it says yes above: `firm` to what members have confirmed, once all have answered;
    `expected` at once, adding what silent members have kept of what was asked so far; `immediate`
    at once to what members can do. The last two are corrected by a change of mind."""

    show_every: Annotated[timedelta, Bounds(0, 3600)] = timedelta(seconds=5)
    """How often at most its presence above changes, unless towards unreachable."""

    names_told: Annotated[tuple[DomainId, ...], Field(max_length=16)] = ()
    """The domains above that are told names: who does not take part in an event, and whose alarm it
    is. All others hear numbers alone."""

    programmes: dict[ProgrammeId, ProgrammeId] = Field(default_factory=dict)
    """Which programme below stands for one above, as `peak = "homes"`; without an entry the same
    id. A domain below that has no such programme gets an event without one."""


def _tables(given: Any) -> Any:
    return (given,) if isinstance(given, Mapping) else given


_Tables = (BeforeValidator(_tables), Field(min_length=1, max_length=16))


class Between(Section):
    """The domains that a gateway stands between.

    One of each is written as a table, `[upper]`; several as `[[upper]]`. A domain that is added
    later comes after the others: what a store of before holds is the first one's.
    """

    party: PartyId
    """Who we are: the `Source` of our messages."""

    upper: Annotated[tuple[UpperConfig, ...], *_Tables]
    """The domains in which it is a VEN."""

    lower: Annotated[tuple[LowerConfig, ...], *_Tables]
    """The domains that it leads."""

    cascade: CascadeConfig = CascadeConfig()
    """How it carries events."""

    enrolments: Annotated[tuple[AboveEnrolmentConfig, ...], Field(max_length=100)] = ()
    """In which programmes above it takes part with all that it stands for."""

    @model_validator(mode="after")
    def _programmes_exist(self) -> Self:
        known = {programme.id for lower in self.lower for programme in lower.programmes}
        for below in self.cascade.programmes.values():
            if below not in known:
                raise ValueError(f"cascade.programmes names {below}, which lower has not; add it")
        return self

    @model_validator(mode="after")
    def _names_are_told_above(self) -> Self:
        above = {each.domain for each in self.upper}
        for domain in self.cascade.names_told:
            if domain not in above:
                raise ValueError(f"cascade.names_told has {domain}, which is no domain above")
        return self

    def lower_of(self, domain: DomainId | None) -> LowerConfig | None:
        """Return one of the domains that it leads, the first by default."""
        return next((each for each in self.lower if domain in {None, each.domain}), None)

    @model_validator(mode="after")
    def _no_loop(self) -> Self:
        """Refuse what would carry events in a circle, as far as one file shows it."""
        above = {each.domain: each for each in self.upper}
        refuse_repeats("domain above", (each.domain for each in self.upper))
        refuse_repeats("domain below", (each.domain for each in self.lower))
        accounts = [each.account.jid for each in self.upper]
        refuse_repeats("account", accounts + [each.account.jid for each in self.lower])
        for lower in self.lower:
            if lower.domain in above:
                raise ValueError(
                    f"upper.domain and lower.domain are both {lower.domain}; "
                    "a gateway stands between two domains"
                )
            if self.party in {member.party for member in lower.members}:
                raise ValueError(f"{self.party} is a member of its own domain; remove that member")
            own = {each.account.jid for each in self.upper}
            for member in lower.members:
                if member.account in own:
                    raise ValueError(
                        f"{member.account} is our account above and a member of {lower.domain}: "
                        "events would go in a circle; remove that member"
                    )
                if any(member.account == each.vtn_bare for each in self.upper):
                    raise ValueError(
                        f"{member.account} leads a domain above us and is a member of "
                        f"{lower.domain}: events would go in a circle; remove that member"
                    )
        return self


def refuse_circles(gateways: Iterable[Between]) -> None:
    """Refuse gateways that together would carry events in a circle.

    Raises:
        ConfigError: it names the domains of a circle in the order in which an event would pass.
    """
    above: dict[DomainId, set[DomainId]] = {}
    for gateway in gateways:
        for lower in gateway.lower:
            above.setdefault(lower.domain, set()).update(u.domain for u in gateway.upper)
    try:
        TopologicalSorter(above).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ConfigError(
            f"lower: events would go in a circle: {circle}; take one of these domains out of a file"
        ) from None
