"""Finds communication domains by the open cards on their pubsub services."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from xmpp_cem.errors import ConfigError, RefusedError, RemoteProtocolError
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.model.ids import DomainId, Jid
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import card_node
from xmpp_cem.wire.codec import Flow, decode

CARD_ITEM = "card"

_CARD_NODE = re.compile(r"cem/([a-z0-9-]{1,32})")


class Finder(Protocol):
    """The part of a connection that discovery needs; every coroutine raises TransportError."""

    async def services_of(self, host: str) -> tuple[Jid, ...]:
        """Return a host's pubsub services (XEP-0030)."""
        ...

    async def nodes_of(self, service: Jid) -> tuple[str, ...]:
        """Return the names of the nodes that a service shows us."""
        ...

    async def fetch(
        self, service: Jid, node: str, item_ids: tuple[str, ...] = ()
    ) -> tuple[Item, ...]:
        """Return the named items that exist."""
        ...


@dataclass(frozen=True)
class Found:
    """A domain on a service: its card, or why there is none that can be used."""

    service: Jid
    domain: DomainId
    card: DomainCard | None
    problem: str = ""


async def find_domains(
    finder: Finder, host: str, service: Jid | None = None, domain: DomainId | None = None
) -> tuple[Found, ...]:
    """Return the domains on one service, or on all services of a host.

    Args:
        finder: a connection.
        host: whose services to ask for when `service` is not known.
        service: where to look.
        domain: which one to look for; without it, all whose node the service shows us.

    Raises:
        TransportError: no connection, or the host or service does not answer.
    """
    services = (service,) if service else await finder.services_of(host)
    found = []
    for place in services:
        domains = [domain] if domain else _domains(await finder.nodes_of(place))
        found += [await _read(finder, place, name) for name in domains]
    return tuple(found)


def the_card(found: Sequence[Found], domain: DomainId) -> DomainCard | None:
    """Return the one card of a domain, None when there is none yet.

    Raises:
        ConfigError: two services have one, and we must not guess whom to obey.
    """
    cards = [each.card for each in found if each.card]
    if len(cards) > 1:
        places = " and ".join(card.service for card in cards)
        raise ConfigError(f"domain {domain} has cards on {places}; set upper.vtn, or upper.pubsub")
    return cards[0] if cards else None


def _domains(nodes: Sequence[str]) -> list[DomainId]:
    return [match[1] for node in sorted(nodes) if (match := _CARD_NODE.fullmatch(node))]


async def _read(finder: Finder, service: Jid, domain: DomainId) -> Found:
    try:
        items = await finder.fetch(service, card_node(domain), (CARD_ITEM,))
    except RefusedError as refusal:
        return Found(service, domain, None, f"the service says {refusal.condition}")
    if not items:
        return Found(service, domain, None, "there is no card; its VTN has not run yet")
    try:
        body = getattr(decode(items[0].payload, Flow.EVENT), "body", None)
    except RemoteProtocolError as error:
        return Found(service, domain, None, f"the card cannot be read: {error.reason}")
    if not isinstance(body, DomainCard):
        return Found(service, domain, None, "the item is no card")
    if (body.domain, body.service) != (domain, str(service)):
        return Found(service, domain, None, f"the card is of {body.domain} on {body.service}")
    return Found(service, domain, body)
