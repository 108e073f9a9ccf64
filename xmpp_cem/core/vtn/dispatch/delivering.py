"""What members deliver inside events, as their readings show it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.lasting import Lasting
from xmpp_cem.core.readings.estimating import StandIn
from xmpp_cem.core.readings.metering import Counted, Metering, Window
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.closedloop import judged
from xmpp_cem.core.vtn.dispatch.standing import all_counted, based, corrected
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.time import Interval

Parts = Mapping[EventId, Mapping[PartyId, Part]]

_NEVER = datetime.max.replace(tzinfo=UTC)


def delivered(
    party: PartyId,
    windows: Iterable[Counted],
    dispatches: Lasting[Dispatch],
    parts: Parts,
    metering: Metering,
    tolerance_w: int,
) -> list[tuple[Part, str]]:
    """Return a member's parts that its windows change: with a new baseline, in all that is held.

    Beside each stands why its event is to be divided anew, or nothing. What two events move at once
    is held against the member in neither.
    """
    found, all_told = [], tuple(windows)
    new = [window for window, before in all_told if before is None]
    held = metering.held(party)
    told_from = min((window.interval.start for window, _ in all_told), default=_NEVER)
    held_from = min((window.interval.start for window in held), default=_NEVER)
    moving = _moving(party, dispatches.after(told_from), parts, new)
    # What ended before all of these windows cannot hold one, nor get a baseline from one.
    for dispatch in dispatches.after(min(told_from, held_from)):
        event_id = dispatch.event.id
        part = parts[event_id].get(party)
        if part is None or (part.baseline_w is not None and dispatch.active.end <= told_from):
            continue
        active, known, baseline_w = dispatch.acting, list(new), part.baseline_w
        if active is None:
            continue
        if baseline_w is None:
            known += held
            baseline_w = metering.baseline(party, active.start)
        changed = all_counted(corrected(part, all_told, active), known, baseline_w, active)
        if any(window.interval.end > active.start for window in known):
            changed = based(changed, baseline_w)
        others = [acting for other, acting in moving.items() if other != event_id]
        alone = [w for w in new if not any(w.interval.overlap(each) for each in others)]
        changed, why = judged(dispatch, changed, alone, tolerance_w)
        if changed is not part:
            found.append((changed, why))
    return found


def _moving(
    party: PartyId, dispatches: Iterable[Dispatch], parts: Parts, windows: list[Window]
) -> dict[EventId, Interval]:
    """Return which events asked a member for power in its windows, and when they acted."""
    return {
        dispatch.event.id: acting
        for dispatch in dispatches
        if (share := parts[dispatch.event.id].get(party)) and share.asked_w
        if (acting := dispatch.acting) and any(w.interval.overlap(acting) for w in windows)
    }


def left_alone(
    party: PartyId,
    events: Iterable[EventId],
    dispatches: Mapping[EventId, Dispatch],
    parts: Parts,
    metering: Metering,
) -> StandIn:
    """Return what a lost member does without events, as far as it is known.

    That is its baseline in the newest event that moved it, else what it did in its newest window;
    also when that lies after the event.

    Args:
        party: the member.
        events: the newest first.
        dispatches: all events.
        parts: of all events.
        metering: what was reported.
    """
    newest = metering.summing.newest(party)
    for event_id in events:
        part = parts[event_id].get(party)
        if part and part.baseline_w is not None:
            active = dispatches[event_id].active
            is_over = newest.measured is not None and newest.measured > active.end
            return newest if is_over else StandIn(part.baseline_w, active.start)
    return newest


def called(state: VtnState, dispatch: Dispatch, parts: Iterable[Part]) -> list[Effect]:
    """Count for how long an event has called each member that took part, and what it did."""
    seconds = int(dispatch.active.duration.total_seconds())
    effects: list[Effect] = []
    for part in parts:
        if part.asked_w and part.answer and part.answer.opt is Opt.IN:
            member = state.members[part.party]
            effects.append(state.change(member, called_s=member.called_s + seconds))
        effects += _kept(state, part, seconds)
    return effects


def _kept(state: VtnState, part: Part, seconds: int) -> list[Effect]:
    """Remember how much of what was asked of a member it did; what is not measured is left out.

    Whoever said no or nothing did nothing of it.
    """
    is_yes = part.answer is not None and part.answer.opt is Opt.IN
    owed_ws = part.conduct.owed_ws if is_yes else abs(part.asked_w) * seconds
    if not owed_ws:
        return []
    member = state.members[part.party]
    update = {
        "asked_wh": member.asked_wh + owed_ws // 3600,
        "kept_wh": member.kept_wh + (part.conduct.kept_ws // 3600 if is_yes else 0),
    }
    return [state.change(member, **update)]
