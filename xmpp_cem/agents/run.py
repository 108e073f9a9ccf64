"""Runs the agent that a configuration describes, and keeps it running."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog

from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.agents.assemble import gateway_engine, site_engine, vtn_engine
from xmpp_cem.agents.healthz import serving
from xmpp_cem.agents.holding import hold_together
from xmpp_cem.agents.lasting import Lasts, LastsFile
from xmpp_cem.agents.lent import LendingSite
from xmpp_cem.agents.locating import located
from xmpp_cem.agents.overriding import OverridableSite, OverrideFile
from xmpp_cem.agents.restarting import Life, Restarter
from xmpp_cem.agents.sealing import signer
from xmpp_cem.agents.settings import (
    clock_of,
    credentials_of,
    evidence_key,
    gateway_settings,
    patience_of,
    retention_of,
    site_settings,
    speech_of,
    spoken,
    vtn_settings,
)
from xmpp_cem.agents.trialfile import TrialFile
from xmpp_cem.agents.witnessed import WitnessedSite
from xmpp_cem.agents.word import ListeningSite, WordFile
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.domains import LowerConfig
from xmpp_cem.config.drivers import load_driver
from xmpp_cem.config.roles import Config, GatewayConfig, OperatorConfig, VenConfig, VtnConfig
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.drivers.supervised import Supervised
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.link import LinkEvent
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.ports import Application, Clock
from xmpp_cem.signing import own_key
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.xmpp.stream import Stream

log = structlog.get_logger()


async def run(config: Config, application: Application | None = None) -> None:
    """Run an agent until cancelled; what it dies from is logged, then it starts anew.

    A first cancellation lets it send what it must, for as long as `drain` says; a second does not.

    Args:
        config: of a VTN, a VEN or a gateway.
        application: the site's own program instead of the configured resources.

    Raises:
        ConfigError: the configuration describes nothing that runs.
        StoreError: the store cannot be used.
        AgentError: the agent has died again and again.
    """
    if isinstance(config, OperatorConfig):
        raise ConfigError("an operator's file describes no agent that runs; use it with commands")
    clock = clock_of(config.clock)
    structlog.contextvars.bind_contextvars(party=config.party)
    found = config.model_copy()
    drain_s = config.drain.total_seconds()
    lasts = lasts_of(config, clock)
    restarter = Restarter(lambda: _life(found, clock, application, lasts), clock, drain_s)
    async with AsyncExitStack() as stack:
        if config.health:
            await stack.enter_async_context(serving(config.health, restarter.health, lasts.known))
        telling = asyncio.create_task(restarter.tell(), name="health")
        stack.push_async_callback(_ended, telling)
        if isinstance(config, VenConfig):
            found = config.model_copy(update={"upper": await located(config.upper)})
        elif isinstance(config, GatewayConfig):
            uppers = [await located(upper) for upper in config.upper]
            found = config.model_copy(update={"upper": tuple(uppers)})
        await restarter.run()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def lasts_of(config: VtnConfig | VenConfig | GatewayConfig, clock: Clock) -> Lasts:
    """Return what learns how everything last went; for a VEN on a file it is kept beside that."""
    if isinstance(config, VenConfig) and isinstance(config.store, Path):
        return Lasts(clock.now, LastsFile.beside(config.store))
    return Lasts(clock.now)


def _life(
    config: VtnConfig | VenConfig | GatewayConfig,
    clock: Clock,
    application: Application | None,
    lasts: Lasts,
) -> Life:
    """Return an engine from its store, with the configured devices where no program is given."""
    if application is not None or not isinstance(config, VenConfig):
        return Life(_engine(config, clock, application, lasts))
    driven = driven_site(config, clock)
    site: DrivenSite | LendingSite = driven
    if isinstance(config.store, Path):
        settings = site_settings(config)
        site = LendingSite(
            driven,
            TrialFile.beside(config.store),
            OverrideFile.beside(config.store).holds,
            clock,
            partial(hold_together, settings, patience=patience_of(config))
            if settings.failsafe
            else None,
        )
    return Life(_engine(config, clock, site, lasts), site.close)


def driven_site(config: VenConfig, clock: Clock) -> DrivenSite:
    """Return the site of the configured resources.

    Raises:
        ConfigError: a driver cannot be built from its settings.
    """
    patience = patience_of(config)
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


def _engine(
    config: VtnConfig | VenConfig | GatewayConfig,
    clock: Clock,
    application: Application | None,
    lasts: Lasts,
) -> Engine:
    store, speech, kept = DatabaseStore(config.store), speech_of(config), retention_of(config)
    match config:
        case VtnConfig():
            vtn = vtn_settings(config.party, config.lower, config.retention)
            vtn = _signing(vtn, config.lower, config.store)
            engine = vtn_engine(vtn, store, clock, speech, kept)
            _connect(engine, Link.LOWER, config.lower.account)
        case GatewayConfig():
            settings = _signing_all(gateway_settings(config), config)
            engine = gateway_engine(settings, store, clock, speech, kept)
            for link, lower in zip(settings.lower_links, config.lower, strict=True):
                _connect(engine, link, lower.account)
            for link, upper in zip(settings.upper_links, config.upper, strict=True):
                _connect(engine, link, upper.account)
        case VenConfig():
            program: Application = application or driven_site(config, clock)
            listening: ListeningSite | None = None
            if isinstance(config.store, Path):
                file = OverrideFile.beside(config.store)
                program = OverridableSite(program, file, clock.now)
                word = WordFile.beside(config.store)
                program = listening = ListeningSite(program, word, partial(spoken, config))
            program = WitnessedSite(program, lasts)
            engine = site_engine(site_settings(config), store, clock, program, speech, kept)
            if listening is not None:
                listening.tell = engine.put
            lasts.vtn = config.upper.vtn_address
            _connect(engine, Link.UPPER, config.upper.account, lasts)
    return engine


def _signing(settings: VtnSettings, lower: LowerConfig, store: Path | str) -> VtnSettings:
    """Give a VTN the key by which it signs evidence, made now where there is none.

    Raises:
        ConfigError: the key cannot be read or made.
    """
    place = evidence_key(lower, store)
    return settings if place is None else replace(settings, sign=signer(own_key(place)))


def _signing_all(settings: GatewaySettings, config: GatewayConfig) -> GatewaySettings:
    """Give each VTN of a gateway its key; raises as `_signing`."""
    pairs = zip(settings.lowers, config.lower, strict=True)
    lower, *more = (_signing(each, given, config.store) for each, given in pairs)
    return replace(settings, lower=lower, more_lower=tuple(more))


def _connect(
    engine: Engine, link: Link, account: AccountConfig, lasts: Lasts | None = None
) -> None:
    """Log in under the fixed connection: `/vtn` below us, `/ven` above us."""
    intake = engine.intake(link)
    connection = "vtn" if link.is_lower else "ven"

    def deliver(seen: LinkEvent) -> None:
        if lasts is not None:
            lasts.take(seen)
        intake.deliver(seen)

    stream = Stream(
        credentials_of(account, connection),
        deliver,
        admits=intake.is_admitted,
        services=engine.trusted(link),
    )
    engine.attach(link, stream)
