"""The communication domains that an agent takes part in: above as a VEN, below as the VTN."""

from collections.abc import Callable, Hashable, Iterable
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.allocations import load_allocation
from xmpp_cem.config.enrolling import MemberEnrolmentConfig, ProgrammeConfig
from xmpp_cem.config.fields import AccountName, Bounds, PeerName, ServiceName
from xmpp_cem.config.profiles import load_profile
from xmpp_cem.config.section import Section
from xmpp_cem.config.settlement import SettlementConfig
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import DomainId, Jid, PartyId
from xmpp_cem.model.node import Uplink

_DAY = timedelta(days=1)


def _known(load: Callable[[str], object]) -> AfterValidator:
    def check(name: str) -> str:
        try:
            load(name)
        except ConfigError as error:
            raise ValueError(str(error).partition(": ")[2]) from error
        return name

    return AfterValidator(check)


ProfileName = Annotated[str, _known(load_profile)]
"""The name of an installed payload profile."""

AllocationName = Annotated[str, _known(load_allocation)]
"""The name of an installed allocation."""

_Watts = Annotated[int, Field(ge=1, le=10**9)]


def vtn_address(text: str) -> Jid:
    """Return a VTN's full address: its fixed connection is `/vtn` unless another is given."""
    address = Jid.parse(text)
    return Jid(address.bare, address.connection or "vtn")


def refuse_repeats(what: str, values: Iterable[Hashable]) -> None:
    """Raise ValueError when a value comes twice."""
    seen: set[Hashable] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {value} is there twice; remove or rename one")
        seen.add(value)


class UpperConfig(Section):
    """The domain in which this agent is a VEN."""

    domain: DomainId
    """Its id."""

    vtn: PeerName | None = None
    """Its VTN's address, `/vtn` is added when missing; without it the domain's card tells."""

    profile: ProfileName = "iec61968-9"
    """The payload profile that the domain speaks; its card names it."""

    pubsub: ServiceName | None = None
    """Where to look for the card without `vtn`; default: all pubsub services of our host."""

    account: AccountConfig
    """Our account in it; we connect as `/ven`."""

    min_change_w: _Watts = 200
    """A new capability is announced when flexibility has changed by this much, W."""

    min_change_every: Annotated[timedelta, Bounds(1, 3600)] = timedelta(seconds=10)
    """A new capability is announced no more often than this."""

    report_change_w: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """Dead band of reports on change, W: a power that leaves it is told before its window ends.
    Without it, reports come by the schedule alone."""

    report_change_every: Annotated[timedelta, Bounds(0.5, 3600, 0.1)] = timedelta(seconds=2)
    """Reports on change come no more often than this."""

    @model_validator(mode="after")
    def _not_its_own(self) -> Self:
        if self.vtn and self.vtn_address.bare == self.account.jid:
            raise ValueError("vtn and account are the same; a VEN needs an account of its own")
        return self

    @property
    def vtn_bare(self) -> str:
        """The VTN's account; empty as long as it is not known."""
        return self.vtn_address.bare if self.vtn else ""

    @property
    def vtn_address(self) -> Jid:
        """The VTN's full address; raises ValueError as long as it is not known."""
        if self.vtn is None:
            raise ValueError(f"the VTN of {self.domain} is not known")
        return vtn_address(self.vtn)


class MemberConfig(Section):
    """A VEN of the domain: which party speaks through which account."""

    party: PartyId
    """Its id, the `Source` of its messages."""

    account: AccountName
    """Its account."""

    price: Annotated[float, Field(ge=-(10**6), le=10**6)] = 0.0
    """What its flexibility costs, in a unit that all members have in common; for `merit-order`."""

    priority: Annotated[int, Field(ge=0, le=255)] = 100
    """Its place when `priority` divides: 0 is called first."""

    block_w: Annotated[int, Field(ge=0, le=10**9)] = 0
    """It takes nothing or at least this, W, as a load that is on or off."""

    ramp_w_per_s: Annotated[float, Field(gt=0, le=10**9)] | None = None
    """How fast its share can rise, W/s; it is asked for no more than it reaches within an event's
    ramp. At once when it is not given."""

    energy_wh: Annotated[int, Field(ge=0, le=10**12)] | None = None
    """The most that it can shift in one event, Wh; without it no bound."""

    rest: Annotated[timedelta, Bounds(0, 604_800)] = timedelta()
    """How long before and after an event it takes no other one."""

    @property
    def has_terms(self) -> bool:
        """Whether it takes part on terms of its own."""
        return bool(self.model_fields_set - {"party", "account"})


class LowerConfig(Section):
    """The domain that this agent leads as its VTN."""

    domain: DomainId
    """Its id."""

    pubsub: ServiceName
    """Its pubsub service, on which our account may create nodes."""

    account: AccountConfig
    """The VTN's account; we connect as `/vtn`."""

    profile: ProfileName = "iec61968-9"
    """The payload profile: `iec61968-9`, `openadr-2.0b`, or one of another installed package."""

    allocation: AllocationName = "pro-rata"
    """How a target is divided: `pro-rata`, `merit-order`, `priority`, `rotation`,
    `minimum-disturbance`, or one of another installed package."""

    uplink: Literal["auto", "publish", "transaction"] = "auto"
    """How reports travel: `auto` publishes where the service has write-only nodes."""

    heartbeat: Annotated[timedelta, Bounds(10, 300)] = timedelta(seconds=60)
    """How often the index of live events is published at least; VENs miss us by it."""

    report_every: Annotated[timedelta, Bounds(1, 86_400)] = timedelta(seconds=10)
    """Length of a reporting window; divides a day without rest."""

    tolerance_w: _Watts = 100
    """A smaller shortfall is not divided anew, W; 1 % of the target is not either."""

    randomise: Annotated[timedelta, Bounds(0, 1800)] = timedelta(minutes=10)
    """Members begin a change of power of 15 minutes or more at random within this, and within a
    sixth of it; events that tell their own delay, and emergencies, do not take it."""

    lease: Annotated[timedelta, Bounds(5, 3600)] = timedelta(seconds=25)
    """A member that was silent for so long, pings included, is unreachable."""

    grace: Annotated[timedelta, Bounds(1, 60)] = timedelta(seconds=5)
    """How long after connecting members' presences may still be on their way."""

    connection_point: PartyId | None = None
    """The member that only meters what flows for the whole domain; limits leave room for the load
    that it shows and no member answers for."""

    unmanaged_import_w: Annotated[int, Field(ge=0, le=10**9)] = 0
    """Load at the connection point that takes no limit, W; where it is metered, at least this."""

    unmanaged_export_w: Annotated[int, Field(ge=0, le=10**9)] = 0
    """Generation at the connection point that takes no limit, W, likewise."""

    settlement: SettlementConfig = SettlementConfig()
    """By which rules events are settled."""

    operators: Annotated[tuple[AccountName, ...], Field(max_length=100)] = ()
    """Accounts that may command and watch."""

    members: Annotated[tuple[MemberConfig, ...], Field(max_length=1000)] = ()
    """The VENs that are served; nobody else is."""

    programmes: Annotated[tuple[ProgrammeConfig, ...], Field(max_length=100)] = ()
    """The rules under which events may be called."""

    enrolments: Annotated[tuple[MemberEnrolmentConfig, ...], Field(max_length=1000)] = ()
    """Which resources of members are bound to programmes; members may tell more."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse_repeats("member party", (member.party for member in self.members))
        refuse_repeats("member account", (member.account for member in self.members))
        refuse_repeats("operator", self.operators)
        accounts = {member.account for member in self.members}
        if self.account.jid in accounts:
            raise ValueError(f"the VTN {self.account.jid} is its own member; remove that member")
        if self.account.jid in self.operators:
            raise ValueError(f"the VTN {self.account.jid} is an operator too; use two accounts")
        for operator in self.operators:
            if operator in accounts:
                raise ValueError(f"{operator} is member and operator; use two accounts")
        return self

    @model_validator(mode="after")
    def _metered_by_a_member(self) -> Self:
        point = self.connection_point
        if point is not None and point not in {member.party for member in self.members}:
            raise ValueError(f"connection_point {point} is no member; name one of the members")
        return self

    @model_validator(mode="after")
    def _enrolled(self) -> Self:
        refuse_repeats("programme", (programme.id for programme in self.programmes))
        if self.programmes and not load_profile(self.profile).says_rules:
            raise ValueError(
                f"{self.profile} cannot tell VENs of programmes; use iec61968-9, or no programmes"
            )
        for enrolment in self.enrolments:
            if enrolment.programme not in {programme.id for programme in self.programmes}:
                raise ValueError(f"there is no programme {enrolment.programme}; add it")
            if enrolment.party not in {member.party for member in self.members}:
                raise ValueError(f"{enrolment.party} is enrolled and no member; add it")
        return self

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if _DAY % self.report_every:
            raise ValueError(
                f"report_every {self.report_every.total_seconds():g} s does not divide a day; "
                "choose such as PT10S, PT1M or PT15M"
            )
        return self

    @property
    def address(self) -> Jid:
        """Our full address as the VTN."""
        return Jid(self.account.jid, "vtn")

    @property
    def fixed_uplink(self) -> Uplink | None:
        """The uplink; None: the service decides."""
        return None if self.uplink == "auto" else Uplink(self.uplink)


class WatchedConfig(Section):
    """A domain that an operator commands and watches."""

    domain: DomainId
    """Its id."""

    vtn: PeerName
    """Its VTN's address; the connection `/vtn` is added when none is given."""

    pubsub: ServiceName
    """Its pubsub service."""

    profile: ProfileName = "iec61968-9"
    """Its payload profile, in which its VENs' messages are read."""

    members: Annotated[tuple[AccountName, ...], Field(max_length=1000)] = ()
    """Accounts whose presence to watch besides those that the VTN tells."""

    @property
    def vtn_address(self) -> Jid:
        """The VTN's full address."""
        return vtn_address(self.vtn)
