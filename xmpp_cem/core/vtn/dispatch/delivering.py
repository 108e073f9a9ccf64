"""What members deliver inside events, as their readings show it."""

from collections.abc import Iterable, Mapping

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.readings.estimating import StandIn
from xmpp_cem.core.readings.metering import Counted, Metering
from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.closedloop import judged
from xmpp_cem.core.vtn.dispatch.standing import all_counted, based, corrected
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import EventId, PartyId

Parts = Mapping[EventId, Mapping[PartyId, Part]]


def delivered(
    party: PartyId,
    windows: Iterable[Counted],
    dispatches: Mapping[EventId, Dispatch],
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
    for event_id, members in parts.items():
        if (part := members.get(party)) is None:
            continue
        dispatch = dispatches[event_id]
        active, known, baseline_w = dispatch.acting, list(new), part.baseline_w
        if active is None:
            continue
        if baseline_w is None:
            known += metering.held(party)
            baseline_w = metering.baseline(party, active.start)
        changed = all_counted(corrected(part, all_told, active), known, baseline_w, active)
        if any(window.interval.end > active.start for window in known):
            changed = based(changed, baseline_w)
        others = [
            acting
            for other in parts
            if other != event_id and (acting := dispatches[other].acting)
            if (share := parts[other].get(party)) and share.asked_w
        ]
        alone = [w for w in new if not any(w.interval.overlap(each) for each in others)]
        changed, why = judged(dispatch, changed, alone, tolerance_w)
        if changed is not part:
            found.append((changed, why))
    return found


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
