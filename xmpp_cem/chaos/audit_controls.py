"""Whether every control ended as it must at every level, judged from the stores alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.ledger import Control, Ledger
from xmpp_cem.chaos.plan import GRID, WINDOW_S
from xmpp_cem.chaos.stores import Found, Window
from xmpp_cem.core.life import State
from xmpp_cem.core.records import Commitment, Dispatch, Part
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.time import Interval

_WINDOW = timedelta(seconds=WINDOW_S)
_LEAST_W = 50
_EDGE_S = 4
_TRAVEL_S = 1.0
"""An answer that is given later may expire with the event on its way up."""


@dataclass(frozen=True)
class Hop:
    """One domain in one round: what its VTN has written down, and what each member has.

    Args:
        leader: the VTN's party.
        book: the VTN's dispatches and parts.
        members: each member's commitments.
    """

    leader: str
    book: Found
    members: Mapping[str, Found]


def judge_controls(ledger: Ledger, number: int, grid: Found) -> Findings:
    """Hold what the operator was told against what the first VTN has written down."""
    findings = Findings()
    for control in ledger.of(number):
        dispatch = grid.dispatches.get(control.id)
        if control.fate != "accepted" or ledger.forgot(GRID, control.made):
            continue
        if dispatch is None:
            findings.lost.append(f"{control.id} was accepted, {GRID} does not know it")
            continue
        wrong = _wrong_end(control, dispatch, may_forget=ledger.forgot(GRID, control.active.end))
        if wrong:
            findings.disagreements.append(f"{control.id} at {GRID}: {wrong}")
    return findings


def _wrong_end(control: Control, dispatch: Dispatch, *, may_forget: bool) -> str:
    status = dispatch.event.status
    if dispatch.target_w != control.target_w:
        return f"target {dispatch.target_w} W, asked for {control.target_w} W"
    if control.cancel == "accepted" and status is EventStatus.COMPLETED and not may_forget:
        return "its cancel was accepted, and it is completed"
    if control.cancel is None and status is EventStatus.CANCELLED:
        return "nobody cancelled it, and it is cancelled"
    return ""


def judge_hop(ledger: Ledger, number: int, hop: Hop) -> Findings:
    """Hold a VTN's events against those of each of its members."""
    findings = Findings()
    for event_id, dispatch in hop.book.dispatches.items():
        for member, found in hop.members.items():
            part = hop.book.parts.get((event_id, member))
            commitment = found.commitments.get(event_id)
            place = f"{event_id} between {hop.leader} and {member}"
            calm = not ledger.is_harmed(number, GRID, hop.leader, member)
            forgot = ledger.forgot(member, dispatch.event.created)
            if commitment is None:
                findings.lost += _absent(place, part, calm=calm, forgot=forgot)
                continue
            findings.disagreements += _unlike(place, dispatch, commitment, calm=calm)
            given, last = commitment.answer, part.answer if part else None
            late = dispatch.active.end - timedelta(seconds=_TRAVEL_S)
            calm = calm and (given is None or given.at < late)
            findings.disagreements += _answers(place, given, last, calm, forgot)
    return findings


def _absent(place: str, part: Part | None, *, calm: bool, forgot: bool) -> list[str]:
    """Judge an event that a member does not have; visibly unanswered is no loss."""
    if part and part.answer and not forgot:
        return [f"{place}: it was answered, and the member does not know it"]
    if part and part.answer is None and calm:
        return [f"{place}: it never reached the member, whom no fault had reached"]
    return []


def _unlike(place: str, dispatch: Dispatch, commitment: Commitment, *, calm: bool) -> list[str]:
    """Judge how both sides ended; behind a fault the last version may come too late."""
    above, below = dispatch.event.status, commitment.status
    if above is EventStatus.COMPLETED and below is State.CANCELLED:
        return [f"{place}: completed above, cancelled below"]
    if not calm:
        return []
    if above is EventStatus.CANCELLED and below is not State.CANCELLED:
        return [f"{place}: cancelled above, {below.value} below"]
    ours, theirs = dispatch.event.order, commitment.event.order
    return [f"{place}: version {ours} above, {theirs} below"] if ours != theirs else []


def _answers(
    place: str, given: Answer | None, taken: Answer | None, calm: bool, forgot: bool
) -> list[str]:
    """Judge the member's answer; behind a fault it may have come too late, but never changed."""
    if taken is None or given is None:
        both = given is None and taken is None
        return [] if both or not calm else [f"{place}: answered on one side only"]
    if given.sequence == taken.sequence and _said(given) != _said(taken):
        return [f"{place}: the answer is {_said(given)} below and {_said(taken)} above"]
    if taken.sequence > given.sequence and not forgot:
        return [f"{place}: answer {taken.sequence} was taken, {given.sequence} were given"]
    if taken.sequence < given.sequence and calm:
        return [f"{place}: answer {given.sequence} never arrived"]
    return []


def _said(answer: Answer) -> tuple[str, int]:
    return answer.opt.value, answer.power_w


def judge_cascade(ledger: Ledger, number: int, gateway: str, found: Found) -> Findings:
    """Hold what a gateway was asked above against what it made of it below."""
    findings = Findings()
    for commitment in found.commitments.values():
        event_id = commitment.event.id
        made = [d for d in found.dispatches.values() if d.upper == event_id]
        place = f"{event_id} through {gateway}"
        if len(made) > 1:
            findings.duplicated.append(f"{place}: {len(made)} events below")
        if not made:
            answer = commitment.answer
            if answer and answer.opt is Opt.IN:
                findings.lost.append(f"{place}: promised above, nothing below")
            continue
        above, below = commitment.status, made[0].event.status
        calm = not ledger.is_harmed(number, GRID, gateway)
        if calm and (above is State.CANCELLED) != (below is EventStatus.CANCELLED):
            findings.disagreements.append(f"{place}: {above.value} above, {below.value} below")
        if calm and above is State.COMPLETED and made[0].target_w != commitment.asked_w:
            asked = f"asked for {commitment.asked_w} W, divided {made[0].target_w} W"
            findings.disagreements.append(f"{place}: {asked}")
    return findings


def judge_acts(
    site: str, found: Found, other: Collection[Interval], windows: Mapping[datetime, Window]
) -> Findings:
    """Hold what a site promised against the power that it measured itself.

    Args:
        site: the party.
        found: its commitments that no fault has reached; each moves what was promised, once.
        other: when further events of its were active.
        windows: what it metered; power outside of all events is wrong.
    """
    findings = Findings()
    edge = timedelta(seconds=_EDGE_S)
    active = [*other, *(c.event.active for c in found.commitments.values())]
    for start, window in windows.items():
        is_near = any(a.start - edge < start < a.end + edge for a in active)
        if not is_near and abs(window.power_w) > _LEAST_W:
            text = f"{site} moved {window.power_w} W at {start:%H:%M:%S} outside of every event"
            findings.duplicated.append(text)
    for commitment in found.commitments.values():
        findings.add(_judge_act(site, commitment, windows))
    return findings


def _judge_act(site: str, commitment: Commitment, windows: Mapping[datetime, Window]) -> Findings:
    """Judge one event at a site that no fault reached: it moved what it promised, once."""
    answer, findings = commitment.answer, Findings()
    if answer is None or answer.opt is not Opt.IN or abs(answer.power_w) < _LEAST_W:
        return findings
    moved = [w.power_w for at, w in windows.items() if _is_inside(at, commitment.event.active)]
    near = max(_LEAST_W, abs(answer.power_w) // 50)
    place = f"{commitment.event.id} at {site}"
    is_steady, is_over = answer.sequence == 1, commitment.status is State.COMPLETED
    least = abs(answer.power_w) - near if is_steady else _LEAST_W
    if is_over and not any(abs(power_w) >= least for power_w in moved):
        findings.lost.append(f"{place}: promised {answer.power_w} W, moved {moved}")
    most = abs(answer.power_w) + near
    if is_steady and any(abs(power_w) > most for power_w in moved):
        findings.duplicated.append(f"{place}: promised {answer.power_w} W, moved {moved}")
    return findings


def _is_inside(start: datetime, active: Interval) -> bool:
    return active.start <= start and start + _WINDOW <= active.end
