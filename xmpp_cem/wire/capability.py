"""A capability's resources as elements, the same in registration and presence."""

from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.resource import Capability, Failsafe, Resource
from xmpp_cem.wire.fields import INTERVAL, Fields, attributes, build, set_attributes
from xmpp_cem.wire.scalars import DECIMAL, INSTANT, INTEGER, TEXT, TOKEN
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
    "charge_permille": ("chargePermille", INTEGER),
    "needed_wh": ("neededWh", INTEGER),
    "departs": ("departs", INSTANT),
    "rated_import_w": ("ratedImportW", INTEGER),
    "rated_export_w": ("ratedExportW", INTEGER),
    "committed_w": ("committedW", INTEGER),
    "expected": ("expected", INTEGER),
    "reporting": ("reporting", INTEGER),
    "oldest": ("oldest", INSTANT),
    "estimated_share_permille": ("estimatedShare", INTEGER),
    "quality": ("quality", TOKEN),
}
OFFERED: Fields = {
    "increase_w": ("increaseW", INTEGER),
    "decrease_w": ("decreaseW", INTEGER),
    "per_kwh": ("perKWh", DECIMAL),
    "currency": ("currency", TOKEN),
    "until": ("until", INSTANT),
}
FORECAST: Fields = {
    "power_w": ("powerW", INTEGER),
    "increase_w": ("increaseW", INTEGER),
    "decrease_w": ("decreaseW", INTEGER),
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
        append_resource(element, namespace, resource)
    if capability.failsafe is not None:
        set_attributes(append(element, namespace, "failsafe"), capability.failsafe, FAILSAFE)


def append_resource(parent: Draft, namespace: str, resource: Resource) -> None:
    """Write a resource: its values as attributes, offer and forecast as children."""
    element = append(parent, namespace, "resource")
    set_attributes(element, resource, RESOURCE)
    if not resource.committed_w:
        del element.attributes[RESOURCE["committed_w"][0]]
    if resource.offered is not None:
        set_attributes(append(element, namespace, "offered"), resource.offered, OFFERED)
    for each in resource.forecast:
        part = append(element, namespace, "forecast")
        set_attributes(part, each.window, INTERVAL)
        set_attributes(part, each, FORECAST)


def read_resources(parent: Element, namespace: str) -> tuple[Resource, ...]:
    """Return the resources of an element; raises as `build`."""
    return tuple(
        _read_resource(part, namespace) for part in children(parent, namespace, "resource")
    )


def _read_resource(element: Element, namespace: str) -> Resource:
    offered = child(element, namespace, "offered")
    values = {
        **attributes(element, RESOURCE),
        "offered": offered
        if offered is None
        else build(Offered, "offered", attributes(offered, OFFERED), OFFERED),
        "forecast": tuple(
            build(
                Forecast,
                "forecast",
                {**attributes(part, FORECAST), "window": attributes(part, INTERVAL)},
                FORECAST,
            )
            for part in children(element, namespace, "forecast")
        ),
    }
    return build(Resource, "resource", values, RESOURCE)


def read_capability(element: Element, namespace: str) -> Capability:
    """Read what `fill_capability` writes; raises as `build`."""
    resources = read_resources(element, namespace)
    kept = child(element, namespace, "failsafe")
    failsafe = None
    if kept is not None:
        failsafe = build(Failsafe, "failsafe", attributes(kept, FAILSAFE), FAILSAFE)
    values = {**attributes(element, CAPABILITY), "resources": resources, "failsafe": failsafe}
    return build(Capability, "capability", values, CAPABILITY)
