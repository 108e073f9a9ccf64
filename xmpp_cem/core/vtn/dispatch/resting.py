"""Members that need rest between two events, and so take no share of one of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.lasting import Lasting
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.vtnstate import Terms
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import EventId, PartyId


def resting(
    dispatch: Dispatch,
    known: Lasting[Dispatch],
    parts: Mapping[EventId, Mapping[PartyId, Part]],
    terms: Mapping[PartyId, Terms],
) -> frozenset[PartyId]:
    """Return the members that another event leaves no time to rest before or after this one.

    Args:
        dispatch: the event that asks.
        known: all events, also those that have ended.
        parts: of all events.
        terms: of the members.
    """
    rests = {party: each.rest for party, each in terms.items() if each.rest}
    if not rests:
        return frozenset()
    longest, active = max(rests.values()), dispatch.active
    return frozenset(
        party
        for other in known.after(active.start - longest)
        if other.event.id != dispatch.event.id
        if active.end + longest > other.active.start
        for party, part in parts.get(other.event.id, {}).items()
        if party in rests and _is_too_near(dispatch, other, part, rests[party])
    )


def _is_too_near(dispatch: Dispatch, other: Dispatch, part: Part, rest: timedelta) -> bool:
    end = _moved_until(other, part)
    if end is None:
        return False
    return end + rest > dispatch.active.start and dispatch.active.end + rest > other.active.start


def _moved_until(dispatch: Dispatch, part: Part) -> datetime | None:
    """Return until when an event has called a member, or will; None when it never does.

    One that it refuses in the end has, as long as something was measured of it.
    """
    if part.answer is not None and part.answer.opt is Opt.OUT:
        return part.until if part.delivered_ws else None
    acting = dispatch.acting
    return acting.end if acting and part.asked_w else None
