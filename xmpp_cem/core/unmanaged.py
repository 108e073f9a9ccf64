"""Load that takes no limit: configured, or metered at the connection point of a group."""

from xmpp_cem.core.metering import Metering
from xmpp_cem.core.records import Dispatch
from xmpp_cem.core.vtnstate import VtnSettings
from xmpp_cem.model.signal import Direction, Limit, Place


def counted_unmanaged_w(settings: VtnSettings, metering: Metering, dispatch: Dispatch) -> int:
    """Return what counts under a group's limit for what no member answers for, W.

    A metered load counts with a reserve, so that it may move a little before a limit is divided
    anew; what counted before stands while it fits.
    """
    limit = dispatch.signal
    if not isinstance(limit, Limit) or limit.at is Place.TERMINALS:
        return 0
    is_import = limit.direction is Direction.IMPORT
    configured_w = settings.unmanaged_import_w if is_import else settings.unmanaged_export_w
    metered_w = _metered_w(settings, metering)
    if metered_w is None:
        return configured_w
    flow_w = max(0, metered_w if is_import else -metered_w)
    reserve_w = max(settings.tolerance_w, limit.limit_w // 100)
    known_w = dispatch.unmanaged_w
    if known_w is not None and flow_w <= known_w <= flow_w + 2 * reserve_w:
        return max(known_w, configured_w)
    return max(flow_w + reserve_w, configured_w)


def why_unmetered(settings: VtnSettings, metering: Metering) -> str:
    """Return why a limit at the connection point cannot be divided yet, or nothing."""
    if settings.connection_point and _metered_w(settings, metering) is None:
        return f"{settings.connection_point} has not told the power at the connection point yet"
    return ""


def _metered_w(settings: VtnSettings, metering: Metering) -> int | None:
    """Return the power at the connection point without that of the members, W, signed."""
    point = settings.connection_point
    power_w = metering.power(point) if point else None
    if power_w is None:
        return None
    others = (party for party in settings.members if party != point)
    return power_w - sum(metering.power(party) or 0 for party in others)
