"""What a VEN tells of an event's life besides its answer, and how well it went."""

from datetime import datetime

from xmpp_cem.core.life.life import Act, State, Step
from xmpp_cem.core.life.lifecycle import OPEN
from xmpp_cem.core.records import Commitment
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import PartyId, derived_id

_ENDS = {State.CANCELLED: StatusType.CANCELLED, State.EXPIRED: StatusType.EXPIRED}
_HALF = 2

_STANDING = {
    State.PENDING: StatusType.RECEIVED,
    State.FAR: StatusType.SCHEDULED,
    State.NEAR: StatusType.SCHEDULED,
    State.ACTIVE: StatusType.STARTED,
    State.SUPERSEDED: StatusType.STOPPED,
    State.COMPLETED: StatusType.STOPPED,
    **_ENDS,
}
"""How an event stands that somebody asks for; of what was refused the answer tells."""


def stage_of(commitment: Commitment, step: Step, *, is_asked: bool) -> StatusType | None:
    """Return what a step is told as; None where the answer, a start or a stop says it.

    That an event was received is told once, where somebody `is_asked` to decide on it: then the
    answer may take its time. An end is told where it comes before what was awaited.
    """
    before = commitment.status
    if Act.ASK in step.acts and before is State.UNKNOWN:
        return StatusType.RECEIVED if is_asked else None
    return _ENDS.get(step.to) if before in OPEN else None


def told(
    commitment: Commitment, kind: StatusType, party: PartyId, now: datetime, why: str = ""
) -> Status:
    """Return the status of an event's stage; its id is the same for the same news."""
    event = commitment.event
    status_id = derived_id("status", party, event.id, kind, now)
    return Status(id=status_id, type=kind, at=now, event=event.id, reason=why[:256])


def standing(commitment: Commitment, party: PartyId, now: datetime) -> tuple[Status, ...]:
    """Return as a status how an event stands here; none where its answer says it."""
    kind = _STANDING.get(commitment.status)
    return (told(commitment, kind, party, now),) if kind else ()


def outcome(
    commitment: Commitment, samples: tuple[Sample, ...], party: PartyId, now: datetime
) -> tuple[Status, ...]:
    """Return at its end whether an event has moved what it promised; nothing of another end.

    It fell short where its resources, at the last look, had not moved half of that. Between half
    and whole the readings say how much.
    """
    if now < commitment.event.active.end or commitment.status not in {
        State.ACTIVE,
        State.COMPLETED,
    }:
        return ()
    shares, powers = dict(commitment.shares), {s.resource: s.power_w for s in samples}
    promised_w = sum(shares.values())
    moved_w = sum(
        powers[resource] - baseline_w
        for resource, baseline_w in commitment.baselines or ()
        if shares.get(resource) and resource in powers
    )
    if not promised_w:
        return ()
    is_moved = moved_w * promised_w > 0 and abs(moved_w) * _HALF >= abs(promised_w)
    kind = StatusType.SUCCEEDED if is_moved else StatusType.SHORTFALL
    why = f"moved {moved_w} of {promised_w} W at its end"
    made = told(commitment, kind, party, now, why)
    return (made.model_copy(update={"power_w": moved_w}) if is_moved else made,)
