"""Whether every control ended as it must at every level, judged from the stores alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.ledger import Control, Ledger
from xmpp_cem.chaos.plan import GRID
from xmpp_cem.chaos.stores import Found
from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment, Dispatch, Part
from xmpp_cem.core.vtn.dispatch.individual import share_id
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.signal import Limit, in_words

_TRAVEL_S = 2.0
"""What is said later may expire with the event on its way, up or down."""


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
    if dispatch.signal != control.signal:
        return f"asked for: {in_words(control.signal)}, has: {in_words(dispatch.signal)}"
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
            commitment = found.commitments.get(asked_as(dispatch, member))
            place = f"{event_id} between {hop.leader} and {member}"
            calm = not ledger.is_harmed(number, GRID, hop.leader, member)
            forgot = ledger.forgot(member, dispatch.event.created)
            if commitment is None:
                findings.lost += _absent(place, dispatch, part, calm=calm, forgot=forgot)
                continue
            order = _told_order(dispatch, part)
            late = dispatch.active.end - timedelta(seconds=_TRAVEL_S)
            calm = calm and (dispatch.replanned is None or dispatch.replanned < late)
            findings.disagreements += _unlike(place, dispatch, order, commitment, calm=calm)
            given, last = commitment.answer, part.answer if part else None
            calm = calm and (given is None or given.at < late)
            if last is not None and ledger.is_doubled(member, last.at):
                continue  # the other of two gave it, out of a store of its own
            findings.disagreements += _answers(place, given, last, calm, forgot)
    return findings


def asked_as(dispatch: Dispatch, member: str) -> str:
    """Return the id by which a member knows an event: that of its own share, where it has one."""
    event_id = dispatch.event.id
    return share_id(event_id, member) if dispatch.is_individual else event_id


def _told_order(dispatch: Dispatch, part: Part | None) -> Order | None:
    """Return the version that a member was told last; None when it never was."""
    event = dispatch.event
    if not dispatch.is_individual or (part and part.order and event.is_cancelled):
        return event.order
    return part.order if part else None


def _absent(
    place: str, dispatch: Dispatch, part: Part | None, *, calm: bool, forgot: bool
) -> list[str]:
    """Judge an event that a member does not have; visibly unanswered is no loss."""
    is_individual = dispatch.is_individual
    if part and part.answer and not forgot:
        return [f"{place}: it was answered, and the member does not know it"]
    if part and part.answer is None and calm and (part.order or not is_individual):
        return [f"{place}: it never reached the member, whom no fault had reached"]
    return []


def _unlike(
    place: str, dispatch: Dispatch, ours: Order | None, commitment: Commitment, *, calm: bool
) -> list[str]:
    """Judge how both sides ended; behind a fault the last version may come too late."""
    above, below = dispatch.event.status, commitment.status
    if above is EventStatus.COMPLETED and below is State.CANCELLED:
        return [f"{place}: completed above, cancelled below"]
    if not calm:
        return []
    if above is EventStatus.CANCELLED and below is not State.CANCELLED:
        return [f"{place}: cancelled above, {below.value} below"]
    theirs = commitment.event.order
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
        if calm and above is State.COMPLETED and _divided(made[0]) != _asked(commitment):
            asked = f"asked for {_asked(commitment)} W, divided {_divided(made[0])} W"
            findings.disagreements.append(f"{place}: {asked}")
    return findings


def _asked(commitment: Commitment) -> int:
    signal = commitment.event.signal
    return signal.limit_w if isinstance(signal, Limit) else commitment.asked_w


def _divided(dispatch: Dispatch) -> int:
    signal = dispatch.signal
    return signal.limit_w if isinstance(signal, Limit) else dispatch.target_w
