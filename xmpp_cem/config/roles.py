"""What each kind of agent is configured with; `role` tells which."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.cascading import Between
from xmpp_cem.config.domains import LowerConfig, UpperConfig, WatchedConfig, refuse_repeats
from xmpp_cem.config.enrolling import EnrolmentConfig, OptScheduleConfig
from xmpp_cem.config.fields import Bounds, HealthAddress
from xmpp_cem.config.guarding import FailsafeConfig
from xmpp_cem.config.resources import ResourceConfig
from xmpp_cem.config.section import Section
from xmpp_cem.config.storing import RetentionConfig, StorePlace
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import DomainId, PartyId
from xmpp_cem.model.time import Instant


class ClockConfig(Section):
    """Simulated time for demonstrations; all parties of one must have the same."""

    origin: Instant
    """When simulated and real time were equal, UTC."""

    speed: Annotated[float, Field(ge=1, le=20)] = 1.0
    """Simulated seconds per real second."""


class ControlConfig(Section):
    """How a site controls its resources."""

    every: Annotated[timedelta, Bounds(0.1, 60, 0.1)] = timedelta(seconds=1)
    """Period of the control loop."""

    driver_timeout: Annotated[timedelta, Bounds(0.1, 300, 0.1)] = timedelta(seconds=5)
    """A resource without a plausible reading for so long is out of service."""

    follow_within: Annotated[timedelta, Bounds(1, 3600)] = timedelta(seconds=60)
    """A resource that could follow its set point and has not for so long is out of service."""


class _Agent(Section):
    """What every file has."""

    party: PartyId
    """Who we are: the `Source` of our messages."""

    clock: ClockConfig | None = None
    """Simulated time; leave it out for real time."""


class _Running(_Agent):
    """What the file of every agent that runs has."""

    health: HealthAddress | None = None
    """Where `GET /healthz` tells how the agent is, such as `127.0.0.1:9100`; without it nowhere."""

    drain: Annotated[timedelta, Bounds(0, 60, 0.1)] = timedelta(seconds=5)
    """How long at the end what waits to be sent may still be sent."""


def _require_settled_in_time(lowers: Iterable[LowerConfig], kept: RetentionConfig) -> None:
    """Raise ValueError when events are forgotten before their results stand."""
    if any(lower.settlement.freeze_after > kept.ended_for for lower in lowers):
        raise ValueError(
            "lower.settlement.freeze_after is longer than retention.ended_for, by which events "
            "are forgotten; raise ended_for or lower freeze_after"
        )


class VtnConfig(_Running):
    """The VTN of one domain, on top of a hierarchy."""

    role: Literal["vtn"]
    """What the agent is."""

    store: StorePlace
    """SQLite file, or PostgreSQL database, with all that must survive a restart."""

    retention: RetentionConfig = RetentionConfig()
    """How much of the past it keeps."""

    lower: LowerConfig
    """The domain it leads."""

    @model_validator(mode="after")
    def _settled_in_time(self) -> Self:
        _require_settled_in_time((self.lower,), self.retention)
        return self


class VenConfig(_Running):
    """A VEN that controls resources of its own."""

    role: Literal["ven"]
    """What the agent is."""

    store: StorePlace
    """SQLite file, or PostgreSQL database, with all that must survive a restart."""

    retention: RetentionConfig = RetentionConfig()
    """How much of the past it keeps."""

    upper: UpperConfig
    """The domain it belongs to."""

    control: ControlConfig = ControlConfig()
    """Its control loop."""

    failsafe: FailsafeConfig | None = None
    """What it holds when it knows nothing; without it, nothing."""

    resources: Annotated[tuple[ResourceConfig, ...], Field(max_length=1000)] = ()
    """What it controls; a program of the integrator's own needs none."""

    enrolments: Annotated[tuple[EnrolmentConfig, ...], Field(max_length=100)] = ()
    """In which programmes the customer takes part, and its word on each."""

    opt_schedules: Annotated[tuple[OptScheduleConfig, ...], Field(max_length=100)] = ()
    """When the VEN answers in its owner's name."""

    @field_validator("upper", mode="before")
    @classmethod
    def _one_above(cls, upper: object) -> object:
        """Say what to do where two VTNs are to reach one site."""
        if isinstance(upper, list):
            raise ValueError(  # noqa: TRY004 pydantic takes no TypeError
                "a site has one VTN; write [upper] once, and for more VTNs put a gateway with an "
                "[[upper]] for each above it"
            )
        return upper

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse_repeats("resource", (resource.id for resource in self.resources))
        refuse_repeats("opt schedule", (schedule.name for schedule in self.opt_schedules))
        if not self.resources and any(not each.resources for each in self.enrolments):
            raise ValueError("an enrolment names no resources, and the file has none; name them")
        return self


class GatewayConfig(_Running, Between):
    """A VEN above and the VTN below; events, answers and readings cascade through it."""

    role: Literal["gateway"]
    """What the agent is."""

    store: StorePlace
    """SQLite file, or PostgreSQL database, with all that must survive a restart."""

    retention: RetentionConfig = RetentionConfig()
    """How much of the past it keeps."""

    @model_validator(mode="after")
    def _settled_in_time(self) -> Self:
        _require_settled_in_time(self.lower, self.retention)
        return self


class OperatorConfig(_Agent):
    """A person's or program's account that commands VTNs and watches their domains."""

    role: Literal["operator"]
    """What the agent is."""

    account: AccountConfig
    """The operator's account; each VTN lists it under `operators`."""

    domains: Annotated[tuple[WatchedConfig, ...], Field(min_length=1, max_length=100)]
    """The domains, the default one first."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse_repeats("domain", (domain.domain for domain in self.domains))
        return self

    def domain(self, name: DomainId | None = None) -> WatchedConfig:
        """Return a domain, the first one by default; raises ConfigError for an unknown one."""
        found = next((d for d in self.domains if name is None or d.domain == name), None)
        if found is None:
            names = ", ".join(d.domain for d in self.domains)
            raise ConfigError(f"there is no domain {name}; choose one of {names}")
        return found


Config = Annotated[
    VtnConfig | VenConfig | GatewayConfig | OperatorConfig, Field(discriminator="role")
]
"""Any agent's configuration, told apart by `role`."""
