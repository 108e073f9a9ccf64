"""What a VEN does with events it knows when what is agreed about its resources has changed."""

from datetime import datetime

from xmpp_cem.core.commitments import only
from xmpp_cem.core.effects import Effect
from xmpp_cem.core.life.life import Cause, State
from xmpp_cem.core.programmes.rulebook import Verdict
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.eventacts import Happening, Word, is_mandatory
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.model.answer import Opt


def rejudged(state: VenState, book: EventBook, now: datetime) -> list[Effect]:
    """Take resources out of events to which nobody agrees any more, and ask of others anew.

    Consent and enrolment are judged again, and opt schedules; budgets are not.
    """
    effects: list[Effect] = []
    for known in list(book.commitments.values()):
        event = known.event
        if now >= event.active.end or event.is_cancelled or is_mandatory(event):
            continue
        if known.is_live:
            effects += _held(state, book, known, now)
        elif known.status is State.REFUSED and known.barred:
            effects += book.retaken(known, now)
    return effects


def _held(state: VenState, book: EventBook, known: Commitment, now: datetime) -> list[Effect]:
    able = state.capability or (c[-1].capability if (c := state.confirmed) else None)
    if able is None:
        return []
    verdict = book.judging.verdict(known.event, able, now, is_new=False)
    if why := verdict.why_nothing:
        update = {"resources": (), "barred": verdict.barred}
        kept = book.keep(known.model_copy(update=update))
        out = Happening(Cause.OPT_OUT, Word(0, why), now)
        return [kept, *book.happened(known.event.id, out)]
    left = _left(known, verdict)
    if left == known.resources:
        return []
    made = known.model_copy(update={"resources": left})
    effects: list[Effect] = [book.keep(made)]
    answer, flexible = made.answer, only(able, left)
    if answer is None or answer.opt is Opt.OUT or not answer.power_w:
        return effects
    most_w = flexible.able_w(made.event.active, is_fall=answer.power_w < 0)
    if begun := dict(made.limits):
        most_w = sum(w for resource, w in begun.items() if left is None or resource in left)
    power_w = max(-most_w, min(most_w, answer.power_w))
    opt = Opt.IN if power_w else Opt.OUT
    why = verdict.why_scheduled or "the customer has withdrawn a resource"
    return [*effects, *book.answer(made, opt, power_w, why, now)]


def _left(known: Commitment, verdict: Verdict) -> tuple[str, ...] | None:
    """Return the resources that an event keeps: none joins it that was not asked."""
    if verdict.resources is None:
        return known.resources
    return tuple(r for r in verdict.resources if known.resources is None or r in known.resources)
