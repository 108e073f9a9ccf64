"""What a VEN reads from a commitment and makes of a step: its moments, an answer, notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Note
from xmpp_cem.core.life.arrival import Version
from xmpp_cem.core.life.life import Act, Cause, State, Step
from xmpp_cem.core.life.lifecycle import ENDED
from xmpp_cem.core.life.phases import Moments
from xmpp_cem.core.reach import NEAR_BEFORE
from xmpp_cem.core.records import Commitment, VenRecord
from xmpp_cem.messages.envelope import Header, Level, ReplyError, Verb
from xmpp_cem.messages.naming import IdKind, NamedId
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, PartyId, derived_id
from xmpp_cem.model.partial import Partial
from xmpp_cem.model.signal import Delta, Limit, Share
from xmpp_cem.model.time import Interval

TOMBSTONE = timedelta(hours=24)
"""How long an ended event stays known after its validity, so that an old item cannot revive it."""
DECIDE_WITHIN = timedelta(seconds=10)
"""How long a party may decide when it hears of a version only after the deadline for answers."""

OPPOSITE = "the site's program promised the opposite of what was asked"
UNCONFIRMED = "no capability was confirmed before the event was made"
_BEGUN = ("baselines", "limits", "shares", "rooms")
BY_TRANSACTION = frozenset({Verb.CREATE, Verb.CHANGE, Verb.CANCEL})
"""Verbs of what comes to us alone."""


@dataclass(frozen=True, slots=True)
class Word:
    """What an answer says, besides yes or no.

    Args:
        power_w: what a yes promises, signed, W.
        reason: for people; empty for the reason of the step.
        until: when a yes ends, before the event does.
    """

    power_w: int = 0
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """What has become known about an event, and when.

    Args:
        cause: for the table; of the clock's own steps only a word for people.
        word: what an answer to it would say.
        now: the present.
    """

    cause: Cause
    word: Word
    now: datetime


def moments(commitment: Commitment, *, is_silence_yes: bool) -> Moments:
    """Return the instants of an event's life here."""
    event = commitment.event
    return Moments(
        near=event.active.start - NEAR_BEFORE,
        start=event.active.start,
        end=event.active.end,
        answer_by=commitment.decide_by or event.answer_by,
        forget=event.active.end + TOMBSTONE,
        is_silence_yes=is_silence_yes or is_mandatory(event),
    )


def decide_by(event: Event, now: datetime) -> datetime | None:
    """Return when silence becomes an answer to what is asked now; None for the event's deadline."""
    if now < event.answer_by:
        return None
    return min(now + DECIDE_WITHIN, event.active.end)


def as_state(commitment: Commitment) -> Commitment:
    """Return a commitment of an older store, which called all that is live far, in its state."""
    if commitment.status is not State.FAR:
        return commitment
    answer = commitment.answer
    if answer is not None and answer.opt is Opt.IN:
        return commitment
    status = State.REFUSED if answer else State.PENDING
    return commitment.model_copy(update={"status": status})


def continued(made: Commitment, known: Commitment, now: datetime) -> Commitment:
    """Return a newer version with what stands of the older: the answer, and what has begun.

    What was fixed at a start does not hold for a later one.
    """
    begun = _BEGUN if now >= made.event.active.start else ()
    stands = {
        name: getattr(known, name) for name in ("status", "answer", "offsets", "taken", *begun)
    }
    return made.model_copy(update=stands)


def also_own(known: Commitment, arrived: Commitment) -> Commitment:
    """Return what is known, as ours alone once the same version has come to us alone."""
    is_same = (known.event.order, known.digest) == (arrived.event.order, arrived.digest)
    return known.model_copy(update={"is_own": True}) if arrived.is_own and is_same else known


def is_current(record: VenRecord, commitments: Mapping[EventId, Commitment]) -> bool:
    """Whether an index is known, and every event just as it lists it, or declined as that."""
    return record.index_epoch >= 0 and all(
        (known := commitments.get(entry.event)) is not None
        and known.newest == entry.order
        and (known.declined is not None or known.digest == entry.digest)
        for entry in record.index
    )


def is_mandatory(event: Event) -> bool:
    """Whether an event takes no opt-out; safety may still prevent what it wants."""
    return isinstance(event.signal, Limit) and event.signal.is_mandatory


def may_return(known: Commitment, event: Event) -> bool:
    """Whether what only an index omitted is taken again once a later epoch lists it."""
    was_omitted = known.status is State.CANCELLED and not known.event.is_cancelled
    return was_omitted and event.order.epoch > known.event.order.epoch


def remembered(
    record: VenRecord, known: Commitment | None, event: Event, header: Header
) -> Commitment | None:
    """Return what is known of an event when a version of it arrives.

    What only an index omitted is as if it had never been, once a later epoch makes and lists it:
    a VTN whose store was put back omits what it makes again. What it tells us itself needs no list.
    """
    if known is None or not may_return(known, event):
        return known
    is_told = header.verb in BY_TRANSACTION or header.verb is Verb.REPLY
    is_listed_now = any(entry.event == event.id for entry in record.index)
    return None if is_told or is_listed_now else known


def is_listed(record: VenRecord, event: Event, header: Header, index_made: datetime | None) -> bool:
    """Whether a version counts: by transaction always, else by an index that is known.

    An index that was made after an event, in its epoch, lists it as long as it lives. An item that
    it does not list was put back by a server that lost what came after.
    """
    if header.verb in BY_TRANSACTION:
        return True
    if record.index_epoch < 0:
        return False
    if any(entry.event == event.id for entry in record.index):
        return True
    epoch = event.order.epoch
    is_item = header.verb is not Verb.REPLY and not event.is_cancelled
    if is_item and epoch == record.index_epoch and index_made and event.created < index_made:
        return False
    return epoch >= record.index_epoch


def version_of(
    commitment: Commitment, expires: datetime | None, *, is_listed: bool, is_able: bool
) -> Version:
    """Return what is to be judged of a version that has arrived."""
    event = commitment.event
    return Version(
        order=event.order,
        digest=commitment.digest,
        acting=event.active,
        is_cancel=event.is_cancelled,
        is_listed=is_listed,
        is_for_me=commitment.is_called,
        expires=expires,
        is_by_rule=not commitment.barred,
        is_able=is_able,
    )


def asks(event: Event) -> bool:
    """Whether an event asks for anything at all, of anybody."""
    signal = event.signal
    if isinstance(signal, Share):
        return bool(signal.multiplier)
    return not isinstance(signal, Delta) or bool(signal.power_w)


def is_undecided(commitment: Commitment) -> bool:
    """Whether the newest version of what may still act has no answer."""
    answer = commitment.answer
    return commitment.is_live and (answer is None or answer.order != commitment.event.order)


def made_answer(commitment: Commitment, party: PartyId, step: Step, what: Happening) -> Answer:
    """Return the next answer to an event: the first creates it, the others change it."""
    last, event = commitment.said, commitment.event
    opt = Opt.IN if Act.SAY_IN in step.acts else Opt.OUT
    return Answer(
        id=derived_id("answer", event.id, party),
        event=event.id,
        order=event.order,
        opt=opt,
        power_w=what.word.power_w if opt is Opt.IN else 0,
        revision=commitment.revision,
        sequence=last.sequence + 1 if last else 1,
        at=what.now,
        until=what.word.until if opt is Opt.IN else None,
        code=step.code if opt is Opt.OUT and step.is_refused else None,
        reason=_said(commitment, step, what.word)[:256],
    )


def _said(commitment: Commitment, step: Step, word: Word) -> str:
    """Return the reason of an answer; of a promise for a part of the time that part."""
    asked_w, active = commitment.asked_w, commitment.event.active
    is_part = word.power_w * asked_w >= 0 and abs(word.power_w) <= abs(asked_w)
    if word.reason or word.until is None or not is_part:
        return why_of(step, word)
    during = Interval(start=active.start, end=word.until)
    return str(Partial(asked_w=asked_w, power_w=word.power_w, asked=active, during=during))


def why_of(step: Step, word: Word) -> str:
    """Return the reason of a step: of an answer its own, else that of the table."""
    is_answer = Act.SAY_IN in step.acts or Act.SAY_OUT in step.acts
    return (word.reason or step.why) if is_answer else (step.why or word.reason)


def note(event: EventId, before: State, step: Step, what: Happening) -> list[Note]:
    """Return what people are told of a step: that it was refused, or that the event has ended."""
    why = why_of(step, what.word)
    if step.is_refused:
        fields = (("event_id", event), ("cause", what.cause), ("code", step.code), ("why", why))
        return [Note("error" if Act.ALARM in step.acts else "warning", "event not taken", fields)]
    if step.to is before or step.to not in ENDED:
        return []
    reason = (("why", why),) if why else ()
    return [Note("info", f"event {step.to.value}", (("event_id", event), *reason))]


def refusal(event: EventId, code: str, why: str) -> ReplyError:
    """Return what whoever has sent a version that was refused is told."""
    about = NamedId(text=event, kind=IdKind.UUID)
    return ReplyError(code=code, reason=why[:1024], level=Level.FATAL, id=about)
