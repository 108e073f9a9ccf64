"""Commissions a site: tries devices, failsafe and the way to the VTN, and signs what came."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xmpp_cem.agents.holding import hold_together
from xmpp_cem.agents.lent import HELD
from xmpp_cem.agents.overriding import Override, OverrideFile
from xmpp_cem.agents.reaching import reach
from xmpp_cem.agents.run import lasts_of
from xmpp_cem.agents.settings import clock_of, patience_of, site_settings
from xmpp_cem.agents.trial import Check, Limits, Trial, Verdict, uninterrupted
from xmpp_cem.agents.trialfile import TrialFile, TrialOrder, tried_by_agent
from xmpp_cem.config.drivers import load_driver
from xmpp_cem.config.resources import ResourceConfig
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.drivers.driver import Driver
from xmpp_cem.errors import ConfigError, StoreInUseError
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.runtime.ports import Clock
from xmpp_cem.signing import own_key, signed
from xmpp_cem.store.database import DatabaseStore


@dataclass(frozen=True)
class Order:
    """What is to be tried.

    Args:
        resources: only these, and no failsafe; none: all.
        offline: without trying the way to the VTN.
        limits: how far each trial goes.
    """

    resources: tuple[str, ...] = ()
    offline: bool = False
    limits: Limits = field(default_factory=Limits)


async def commission(
    config: VenConfig, order: Order, say: Callable[[Check], None]
) -> dict[str, Any]:
    """Try everything and return the record of it; whatever happens, all devices are released.

    The store is locked meanwhile, so that no agent moves the same devices. Where an agent runs, it
    is that which tries its own.

    Raises:
        ConfigError: there is nothing to try, a driver cannot be built, or an agent tries nothing.
        StoreError: the store is a database that is in use, or cannot be used.
    """
    clock, checks = clock_of(config.clock), list[Check]()

    def note(check: Check) -> None:
        checks.append(check)
        say(check)

    if not config.resources:
        raise ConfigError("the file names no [[resources]]: there is nothing to commission")
    store, began, agent = DatabaseStore(config.store), clock.now(), "stopped"
    try:
        await store.open()
    except StoreInUseError:
        if not isinstance(config.store, Path):
            raise
        agent = "runs"
        await _through_agent(config, config.store, clock, order, note)
    else:
        await _alone(config, store, clock, order, note)
    times = {"began": began.isoformat(), "ended": clock.now().isoformat()}
    return _record(config, order, checks) | times | {"agent": agent}


async def _alone(
    config: VenConfig,
    store: DatabaseStore,
    clock: Clock,
    order: Order,
    note: Callable[[Check], None],
) -> None:
    """Try the devices with drivers of our own, and failsafe; the store is open, and closed then."""
    drivers: dict[str, Driver] = {}
    try:
        drivers = _drivers(config, order, clock)
        if not order.offline:
            await reach(config, clock, lasts_of(config, clock), note)
        held = _overridden(config, clock)
        for name, driver in drivers.items():
            if any(each.holds(name) for each in held):
                note(Check("step", name, Verdict.SKIPPED, HELD))
            else:
                await Trial(name, driver, clock, order.limits, note).run()
        if not order.resources and not held:
            patience = patience_of(config)
            await hold_together(_site(config), drivers, patience, clock, order.limits, note)
    finally:
        await uninterrupted(_closed(drivers, store))


async def _through_agent(
    config: VenConfig, store: Path, clock: Clock, order: Order, note: Callable[[Check], None]
) -> None:
    """Have the agent that runs try its devices, and its failsafe with all of them together."""
    if not order.offline:
        await reach(config, clock, lasts_of(config, clock), note)
    trial = TrialOrder(
        id=derived_id("trial", store, clock.now()),
        at=clock.now(),
        resources=tuple(each.id for each in _chosen(config, order)),
        limits=order.limits,
        failsafe=not order.resources,
    )
    await tried_by_agent(TrialFile.beside(store), trial, clock, note)


def signed_record(config: VenConfig, file: Path, record: Mapping[str, Any]) -> bytes:
    """Return the signed file of a record; the box's key is made on first use.

    Raises:
        ConfigError: the key cannot be used.
    """
    place = config.store if isinstance(config.store, Path) else file
    return signed(record, own_key(place.with_name(f"{place.name}.key")))


def _overridden(config: VenConfig, clock: Clock) -> tuple[Override, ...]:
    """Return what the customer keeps for itself: nobody may move that, an installer neither."""
    if not isinstance(config.store, Path):
        return ()
    return OverrideFile.beside(config.store).read(clock.now())


def _chosen(config: VenConfig, order: Order) -> list[ResourceConfig]:
    wanted = order.resources
    return [each for each in config.resources if not wanted or each.id in wanted]


def _drivers(config: VenConfig, order: Order, clock: Clock) -> dict[str, Driver]:
    """Build the chosen drivers, by resource."""
    return {
        each.id: load_driver(each.driver).build(each.settings, clock.now)
        for each in _chosen(config, order)
    }


def _site(config: VenConfig) -> SiteSettings:
    """Return the site as its agent has it, also where its VTN is still to be found."""
    upper = config.upper.model_copy(update={"vtn": config.upper.vtn or Jid("vtn.invalid", "vtn")})
    return site_settings(config.model_copy(update={"upper": upper}))


async def _closed(drivers: Mapping[str, Driver], store: DatabaseStore) -> None:
    await asyncio.gather(*(driver.close() for driver in drivers.values()), return_exceptions=True)
    await store.close()


def _record(config: VenConfig, order: Order, checks: list[Check]) -> dict[str, Any]:
    """Return the record without its times; JSON, whole numbers and texts alone."""
    return {
        "kind": "xmpp-cem commissioning",
        "version": 1,
        "software": version("xmpp-cem"),
        "party": config.party,
        "domain": config.upper.domain,
        "account": config.upper.account.jid,
        "resources": [{"id": each.id, "driver": each.driver} for each in config.resources],
        "tried": list(order.resources) or "all",
        "step_w": order.limits.step_w,
        "offline": order.offline,
        "checks": [asdict(check) for check in checks],
        "result": str(result_of(checks)),
    }


def result_of(checks: list[Check]) -> Verdict:
    """Return failed if anything has failed, passed if a step of each device has passed."""
    if any(check.verdict is Verdict.FAILED for check in checks):
        return Verdict.FAILED
    steps = [check for check in checks if check.what == "step"]
    is_proven = bool(steps) and all(check.verdict is Verdict.PASSED for check in steps)
    return Verdict.PASSED if is_proven else Verdict.SKIPPED
