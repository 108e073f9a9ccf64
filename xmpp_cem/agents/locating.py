"""Completes a VEN's configuration that names its domain but not the VTN."""

import asyncio
import random

import structlog

from xmpp_cem.agents.connecting import Outcome, running
from xmpp_cem.agents.discovery import find_domains, the_card
from xmpp_cem.agents.settings import credentials_of
from xmpp_cem.config.domains import UpperConfig
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.stream import Stream

_SHORTEST_S, _LONGEST_S = 2.0, 60.0

log = structlog.get_logger()


async def located(upper: UpperConfig) -> UpperConfig:
    """Return the configuration with the VTN's address, waiting for the domain's card.

    Raises:
        ConfigError: the domain has cards on several services.
    """
    failures = 0
    while upper.vtn is None:
        try:
            card = await card_of(upper)
        except TransportError as error:
            why = str(error)
        else:
            if card is not None:
                log.info("the VTN is found", domain=card.domain, vtn=card.vtn)
                return upper.model_copy(update={"vtn": card.vtn, "profile": card.profile})
            why = "no service has its card"
        log.warning("looking for the VTN", domain=upper.domain, why=why)
        failures += 1
        longest = min(_SHORTEST_S * 2 ** min(failures, 10), _LONGEST_S)
        await asyncio.sleep(random.uniform(_SHORTEST_S / 2, longest))  # noqa: S311 no secret
    return upper


async def card_of(upper: UpperConfig) -> DomainCard | None:
    """Return the card of the domain above, None when there is none.

    Raises:
        ConfigError: several services have one, or files cannot be used.
        TransportError: no connection, or the service does not answer.
    """
    outcome = Outcome()
    stream = Stream(
        credentials_of(upper.account, "discover", priority=-1),
        outcome.take,
        admits=lambda _: False,
        services=(),
    )
    service = Jid(upper.pubsub) if upper.pubsub else None
    host = Jid(upper.account.jid).host
    async with running(stream, outcome, upper.account):
        found = await find_domains(stream, host, service, upper.domain)
    return the_card(found, upper.domain)
