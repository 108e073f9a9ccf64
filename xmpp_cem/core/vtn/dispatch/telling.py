"""Signals that are not divided: told to all members alike, or to the one that is meant."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.division import Division, next_order
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import Targets
from xmpp_cem.model.ids import PartyId


def told_to_all(state: VtnState, dispatch: Dispatch, parts: Mapping[PartyId, Part]) -> Division:
    """Return the event with what was called for, unchanged, for every member: one publish."""
    update = {"signal": dispatch.signal, "changes": dispatch.changes}
    event = dispatch.event.model_copy(update=update)
    new = [_part(dispatch, m.party) for m in state.usable() if m.party not in parts]
    return Division(dispatch.model_copy(update={"event": event}), tuple(new))


def told_to_one(
    state: VtnState, dispatch: Dispatch, parts: Mapping[PartyId, Part], now: datetime
) -> Division:
    """Return the event for the member that is meant, by transaction."""
    party = who_is_meant(state, dispatch.event.targets)
    if party is None:
        return Division(dispatch)
    order = next_order(state, dispatch) if parts else dispatch.event.order
    part = parts.get(party) or _part(dispatch, party)
    told = (dispatch.signal, *(change.signal for change in dispatch.changes))
    update = {"told": told, "order": order, "asked_at": now}
    event = dispatch.event.model_copy(update={"order": order})
    made = dispatch.model_copy(update={"event": event})
    return Division(made, (part.model_copy(update=update),))


def who_is_meant(state: VtnState, targets: Targets) -> PartyId | None:
    """Return the one member that has the resources, or the only one there is; None for no such."""
    members = [m for m in state.enlisted if m.party != state.settings.connection_point]
    wanted = set(targets.resources)
    if wanted:
        members = [
            m for m in members if m.capability and wanted <= {r.id for r in m.capability.resources}
        ]
    return members[0].party if len(members) == 1 else None


def _part(dispatch: Dispatch, party: PartyId) -> Part:
    return Part(event=dispatch.event.id, party=party, capability_w=0, limit_w=0, asked_w=0)
