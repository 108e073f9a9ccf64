"""Says what we are: service discovery (XEP-0030) and entity capabilities (XEP-0115)."""

import base64
import hashlib
from importlib.metadata import version
from xml.etree.ElementTree import Element, SubElement

DISCO_INFO = "http://jabber.org/protocol/disco#info"
PING = "urn:xmpp:ping"
CAPS = "http://jabber.org/protocol/caps"
PROFILE = "urn:xmpp-cem:1"

_CATEGORY, _TYPE = "client", "bot"
_NAME = f"xmpp-cem {version('xmpp-cem')}"
_ROLES = ("ven", "vtn")


class Identity:
    """What one connection is; the role follows from its fixed name, `/ven`, `/vtn` or `/vtn-2`.

    Args:
        connection: the XMPP resource; any other name has no role in a domain.
    """

    def __init__(self, connection: str) -> None:
        role = connection.partition("-")[0]
        roles = {f"{PROFILE}#{role}"} if role in _ROLES else set()
        self.features = tuple(sorted({DISCO_INFO, PING, CAPS, *roles}))

    @property
    def verification(self) -> str:
        """The verification string (XEP-0115, 5.1); SHA-1 is what clients know, no security."""
        parts = (f"{_CATEGORY}/{_TYPE}//{_NAME}", *self.features)
        text = "".join(f"{part}<" for part in parts)
        return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()  # noqa: S324

    def capabilities(self) -> Element:
        """Return the element that our presence carries."""
        values = {"hash": "sha-1", "node": PROFILE, "ver": self.verification}
        return Element(f"{{{CAPS}}}c", values)

    def info(self, node: str | None) -> Element:
        """Return what is answered to disco#info, whatever node of ours was asked."""
        answer = Element(f"{{{DISCO_INFO}}}query", {} if node is None else {"node": node})
        identity = {"category": _CATEGORY, "type": _TYPE, "name": _NAME}
        SubElement(answer, f"{{{DISCO_INFO}}}identity", identity)
        for feature in self.features:
            SubElement(answer, f"{{{DISCO_INFO}}}feature", {"var": feature})
        return answer
