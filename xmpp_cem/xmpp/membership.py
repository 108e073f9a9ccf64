"""Grants and withdraws what accounts may do at a node (XEP-0060, 8.8 and 8.9)."""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Affiliation
from xmpp_cem.xmpp.discovery import ASK_SECONDS, Ask

PUBSUB_OWNER = "http://jabber.org/protocol/pubsub#owner"
BATCH = 50


class Membership:
    """Affiliations and subscriptions of others, at nodes that we own.

    Args:
        ask: sends an iq.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def affiliations(self, service: Jid, node: str) -> dict[str, str]:
        """Return bare address to affiliation; `none` is left out."""
        answer = await self._ask(service, "get", _owner("affiliations", node), ASK_SECONDS)
        found = answer.iterfind(f".//{{{PUBSUB_OWNER}}}affiliation")
        pairs = ((a.get("jid", ""), a.get("affiliation", "none")) for a in found)
        return {account: held for account, held in pairs if held != "none"}

    async def subscribers(self, service: Jid, node: str) -> tuple[str, ...]:
        """Return the bare or full addresses that are subscribed, each once."""
        answer = await self._ask(service, "get", _owner("subscriptions", node), ASK_SECONDS)
        found = answer.iterfind(f".//{{{PUBSUB_OWNER}}}subscription")
        held = (s.get("jid", "") for s in found if s.get("subscription") != "none")
        return tuple(dict.fromkeys(held))

    async def affiliate(self, service: Jid, node: str, wanted: Mapping[str, Affiliation]) -> None:
        """Give accounts their affiliation; `none` also ends their subscriptions first.

        The other order leaves them subscribed on Prosody and ejabberd alike.
        """
        leaving = {a for a, affiliation in wanted.items() if affiliation is Affiliation.NONE}
        if leaving:
            await self._unsubscribe(service, node, leaving)
        for part in _parts(sorted(wanted.items())):
            content = _owner("affiliations", node)
            for account, affiliation in part:
                attributes = {"jid": account, "affiliation": str(affiliation)}
                SubElement(content[0], f"{{{PUBSUB_OWNER}}}affiliation", attributes)
            await self._ask(service, "set", content, ASK_SECONDS)
        if leaving:
            await self._verify_gone(service, node, leaving)

    async def _unsubscribe(self, service: Jid, node: str, accounts: set[str]) -> None:
        subscribed = await self.subscribers(service, node)
        leaving = [(address, "none") for address in subscribed if bare(address) in accounts]
        for part in _parts(leaving):
            content = _owner("subscriptions", node)
            for address, state in part:
                attributes = {"jid": address, "subscription": state}
                SubElement(content[0], f"{{{PUBSUB_OWNER}}}subscription", attributes)
            await self._ask(service, "set", content, ASK_SECONDS)

    async def _verify_gone(self, service: Jid, node: str, accounts: set[str]) -> None:
        still = accounts & (await self.affiliations(service, node)).keys()
        still |= {bare(s) for s in await self.subscribers(service, node)} & accounts
        if still:
            raise RefusedError(
                "conflict", "cancel", f"{', '.join(sorted(still))} still at {node} after removal"
            )


def bare(address: str) -> str:
    """Return the address without its connection part."""
    return address.partition("/")[0]


def _owner(child: str, node: str) -> Element:
    content = Element(f"{{{PUBSUB_OWNER}}}pubsub")
    SubElement(content, f"{{{PUBSUB_OWNER}}}{child}", {"node": node})
    return content


def _parts(pairs: list[tuple[str, str]]) -> Iterable[list[tuple[str, str]]]:
    return (pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH))
