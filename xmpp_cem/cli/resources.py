"""What a resource can do, as lines for people."""

from collections.abc import Iterator
from datetime import datetime

from xmpp_cem.cli.output import signed_kw
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.flexibility import Offered
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.resource import Resource


def told(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield name and value of everything that a resource tells of itself; unknown is left out."""
    if resource.expected is not None:
        yield "stands for", _behind(resource)
    if resource.rated_import_w is not None:
        yield "rated import", kilowatts(resource.rated_import_w)
    if resource.rated_export_w is not None:
        yield "rated export", kilowatts(resource.rated_export_w)
    yield "power", signed_kw(resource.power_w) + _doubt(resource)
    yield "available", _both(resource.increase_w, resource.decrease_w)
    yield "committed", signed_kw(resource.committed_w)
    if resource.offered is not None:
        yield "offered", _offer(resource.offered)
    yield from _energy(resource)
    for each in resource.forecast:
        able = _both(each.increase_w, each.decrease_w)
        span = f"{_time(each.window.start)} to {each.window.end:%H:%MZ}"
        yield "forecast", f"{span}: {signed_kw(each.power_w)}, {able}"


def _behind(resource: Resource) -> str:
    age = f", the oldest as of {_time(resource.oldest)}" if resource.oldest else ""
    return f"{resource.reporting or 0} of {resource.expected} parties{age}"


def _doubt(resource: Resource) -> str:
    permille = resource.estimated_share_permille
    doubts = [f"{permille / 1000:.1%} estimated"] if permille else []
    doubts += ["questionable"] if resource.quality is Quality.QUESTIONABLE else []
    return f" ({', '.join(doubts)})" if doubts else ""


def _energy(resource: Resource) -> Iterator[tuple[str, str]]:
    if resource.stored_wh is not None:
        yield "in store", _kwh(resource.stored_wh)
    if resource.charge_permille is not None:
        yield "charge", f"{resource.charge_permille / 10:.1f} %"
    if resource.needed_wh is not None:
        by = f" by {_time(resource.departs)}" if resource.departs else ""
        yield "needed", _kwh(resource.needed_wh) + by


def _offer(offered: Offered) -> str:
    able = _both(offered.increase_w, offered.decrease_w)
    price = f"{offered.per_kwh.normalize():f} {offered.currency}/kWh"
    return f"{able} at {price}, until {_time(offered.until)}"


def _both(increase_w: int, decrease_w: int) -> str:
    return f"up to {kilowatts(increase_w)} more, {kilowatts(decrease_w)} less"


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh / 1000:.1f} kWh"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"
