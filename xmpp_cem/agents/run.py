"""Runs the agent that a configuration describes, and keeps it running."""

import asyncio
import random
from datetime import timedelta

import structlog

from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.agents.assemble import gateway_engine, site_engine, vtn_engine
from xmpp_cem.agents.locating import located
from xmpp_cem.agents.settings import (
    clock_of,
    credentials_of,
    gateway_settings,
    retention_of,
    site_settings,
    speech_of,
    vtn_settings,
)
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.drivers import load_driver
from xmpp_cem.config.roles import Config, GatewayConfig, OperatorConfig, VenConfig, VtnConfig
from xmpp_cem.core.inputs import Link
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.errors import ConfigError, StoreError, StoreUnavailableError
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.ports import Application, Clock
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.xmpp.stream import Stream

_SHORTEST_S, _LONGEST_S = 1.0, 60.0
_STEADY = timedelta(minutes=5)

log = structlog.get_logger()


async def run(config: Config, application: Application | None = None) -> None:
    """Run an agent until cancelled; what it dies from is logged, then it starts anew.

    Args:
        config: of a VTN, a VEN or a gateway.
        application: the site's own program instead of the configured resources.

    Raises:
        ConfigError: the configuration describes nothing that runs.
        StoreError: the store cannot be used.
    """
    if isinstance(config, OperatorConfig):
        raise ConfigError("an operator's file describes no agent that runs; use it with commands")
    clock = clock_of(config.clock)
    structlog.contextvars.bind_contextvars(party=config.party)
    if isinstance(config, VenConfig | GatewayConfig):
        config = config.model_copy(update={"upper": await located(config.upper)})
    failures = 0
    while True:
        started = clock.now()
        try:
            await _once(config, clock, application)
        except StoreUnavailableError as error:
            log.error("the agent waits for its store", why=str(error))  # noqa: TRY400 no trace
        except Exception as error:
            _raise_fatal(error)
            log.exception("the agent died and will start anew")
        failures = 0 if clock.now() - started > _STEADY else failures + 1
        longest = min(_SHORTEST_S * 2 ** min(failures, 10), _LONGEST_S)
        await asyncio.sleep(random.uniform(_SHORTEST_S / 2, longest))  # noqa: S311 no secret


async def _once(
    config: VtnConfig | VenConfig | GatewayConfig, clock: Clock, application: Application | None
) -> None:
    """Run an agent until it dies or is cancelled; its devices are let go of."""
    if application is not None or not isinstance(config, VenConfig):
        await _engine(config, clock, application).run()
        return
    site = driven_site(config, clock)
    try:
        await _engine(config, clock, site).run()
    finally:
        await site.close()


def driven_site(config: VenConfig, clock: Clock) -> DrivenSite:
    """Return the site of the configured resources.

    Raises:
        ConfigError: a driver cannot be built from its settings.
    """
    control = config.control
    patience = Patience(control.driver_timeout, control.follow_within)
    return DrivenSite(
        {
            resource.id: Supervised(
                resource.id,
                load_driver(resource.driver).build(resource.settings, clock.now),
                clock,
                patience,
            )
            for resource in config.resources
        }
    )


def _raise_fatal(error: Exception) -> None:
    """Raise what starting anew cannot mend."""
    errors = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
    for single in errors:
        is_passing = isinstance(single, StoreUnavailableError)
        if isinstance(single, ConfigError | StoreError) and not is_passing:
            raise single from error
        if isinstance(single, ExceptionGroup):
            _raise_fatal(single)


def _engine(
    config: VtnConfig | VenConfig | GatewayConfig, clock: Clock, application: Application | None
) -> Engine:
    store, speech, kept = DatabaseStore(config.store), speech_of(config), retention_of(config)
    match config:
        case VtnConfig():
            vtn = vtn_settings(config.party, config.lower, config.retention)
            engine = vtn_engine(vtn, store, clock, speech, kept)
            _connect(engine, Link.LOWER, config.lower.account)
        case GatewayConfig():
            engine = gateway_engine(gateway_settings(config), store, clock, speech, kept)
            _connect(engine, Link.LOWER, config.lower.account)
            _connect(engine, Link.UPPER, config.upper.account)
        case VenConfig():
            program = application or driven_site(config, clock)
            engine = site_engine(site_settings(config), store, clock, program, speech, kept)
            _connect(engine, Link.UPPER, config.upper.account)
    return engine


def _connect(engine: Engine, link: Link, account: AccountConfig) -> None:
    """Log in under the fixed connection: `/vtn` below us, `/ven` above us."""
    intake = engine.intake(link)
    connection = "vtn" if link is Link.LOWER else "ven"
    stream = Stream(
        credentials_of(account, connection),
        intake.deliver,
        admits=intake.is_admitted,
        services=engine.trusted(link),
    )
    engine.attach(link, stream)
