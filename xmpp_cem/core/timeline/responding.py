"""How a site responds to prices and levels: each resource by a curve of its owner's."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from xmpp_cem.core.timeline.bounds import Physical, Range
from xmpp_cem.core.timeline.response import By, ResponseCurve
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.resource import Resource
from xmpp_cem.model.signal import Direction, Level, Price, Signal

Responses = Mapping[ResourceId, tuple[ResponseCurve, ...]]
"""The curves of each resource: at most one of them fits a signal."""

NO_RESPONSES: Responses = MappingProxyType({})


def curve_for(signal: Signal, curves: Iterable[ResponseCurve]) -> ResponseCurve | None:
    """Return the curve that responds to a signal, if one does."""
    return next((curve for curve in curves if _fits(curve, signal)), None)


def power_at(signal: Signal, curve: ResponseCurve, physical: Physical) -> int | None:
    """Return what a curve makes of a signal, W; None where it leaves the resource free."""
    match signal:
        case Price(per_kwh=per_kwh):
            return curve.power_w(per_kwh, physical)
        case Level(level=level):
            return curve.power_w(Decimal(level), physical)
        case _:
            return None


def why_no_response(event: Event, resources: Iterable[Resource], responses: Responses) -> str:
    """Return why nothing here responds to a price or level, or nothing."""
    signal = event.signal
    if not isinstance(signal, Price | Level):
        return ""
    meant = (r.id for r in resources if event.targets.mean(r.id, r.kind))
    if any(curve_for(signal, responses.get(each, ())) for each in meant):
        return ""
    what = f"prices in {signal.currency}" if isinstance(signal, Price) else "levels"
    return f"no resource of this party responds to {what}"


def response_w(event: Event, resources: Iterable[Resource], responses: Responses) -> int:
    """Return by how much power changes at an event's first signal, as far as is known now, W."""
    change_w = 0
    for resource in resources:
        curve = curve_for(event.signal, responses.get(resource.id, ()))
        if curve is None or not event.targets.mean(resource.id, resource.kind):
            continue
        power_w = power_at(event.signal, curve, _physical(resource))
        change_w += 0 if power_w is None else power_w - resource.power_w
    return change_w


def _fits(curve: ResponseCurve, signal: Signal) -> bool:
    if isinstance(signal, Price):
        return curve.by is By.PRICE and curve.unit == signal.currency
    return isinstance(signal, Level) and curve.by is By.LEVEL


def _physical(resource: Resource) -> Physical:
    return Physical(Range(-resource.most_w(Direction.EXPORT), resource.most_w(Direction.IMPORT)))
