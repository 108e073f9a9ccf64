"""A group's limit as a dispatch: what its division changes for its members."""

from collections.abc import Mapping
from datetime import datetime

from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.division import MOST_MODIFICATIONS, Division, next_order
from xmpp_cem.core.vtn.dispatch.limiting import limiting, standing_after
from xmpp_cem.core.vtn.dispatch.telling import without_share
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.signal import Limit


def limited(
    state: VtnState,
    dispatch: Dispatch,
    parts: Mapping[PartyId, Part],
    unmanaged_w: int,
    why: str,
    now: datetime,
) -> Division:
    """Give each member that can take one a limit; only whose limit changes hears of it."""
    order = next_order(state, dispatch) if parts else dispatch.event.order
    if order.modification > MOST_MODIFICATIONS:
        why = f"{why}; too many modifications"
        return Division(dispatch.model_copy(update={"why": why[:256]}))
    made = limiting(state, dispatch, parts, unmanaged_w, now)
    changed: dict[PartyId, Part] = {}
    for party, told in made.told.items():
        part = parts.get(party) or without_share(dispatch, party)
        changed[party] = _told(part, told).model_copy(update={"counted_w": None})
    for party, counted_w in made.counted_w.items():
        part = parts.get(party) or without_share(dispatch, party)
        changed[party] = part.model_copy(update={"counted_w": counted_w})
    for party in changed.keys() & made.called.keys():
        changed[party] = _called(state, changed[party], made.called[party])
    asked = {p for p, part in changed.items() if part.told and _is_news(part, parts.get(p))}
    for party in asked:
        update = {"order": order, "asked_at": now}
        changed[party] = changed[party].model_copy(update=update)
    new = tuple(part for party, part in changed.items() if part != parts.get(party))
    is_same = (made.excess_w, unmanaged_w) == (dispatch.excess_w, dispatch.unmanaged_w)
    if not new and is_same:
        return Division(dispatch)
    update = {
        "why": f"{why}; {made.why}"[:256],
        "excess_w": made.excess_w,
        "unmanaged_w": unmanaged_w,
    }
    if asked and parts:
        update |= {
            "event": dispatch.event.model_copy(update={"order": order}),
            "redivisions": dispatch.redivisions + 1,
            "replanned": now,
        }
    return Division(dispatch.model_copy(update=update), new)


def _called(state: VtnState, part: Part, resources: tuple[ResourceId, ...]) -> Part:
    """Return a part with what a programme calls of its member."""
    able = state.members[part.party].capability
    is_whole = able is not None and len(able.resources) == len(resources)
    update = {"resources": resources, "targets": () if is_whole else resources}
    return part.model_copy(update=update)


def _told(part: Part, told: tuple[Limit, ...]) -> Part:
    if part.told == told and part.order is not None:
        return part
    return part.model_copy(update={"told": told, "standing_w": standing_after(part, told)})


def _is_news(part: Part, before: Part | None) -> bool:
    return part.order is None or before is None or part.told != before.told
