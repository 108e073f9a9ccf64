"""Baselines on their way up: a gateway states what is stated of its members, added up."""

from datetime import datetime, timedelta

from xmpp_cem.core.cascade.case import Case
from xmpp_cem.core.effects import Effect
from xmpp_cem.core.settlement.grouping import together
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.stated import Stated

_AGAIN = timedelta(seconds=5)
"""A baseline that grows after the event's start is told no more often."""


def told(case: Case, now: datetime) -> list[Effect]:
    """State the baseline of the group above, once that of every member is, or the event begins.

    It names no member. What is missing shows in `expected` and `reporting`.
    """
    commitment, role = case.commitment, case.upper.role
    stated = _stated(case)
    if stated is None or _is_known(commitment.stated, stated):
        return []
    if not stated.is_whole and now < _due(case, commitment.stated):
        return []
    event = commitment.event.id
    status = Status(
        id=derived_id("baseline", role.settings.party, event, stated),
        type=StatusType.BASELINE,
        at=now,
        event=event,
        power_w=stated.power_w,
        expected=stated.expected,
        reporting=stated.reporting,
        oldest=stated.oldest,
        estimated_share_permille=stated.estimated_share_permille,
        quality=stated.quality,
    )
    kept = role.book.keep(commitment.model_copy(update={"stated": stated}))
    return case.upper.placed([kept, *role.tell(status, now)])


def _stated(case: Case) -> Stated | None:
    """Return what the domains below state together, None as long as one has nothing to state."""
    groups = [lower.role.group_baseline(dispatch.event.id) for lower, dispatch in case.live]
    known = [group for group in groups if group and group.active == case.commitment.event.active]
    if not known or len(known) < len(groups):
        return None
    return together(known, max(group.made for group in known))


def _is_known(before: Stated | None, now: Stated) -> bool:
    return before is not None and before.model_copy(update={"made": now.made}) == now


def _due(case: Case, before: Stated | None) -> datetime:
    start = case.commitment.event.active.start
    return max(start, before.made + _AGAIN) if before else start
