"""Reads and writes presence stanzas (RFC 6121, 4)."""

from xml.etree.ElementTree import Element, SubElement

from xmpp_cem.model.link import PresenceSeen
from xmpp_cem.xmpp.addresses import read_address
from xmpp_cem.xmpp.canonical import namespace, to_bytes, to_element
from xmpp_cem.xmpp.faults import CLIENT

SHOWS = frozenset({"", "chat", "away", "dnd", "xa"})


def read_presence(stanza: Element) -> PresenceSeen | None:
    """Return what an available or unavailable presence says; None for any other type.

    An unknown `<show/>` reads as available; an extension without canonical form is left out.
    """
    kind = stanza.get("type", "")
    if kind not in {"", "unavailable"}:
        return None
    try:
        sender = read_address(stanza.get("from", ""))
    except ValueError:
        return None
    show = (stanza.findtext(f"{{{CLIENT}}}show") or "").strip()
    return PresenceSeen(
        sender=sender,
        is_available=not kind,
        show=show if show in SHOWS else "",
        status=stanza.findtext(f"{{{CLIENT}}}status") or "",
        extensions=tuple(_extensions(stanza)),
    )


def write_presence(show: str, status: str, extensions: tuple[bytes, ...], priority: int) -> Element:
    """Return our broadcast presence.

    Args:
        show: empty, `chat`, `away`, `dnd` or `xa`.
        status: for people, may be empty.
        extensions: elements in foreign namespaces, canonical XML.
        priority: -128 to 127; negative receives no pubsub notifications.

    Raises:
        ValueError: `show` is unknown or an extension is no XML.
    """
    if show not in SHOWS:
        raise ValueError(f"presence show {show!r} is none of chat, away, dnd, xa or empty")
    stanza = Element(f"{{{CLIENT}}}presence")
    for name, text in (("show", show), ("status", status), ("priority", str(priority))):
        if text:
            SubElement(stanza, f"{{{CLIENT}}}{name}").text = text
    stanza.extend([to_element(extension) for extension in extensions])
    return stanza


def directed(kind: str, to: str) -> Element:
    """Return a presence of a type such as `subscribe` to one account."""
    return Element(f"{{{CLIENT}}}presence", {"type": kind, "to": to})


def _extensions(stanza: Element) -> list[bytes]:
    found = []
    for child in stanza:
        if namespace(child) != CLIENT:
            try:
                found.append(to_bytes(child))
            except ValueError:
                continue
    return found
