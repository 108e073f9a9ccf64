"""Whether every reading was counted once at every level, judged from the stores alone."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.plan import WINDOW_S
from xmpp_cem.chaos.stores import Found, Heard, Window
from xmpp_cem.core.records import Part
from xmpp_cem.model.time import Interval

_WINDOW = timedelta(seconds=WINDOW_S)

Windows = Mapping[datetime, Window]


def judge_heard(
    leader: str, reported: Mapping[str, Windows], heard: Collection[Heard], span: Interval
) -> Findings:
    """Hold what members have reported against what reached their VTN.

    Args:
        leader: the VTN's party.
        reported: each member's windows.
        heard: what the VTN's journal says came in.
        span: the windows that begin in it are judged.
    """
    findings = Findings()
    came: dict[tuple[str, datetime], set[int]] = {}
    for one in heard:
        came.setdefault((one.party, one.start), set()).add(one.power_w)
    for member, windows in reported.items():
        for start, window in windows.items():
            if not span.contains(start):
                continue
            powers = came.get((member, start), set())
            place = f"{member}'s window of {start:%H:%M:%S}"
            if not powers:
                findings.lost.append(f"{place} never came to {leader}")
            elif window.power_w not in powers:
                text = f"{place}: {window.power_w} W below, {sorted(powers)} W at {leader}"
                findings.disagreements.append(text)
    return findings


def judge_counts(book: Found, reported: Mapping[str, Windows], leader: str) -> Findings:
    """Hold the energy that a VTN has counted in its events against its members' own meters."""
    findings = Findings()
    for (event_id, member), part in book.parts.items():
        dispatch = book.dispatches.get(event_id)
        if dispatch is None or part.baseline_w is None:
            continue
        place = f"{event_id}, {member} as counted by {leader}"
        inside = _inside(reported.get(member, {}), dispatch.acting)
        findings.add(_judge_count(place, part, inside))
    return findings


def _judge_count(place: str, part: Part, inside: list[Window]) -> Findings:
    findings = Findings()
    seconds = len(inside) * WINDOW_S
    if part.measured_s < seconds:
        findings.lost.append(f"{place}: {part.measured_s} s of {seconds} s")
    elif part.measured_s > seconds:
        findings.duplicated.append(f"{place}: {part.measured_s} s of {seconds} s")
    else:
        baseline_w = part.baseline_w or 0
        energy = sum((window.last.power_w - baseline_w) * WINDOW_S for window in inside)
        if part.delivered_ws != energy:
            text = f"{place}: {part.delivered_ws} Ws, metered {energy} Ws"
            findings.disagreements.append(text)
    return findings


def judge_sums(
    gateway: str, sums: Windows, members: Mapping[str, Windows], span: Interval
) -> Findings:
    """Hold a gateway's complete sums against its members' own meters."""
    findings = Findings()
    for start, told in sums.items():
        window = told.last
        parts = [windows[start].power_w for windows in members.values() if start in windows]
        if not span.contains(start) or window.reporting < window.expected:
            continue
        place = f"{gateway}'s sum of {start:%H:%M:%S}"
        if len(parts) != window.expected:
            text = f"{place} counts {window.reporting} members, {len(parts)} have reported"
            findings.disagreements.append(text)
        elif sum(parts) != window.power_w:
            text = f"{place} is {window.power_w} W, the members have {sum(parts)} W"
            findings.disagreements.append(text)
    return findings


def _inside(windows: Windows, acting: Interval | None) -> list[Window]:
    """Return the windows in which an event acted: until its end or its cancel."""
    return [
        window
        for start, window in windows.items()
        if acting and acting.start <= start and start + _WINDOW <= acting.end
    ]
