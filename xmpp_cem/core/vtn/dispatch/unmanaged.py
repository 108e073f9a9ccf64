"""Load that takes no limit: configured, or metered at the connection point of a group."""

from xmpp_cem.core.readings.metering import Metering
from xmpp_cem.core.records import Dispatch
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.signal import Direction, Limit, Place


def counted_unmanaged_w(state: VtnState, metering: Metering, dispatch: Dispatch) -> int:
    """Return what counts under a group's limit for what no member answers for, W.

    A metered load counts with a reserve, so that it may move a little before a limit is divided
    anew; what counted before stands while it fits.
    """
    limit, settings = dispatch.signal, state.settings
    if not isinstance(limit, Limit) or limit.at is Place.TERMINALS:
        return 0
    is_import = limit.direction is Direction.IMPORT
    configured_w = settings.unmanaged_import_w if is_import else settings.unmanaged_export_w
    metered_w = _metered_w(state, metering)
    if metered_w is None:
        return configured_w
    flow_w = max(0, metered_w if is_import else -metered_w)
    reserve_w = max(settings.tolerance_w, limit.limit_w // 100)
    known_w = dispatch.unmanaged_w
    if known_w is not None and flow_w <= known_w <= flow_w + 2 * reserve_w:
        return max(known_w, configured_w)
    return max(flow_w + reserve_w, configured_w)


def why_unmetered(state: VtnState, metering: Metering) -> str:
    """Return why a limit at the connection point cannot be divided yet, or nothing."""
    point = state.settings.connection_point
    if point and _metered_w(state, metering) is None:
        return f"{point} has not told the power at the connection point yet"
    return ""


def _metered_w(state: VtnState, metering: Metering) -> int | None:
    """Return the power at the connection point without that of the members, W, signed.

    What is known of a party that is a member no more is old: what it takes counts as unmanaged.
    """
    point, members = state.settings.connection_point, {m.party for m in state.enlisted}
    power_w = metering.power(point) if point in members else None
    if power_w is None:
        return None
    others = (party for party in members if party != point)
    return power_w - sum(metering.power(party) or 0 for party in others)
