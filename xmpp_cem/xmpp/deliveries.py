"""Reads pubsub notifications (XEP-0060, 7.1.2) into values without iterating stanzas."""

import logging
from collections.abc import Collection, Iterator
from xml.etree.ElementTree import Element

from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, Item, Retraction
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.canonical import local_name, to_bytes

PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event"

_log = logging.getLogger("xmpp_cem.xmpp")


def read_notification(
    message: Element, services: Collection[str]
) -> tuple[Delivery | Retraction, ...]:
    """Return the items and retractions of one `<message/>`, in document order.

    Only direct children count, so wrapped copies (carbons, forwards, archives) yield nothing.

    Args:
        message: the stanza.
        services: addresses whose notifications we believe; anybody can send such a message.
    """
    events = message.findall(f"{{{PUBSUB_EVENT}}}event")
    if not events or message.get("type") == "error":
        return ()
    sender = message.get("from", "")
    if sender not in services:
        _log.warning("notification from %r dropped: not a pubsub service of ours", sender)
        return ()
    source = read_address(sender)
    return tuple(value for event in events for value in _changes(event, source))


def read_item(item: Element) -> Item | None:
    """Return one `<item/>`, or None when its payload has no canonical form."""
    publisher = item.get("publisher")
    try:
        payload = to_bytes(item[0]) if len(item) else b""
        author = read_address(publisher) if publisher else None
    except ValueError as error:
        _log.warning("item %r dropped: %s", item.get("id"), error)
        return None
    return Item(item.get("id", ""), payload, author)


def _changes(event: Element, sender: Jid) -> Iterator[Delivery | Retraction]:
    for items in event.findall(f"{{{PUBSUB_EVENT}}}items"):
        node = items.get("node", "")
        for child in items:
            if local_name(child) == "retract":
                yield Retraction(sender, node, child.get("id", ""))
            elif local_name(child) == "item" and (item := read_item(child)) is not None:
                yield Delivery(sender, node, item.item_id, item.payload, item.publisher)
