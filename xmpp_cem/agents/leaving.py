"""Takes a site out of use: its devices are given back, its registration is ended."""

import asyncio
import secrets

from xmpp_cem.agents.connecting import Outcome, running
from xmpp_cem.agents.reaching import about_registration, with_vtn
from xmpp_cem.agents.settings import clock_of, credentials_of
from xmpp_cem.config.drivers import load_driver
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.messages.envelope import ResponseMessage, Verb
from xmpp_cem.store.database import DatabaseStore
from xmpp_cem.xmpp.stream import Stream

_CALL_S = 10.0


async def let_go(config: VenConfig) -> dict[str, str]:
    """Release every device of a site; returns resource to why it could not be, or nothing.

    The store is locked meanwhile, so that no agent acts.

    Raises:
        ConfigError: a driver cannot be built.
        StoreError: the agent runs.
    """
    clock, store = clock_of(config.clock), DatabaseStore(config.store)
    drivers = {
        each.id: load_driver(each.driver).build(each.settings, clock.now)
        for each in config.resources
    }
    await store.open()
    failed: dict[str, str] = {}
    try:
        for name, driver in drivers.items():
            try:
                async with asyncio.timeout(_CALL_S):
                    await driver.release()
            except Exception as error:  # noqa: BLE001 a driver may raise anything
                failed[name] = f"{type(error).__name__}: {error}".rstrip(": ")
    finally:
        await asyncio.gather(*(d.close() for d in drivers.values()), return_exceptions=True)
        await store.close()
    return failed


async def deregister(config: VenConfig) -> ResponseMessage:
    """End the registration at the VTN and return its answer.

    Raises:
        TransportError: no connection or no answer: the registration may stand.
        RemoteProtocolError: an answer that cannot be read.
    """
    config, outcome = await with_vtn(config), Outcome()
    stream = Stream(
        credentials_of(config.upper.account, f"leave-{secrets.token_hex(4)}", priority=-1),
        outcome.take,
        admits=lambda _: False,
        services=(),
    )
    async with running(stream, outcome, config.upper.account):
        return await about_registration(stream, config, Verb.DELETE, clock_of(config.clock).now())
