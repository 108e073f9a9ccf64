"""Publishes, reads and subscribes at pubsub nodes (XEP-0060, 6 and 7)."""

from xml.etree.ElementTree import Element, SubElement

from xmpp_cem.errors import LocalProtocolError, RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import Access
from xmpp_cem.xmpp.canonical import to_element
from xmpp_cem.xmpp.deliveries import read_item
from xmpp_cem.xmpp.discovery import ASK_SECONDS, Ask
from xmpp_cem.xmpp.forms import write_form

PUBSUB = "http://jabber.org/protocol/pubsub"
PUBLISH_OPTIONS = "http://jabber.org/protocol/pubsub#publish-options"

_NOT_SUBSCRIBED = frozenset({"unexpected-request", "item-not-found"})


class Pubsub:
    """Items and our own subscriptions.

    Args:
        ask: sends an iq.
        account: whose bare address is subscribed.
    """

    def __init__(self, ask: Ask, account: Jid) -> None:
        self._ask = ask
        self._account = Jid(account.bare)

    async def publish(
        self, service: Jid, node: str, item: Item, access: Access, seconds: float
    ) -> None:
        """Publish one item; refused where the node exists with another access model.

        Raises:
            LocalProtocolError: the payload is no XML of at most 60 KiB.
            TransportError: as for every request.
        """
        try:
            payload = to_element(item.payload)
        except ValueError as error:
            raise LocalProtocolError(f"item {item.item_id}: {error}") from error
        content = Element(f"{{{PUBSUB}}}pubsub")
        publish = SubElement(content, f"{{{PUBSUB}}}publish", {"node": node})
        SubElement(publish, f"{{{PUBSUB}}}item", {"id": item.item_id}).append(payload)
        # Without this ejabberd creates a missing node that anybody may read.
        options = SubElement(content, f"{{{PUBSUB}}}publish-options")
        options.append(write_form(PUBLISH_OPTIONS, {"pubsub#access_model": str(access)}))
        await self._ask(service, "set", content, seconds)

    async def retract(self, service: Jid, node: str, item_id: str) -> None:
        """Remove one item; fine when there is none."""
        content = Element(f"{{{PUBSUB}}}pubsub")
        retract = SubElement(content, f"{{{PUBSUB}}}retract", {"node": node})
        SubElement(retract, f"{{{PUBSUB}}}item", {"id": item_id})
        try:
            await self._ask(service, "set", content, ASK_SECONDS)
        except RefusedError as refusal:
            if refusal.condition != "item-not-found":
                raise

    async def fetch(self, service: Jid, node: str, item_ids: tuple[str, ...]) -> tuple[Item, ...]:
        """Return the named items that exist, or all of them; their order means nothing."""
        content = Element(f"{{{PUBSUB}}}pubsub")
        items = SubElement(content, f"{{{PUBSUB}}}items", {"node": node})
        for item_id in item_ids:
            SubElement(items, f"{{{PUBSUB}}}item", {"id": item_id})
        answer = await self._ask(service, "get", content, ASK_SECONDS)
        found = answer.iterfind(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items/{{{PUBSUB}}}item")
        return tuple(item for element in found if (item := read_item(element)) is not None)

    async def subscribe(self, service: Jid, node: str) -> None:
        """Subscribe our bare address; fine when it is already."""
        answer = await self._ask(service, "set", self._own("subscribe", node), ASK_SECONDS)
        state = answer.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}subscription")
        given = "subscribed" if state is None else state.get("subscription", "subscribed")
        if given != "subscribed":
            raise RefusedError("not-authorized", "auth", f"subscription to {node} is {given}")

    async def unsubscribe(self, service: Jid, node: str) -> None:
        """End our bare address's subscription; fine when there is none."""
        try:
            await self._ask(service, "set", self._own("unsubscribe", node), ASK_SECONDS)
        except RefusedError as refusal:
            if refusal.condition not in _NOT_SUBSCRIBED:
                raise

    def _own(self, verb: str, node: str) -> Element:
        content = Element(f"{{{PUBSUB}}}pubsub")
        SubElement(content, f"{{{PUBSUB}}}{verb}", {"node": node, "jid": str(self._account)})
        return content
