"""Signals that are not divided: told to all members alike, or to the one that is meant."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.records import Dispatch, Member, Part
from xmpp_cem.core.vtn.dispatch.division import Division, next_order
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import Targets
from xmpp_cem.model.ids import PartyId


def told_to_all(state: VtnState, dispatch: Dispatch, parts: Mapping[PartyId, Part]) -> Division:
    """Return the event with what was called for, unchanged, for every member: one publish."""
    update = {"signal": dispatch.signal, "changes": dispatch.changes}
    event = dispatch.event.model_copy(update=update)
    there = (m.party for m in state.usable(dispatch.active))
    new = [without_share(dispatch, party) for party in there if party not in parts]
    return Division(dispatch.model_copy(update={"event": event}), tuple(new))


def told_to_one(
    state: VtnState, dispatch: Dispatch, parts: Mapping[PartyId, Part], now: datetime
) -> Division:
    """Return the event for the one member that is meant, by transaction; told once it stands."""
    members = who_are_meant(state, dispatch.event.targets)
    told = (dispatch.signal, *(change.signal for change in dispatch.changes))
    if len(members) != 1:
        return Division(dispatch)
    part = parts.get(members[0].party) or without_share(dispatch, members[0].party)
    if part.told == told:
        return Division(dispatch)
    order = next_order(state, dispatch) if parts else dispatch.event.order
    update = {"told": told, "order": order, "asked_at": now}
    event = dispatch.event.model_copy(update={"order": order})
    made = dispatch.model_copy(update={"event": event})
    return Division(made, (part.model_copy(update=update),))


def who_are_meant(state: VtnState, targets: Targets) -> tuple[Member, ...]:
    """Return the members that have resources of these; all that there are where none is named."""
    members = [m for m in state.enlisted if m.party != state.settings.connection_point]
    if targets.resources:
        wanted = set(targets.resources)
        members = [
            m
            for m in members
            if m.capability and not wanted.isdisjoint([r.id for r in m.capability.resources])
        ]
    return tuple(members)


def without_share(dispatch: Dispatch, party: PartyId) -> Part:
    """Return the part of a member of which no change of power is asked."""
    return Part(event=dispatch.event.id, party=party, capability_w=0, limit_w=0, asked_w=0)
