"""Whether every site moved what it promised, once, and kept within its limits, by its own meter."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.plan import WINDOW_S
from xmpp_cem.chaos.stores import Found, Window
from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.signal import Direction, Limit
from xmpp_cem.model.time import Interval

_WINDOW = timedelta(seconds=WINDOW_S)
_OBEYED = timedelta(seconds=1)
_LEAST_W = 50
_EDGE_S = 4
_NO_LIMIT_W = 10**9


def judge_acts(
    site: str,
    found: Found,
    other: Collection[Commitment],
    windows: Mapping[datetime, Window],
    starved: Collection[Interval] = (),
) -> Findings:
    """Hold what a site promised, and the limits it took, against the power that it measured itself.

    Args:
        site: the party.
        found: its commitments that no fault has reached; each moves what was promised, once, as
            far as limits leave it.
        other: further events of its.
        windows: what it metered; power outside of all events is wrong.
        starved: when the machine let it stand still: what it did then, it ended late.
    """
    findings = Findings()
    edge = timedelta(seconds=_EDGE_S)
    every = [*other, *found.commitments.values()]
    acting = [c.event.active for c in every if not isinstance(c.event.signal, Limit)]
    active = [*acting, *starved]
    for start, window in windows.items():
        is_near = any(a.start - edge < start < a.end + edge for a in active)
        if not is_near and abs(window.power_w) > _LEAST_W:
            text = f"{site} moved {window.power_w} W at {start:%H:%M:%S} outside of every event"
            findings.duplicated.append(text)
    for commitment in found.commitments.values():
        findings.add(_judge_act(site, commitment, windows, _least_limit(commitment, every)))
        findings.add(_judge_limit(site, commitment, windows))
    return findings


def _least_limit(commitment: Commitment, every: Collection[Commitment]) -> int:
    """Return the tightest limit that a site has taken beside an event, W.

    One that was changed may have been as tight as nothing: only its last version is kept.
    """
    limits = [
        c.event.signal.limit_w if c.answer is None or c.answer.sequence == 1 else 0
        for c in every
        if isinstance(c.event.signal, Limit) and _meet(c.event.active, commitment.event.active)
    ]
    return min(limits, default=_NO_LIMIT_W)


def _judge_limit(site: str, commitment: Commitment, windows: Mapping[datetime, Window]) -> Findings:
    """Judge the power under a limit, from when its last version was answered until it ended."""
    findings, signal, answer = Findings(), commitment.event.signal, commitment.answer
    if not isinstance(signal, Limit) or answer is None or answer.opt is not Opt.IN:
        return findings
    if commitment.status is not State.COMPLETED:
        return findings  # it was released at a moment that no store tells
    active = commitment.event.active
    since = max(active.start, answer.at) + _OBEYED
    inside = {at: w for at, w in windows.items() if since <= at and at + _WINDOW <= active.end}
    for at, window in inside.items():
        flow_w = window.power_w if signal.direction is Direction.IMPORT else -window.power_w
        if flow_w > signal.limit_w + _LEAST_W:
            text = f"{site} took {flow_w} W at {at:%H:%M:%S} under a limit of {signal.limit_w} W"
            findings.duplicated.append(text)
    return findings


def _judge_act(
    site: str, commitment: Commitment, windows: Mapping[datetime, Window], limit_w: int
) -> Findings:
    """Judge one event at a site that no fault reached: it moved what it promised, once."""
    answer, findings = commitment.answer, Findings()
    if answer is None or answer.opt is not Opt.IN or abs(answer.power_w) < _LEAST_W:
        return findings
    moved = [w.power_w for at, w in windows.items() if _is_inside(at, commitment.event.active)]
    near = max(_LEAST_W, abs(answer.power_w) // 50)
    place = f"{commitment.event.id} at {site}"
    is_steady, is_over = answer.sequence == 1, commitment.status is State.COMPLETED
    least = min(abs(answer.power_w), limit_w) - near if is_steady else min(_LEAST_W, limit_w)
    if is_over and not any(abs(power_w) >= least for power_w in moved):
        findings.lost.append(f"{place}: promised {answer.power_w} W, moved {moved}")
    most = abs(answer.power_w) + near
    if is_steady and any(abs(power_w) > most for power_w in moved):
        findings.duplicated.append(f"{place}: promised {answer.power_w} W, moved {moved}")
    return findings


def _is_inside(start: datetime, active: Interval) -> bool:
    return active.start <= start and start + _WINDOW <= active.end


def _meet(one: Interval, other: Interval) -> bool:
    return one.start < other.end and other.start < one.end
