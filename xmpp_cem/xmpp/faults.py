"""Translates stanza errors (RFC 6120, 8.3) to and from our exceptions."""

from xml.etree.ElementTree import Element, SubElement

from xmpp_cem.errors import RefusedError
from xmpp_cem.xmpp.canonical import local_name, namespace, to_bytes, to_element

CLIENT = "jabber:client"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
_TLS = "urn:ietf:params:xml:ns:xmpp-tls"
STREAMS = "http://etherx.jabber.org/streams"

_TYPES = frozenset({"auth", "cancel", "continue", "modify", "wait"})


def read_refusal(stanza: Element) -> RefusedError:
    """Return what a stanza of type `error` says, however incomplete it is."""
    error = stanza.find(f"{{{CLIENT}}}error")
    if error is None:
        return RefusedError("undefined-condition")
    condition, text, payload = "undefined-condition", "", b""
    for child in error:
        if namespace(child) != STANZAS:
            payload = payload or _payload_of(child)
        elif local_name(child) == "text":
            text = child.text or ""
        else:
            condition = local_name(child)
    kind = error.get("type", "")
    return RefusedError(condition, kind if kind in _TYPES else "cancel", text, payload)


def write_refusal(refusal: RefusedError) -> Element:
    """Return the `<error/>` child that carries the refusal.

    Raises:
        ValueError: the payload is no XML of at most 60 KiB.
    """
    error = Element(f"{{{CLIENT}}}error", {"type": refusal.error_type})
    SubElement(error, f"{{{STANZAS}}}{refusal.condition}")
    if refusal.text:
        SubElement(error, f"{{{STANZAS}}}text").text = refusal.text
    if refusal.payload:
        error.append(to_element(refusal.payload))
    return error


def _payload_of(child: Element) -> bytes:
    try:
        return to_bytes(child)
    except ValueError:
        return b""


def leads_to_tls(element: Element) -> bool:
    """Whether an element offers encryption or goes on with it: all that is believed in clear."""
    if element.tag == f"{{{STREAMS}}}features":
        return element.find(f"{{{_TLS}}}starttls") is not None
    return element.tag in {f"{{{_TLS}}}proceed", f"{{{STREAMS}}}error"}
