"""A capability's resources as elements, the same in registration and presence."""

from xmpp_cem.model.resource import Capability, Failsafe, Resource
from xmpp_cem.wire.fields import Fields, attributes, build, set_attributes
from xmpp_cem.wire.scalars import INSTANT, INTEGER, TEXT, TOKEN
from xmpp_cem.wire.xml import Draft, Element, append, child, children

CAPABILITY: Fields = {"revision": ("revision", INTEGER), "at": ("at", INSTANT)}
RESOURCE: Fields = {
    "id": ("id", TOKEN),
    "kind": ("kind", TEXT),
    "state": ("state", TOKEN),
    "power_w": ("powerW", INTEGER),
    "increase_w": ("increaseW", INTEGER),
    "decrease_w": ("decreaseW", INTEGER),
    "stored_wh": ("storedWh", INTEGER),
    "rated_import_w": ("ratedImportW", INTEGER),
    "rated_export_w": ("ratedExportW", INTEGER),
}
FAILSAFE: Fields = {
    "import_w": ("importW", INTEGER),
    "export_w": ("exportW", INTEGER),
    "after_s": ("afterSeconds", INTEGER),
}


def fill_capability(element: Draft, namespace: str, capability: Capability) -> None:
    """Write revision and time as attributes, each resource and the failsafe as a child."""
    set_attributes(element, capability, CAPABILITY)
    for resource in capability.resources:
        set_attributes(append(element, namespace, "resource"), resource, RESOURCE)
    if capability.failsafe is not None:
        set_attributes(append(element, namespace, "failsafe"), capability.failsafe, FAILSAFE)


def read_capability(element: Element, namespace: str) -> Capability:
    """Read what `fill_capability` writes; raises as `build`."""
    resources = tuple(
        build(Resource, "resource", attributes(part, RESOURCE), RESOURCE)
        for part in children(element, namespace, "resource")
    )
    kept = child(element, namespace, "failsafe")
    failsafe = None
    if kept is not None:
        failsafe = build(Failsafe, "failsafe", attributes(kept, FAILSAFE), FAILSAFE)
    values = {**attributes(element, CAPABILITY), "resources": resources, "failsafe": failsafe}
    return build(Capability, "capability", values, CAPABILITY)
