"""The extensions of a presence: a VEN's availability and a VTN's leadership (clause 5.5.5)."""

from xmpp_cem.model.availability import Leadership, Offer
from xmpp_cem.wire.capability import fill_capability, read_capability
from xmpp_cem.wire.fields import Fields, attributes, build, set_attributes
from xmpp_cem.wire.namespaces import AVAILABILITY, VTN
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TOKEN, Scalar
from xmpp_cem.wire.xml import Draft, Element, qualified, root

OFFER: Fields = {
    "availability": ("state", TOKEN),
    "sequence": ("sequence", INTEGER),
    "valid_until": ("validUntil", INSTANT),
    "members": ("members", INTEGER),
    "reachable": ("reachable", INTEGER),
}

_STATES = {"active": True, "standby": False}


def _read_state(text: str) -> bool:
    if text not in _STATES:
        raise ValueError("active or standby is needed")
    return _STATES[text]


STATE = Scalar(_read_state, lambda is_active: "active" if is_active else "standby")
LEADERSHIP: Fields = {"is_active": ("state", STATE), "epoch": ("epoch", INTEGER)}


def offer_element(offer: Offer) -> Draft:
    """Return a VEN's extension."""
    element = root(AVAILABILITY, "availability")
    set_attributes(element, offer, OFFER)
    fill_capability(element, AVAILABILITY, offer.capability)
    return element


def leadership_element(leadership: Leadership) -> Draft:
    """Return a VTN's extension."""
    element = root(VTN, "vtn")
    set_attributes(element, leadership, LEADERSHIP)
    return element


def read_extension(element: Element) -> Offer | Leadership | None:
    """Return what an extension says, None when it is not one of ours; raises as `build`."""
    if element.tag == qualified(AVAILABILITY, "availability"):
        capability = read_capability(element, AVAILABILITY)
        values = {**attributes(element, OFFER), "capability": capability}
        return build(Offer, "availability", values, OFFER)
    if element.tag == qualified(VTN, "vtn"):
        return build(Leadership, "vtn", attributes(element, LEADERSHIP), LEADERSHIP)
    return None
