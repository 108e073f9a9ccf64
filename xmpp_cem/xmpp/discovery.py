"""Asks what a service offers, and says what we are (XEP-0030, XEP-0199)."""

from typing import Protocol
from xml.etree.ElementTree import Element

from xmpp_cem.errors import RefusedError, RequestTimeoutError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.faults import CLIENT
from xmpp_cem.xmpp.identity import DISCO_INFO, PING, Identity

DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
WRITE_ONLY = "http://jabber.org/protocol/pubsub#publish-only-affiliation"

ASK_SECONDS = 20.0


class Ask(Protocol):
    """Sends an iq and returns the answering stanza; raises TransportError."""

    async def __call__(self, to: Jid, kind: str, content: Element, seconds: float) -> Element:
        """Ask `to` with an iq of `kind` get or set."""
        ...


class Discovery:
    """Questions to services.

    Args:
        ask: sends an iq.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def offers_write_only(self, service: Jid) -> bool:
        """Whether accounts can be allowed to publish without reading (XEP-0060, 4.1)."""
        return WRITE_ONLY in await self._features(service)

    async def services_of(self, host: str) -> tuple[Jid, ...]:
        """Return the pubsub services among a host's items."""
        answer = await self._ask(Jid(host), "get", Element(f"{{{DISCO_ITEMS}}}query"), ASK_SECONDS)
        found = []
        for item in answer.iterfind(f"{{{DISCO_ITEMS}}}query/{{{DISCO_ITEMS}}}item"):
            service = read_address(item.get("jid", ""))
            if await self._is_pubsub(service):
                found.append(service)
        return tuple(found)

    async def nodes_of(self, service: Jid) -> tuple[str, ...]:
        """Return the names of the nodes that a service shows us."""
        answer = await self._ask(service, "get", Element(f"{{{DISCO_ITEMS}}}query"), ASK_SECONDS)
        items = answer.iterfind(f"{{{DISCO_ITEMS}}}query/{{{DISCO_ITEMS}}}item")
        return tuple(node for item in items if (node := item.get("node")))

    async def ping(self, to: Jid, seconds: float) -> bool:
        """Whether the entity itself answers, be it that it does not know pings."""
        try:
            await self._ask(to, "get", Element(f"{{{PING}}}ping"), seconds)
        except RefusedError as refusal:
            return refusal.condition == "feature-not-implemented"
        except RequestTimeoutError:
            return False
        return True

    async def _is_pubsub(self, service: Jid) -> bool:
        try:
            info = await self._info(service)
        except RefusedError:
            return False
        return any(
            (identity.get("category"), identity.get("type")) == ("pubsub", "service")
            for identity in info.iterfind(f"{{{DISCO_INFO}}}query/{{{DISCO_INFO}}}identity")
        )

    async def _features(self, service: Jid) -> set[str]:
        info = await self._info(service)
        features = info.iterfind(f"{{{DISCO_INFO}}}query/{{{DISCO_INFO}}}feature")
        return {feature.get("var", "") for feature in features}

    async def _info(self, service: Jid) -> Element:
        return await self._ask(service, "get", Element(f"{{{DISCO_INFO}}}query"), ASK_SECONDS)


def is_query_to_us(stanza: Element) -> bool:
    """Whether a stanza is a ping or asks what we are."""
    return (
        stanza.tag == f"{{{CLIENT}}}iq"
        and stanza.get("type") == "get"
        and len(stanza) == 1
        and stanza[0].tag in {f"{{{PING}}}ping", f"{{{DISCO_INFO}}}query"}
    )


def answer_query(stanza: Element, identity: Identity) -> Element | None:
    """Return the content of the answer to a query that `is_query_to_us` found."""
    if stanza[0].tag == f"{{{PING}}}ping":
        return None
    return identity.info(stanza[0].get("node"))
