"""A capability's resources as elements, the same in registration and presence."""

from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.wire.fields import Fields, attributes, build, set_attributes
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Element, append, children

CAPABILITY: Fields = {"revision": ("revision", INTEGER), "at": ("at", INSTANT)}
RESOURCE: Fields = {
    "id": ("id", TOKEN),
    "kind": ("kind", TEXT),
    "state": ("state", TOKEN),
    "power_w": ("powerW", INTEGER),
    "increase_w": ("increaseW", INTEGER),
    "decrease_w": ("decreaseW", INTEGER),
    "stored_wh": ("storedWh", INTEGER),
}


def fill_capability(element: Element, namespace: str, capability: Capability) -> None:
    """Write revision and time as attributes, each resource as a child."""
    set_attributes(element, capability, CAPABILITY)
    for resource in capability.resources:
        set_attributes(append(element, namespace, "resource"), resource, RESOURCE)


def read_capability(element: Element, namespace: str) -> Capability:
    """Read what `fill_capability` writes; raises as `build`."""
    resources = tuple(
        build(Resource, "resource", attributes(part, RESOURCE), RESOURCE)
        for part in children(element, namespace, "resource")
    )
    values = {**attributes(element, CAPABILITY), "resources": resources}
    return build(Capability, "capability", values, CAPABILITY)
