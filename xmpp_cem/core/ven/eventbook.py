"""The events a VEN knows, each in the state that the table of its life gives."""

from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.effects import AskDecision, Effect, Forget, Note, Remember, SetTimer
from xmpp_cem.core.inputs import Decided
from xmpp_cem.core.life.life import Act, Cause, State, Step
from xmpp_cem.core.life.lifecycle import step
from xmpp_cem.core.life.phases import due, live, next_due, tick
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.catchup import make_good
from xmpp_cem.core.ven.commitments import Commitments, timer_of
from xmpp_cem.core.ven.declining import declining
from xmpp_cem.core.ven.eventacts import (
    OPPOSITE,
    Happening,
    Word,
    also_own,
    as_state,
    decide_by,
    is_mandatory,
    is_undecided,
    note,
    refusal,
    remembered,
    why_of,
)
from xmpp_cem.core.ven.judging import Judging
from xmpp_cem.core.ven.stages import stage_of
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EventIndex
from xmpp_cem.messages.envelope import Header, Noun, ReplyError, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId


class EventBook:
    """All commitments of a VEN."""

    def __init__(self, state: VenState) -> None:
        self._state = state
        self.judging = Judging(state)
        self.commitments = Commitments()

    def restore(self, commitment: Commitment) -> None:
        """Take back a commitment from before a restart, also from an older store."""
        self.commitments[commitment.event.id] = as_state(commitment)

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: ask again what was not decided, wait for what comes next."""
        effects: list[Effect] = []
        for known in list(self.commitments.values()):
            if not is_undecided(known) or now >= known.event.active.end:
                effects += self._timer(known)
                continue
            asked = known.model_copy(update={"decide_by": decide_by(known.event, now)})
            effects += [*([] if asked == known else [self.keep(asked)]), *self._timer(asked)]
            if at_once := self.judging.at_once(asked, now):
                effects += self.happened(asked.event.id, Happening(*at_once, now))
            else:
                effects.append(AskDecision(asked.event, asked.asked_w))
        return effects

    def live(self) -> Iterable[Commitment]:
        """Return the commitments that may still act."""
        return self.commitments.live()

    def take_index(self, index: EventIndex, node: str, now: datetime) -> list[Effect]:
        """Compare with the VTN's index: fetch what differs, end what a newer index omits."""
        record = self._state.record
        if (index.epoch, index.version) <= (record.index_epoch, record.index_version):
            return []
        effects: list[Effect] = [
            self._state.save(
                index_epoch=index.epoch,
                index_version=index.version,
                index=index.entries,
                above=index.above,
            ),
            *self._omitted(index, now),
        ]
        lacking = []
        for entry in index.entries:
            known = self.commitments.get(entry.event)
            if known is None or known.newest < entry.order:
                lacking.append(entry.event)
            elif known.event.order == entry.order and known.digest != entry.digest:
                effects.append(Note("error", "the index differs", (("event_id", entry.event),)))
        again = index.entries == record.index
        return effects + make_good(self._state, node, tuple(lacking), now, is_again=again)

    def _omitted(self, index: EventIndex, now: datetime) -> list[Effect]:
        """End what the index should list and does not; it speaks for the node alone."""
        listed = {entry.event for entry in index.entries}
        effects: list[Effect] = []
        for known in self.commitments.live_or(listed):
            event = known.event
            # An index older than the event cannot list it; one from after its end does not cancel.
            is_covered = event.order.epoch <= index.epoch and event.created < index.at
            if event.id in listed and known.is_own:
                effects.append(self.keep(known.model_copy(update={"is_own": False})))
            elif event.id not in listed and is_covered and known.is_live and not known.is_own:
                cause = Cause.ENDS if index.at >= event.active.end else Cause.OMITTED
                effects += self.happened(event.id, Happening(cause, Word(), now))
        return effects

    def take_events(self, events: Iterable[Event], header: Header, now: datetime) -> list[Effect]:
        """Judge events one after the other; what is refused is told to people only."""
        return [effect for event in events for effect in self.take_event(event, header, now)]

    def take_request(
        self, events: Iterable[Event], header: Header, now: datetime
    ) -> tuple[list[Effect], tuple[ReplyError, ...]]:
        """Judge events of a transaction; what is refused its sender is to be told, with code."""
        effects: list[Effect] = []
        errors: list[ReplyError] = []
        for event in events:
            done, taken, why = self._take(event, header, now)
            effects += done
            errors += [refusal(event.id, taken.code, why)] if taken.is_refused else []
        return effects, tuple(errors)

    def take_event(self, event: Event, header: Header, now: datetime) -> list[Effect]:
        """Judge one version of an event and act on what the table gives."""
        return self._take(event, header, now)[0]

    def _take(self, event: Event, header: Header, now: datetime) -> tuple[list[Effect], Step, str]:
        """Return what a version leads to, the step that it causes, and the reason."""
        effects = self._tick(event.id, now)
        known = remembered(self._state.record, self.commitments.get(event.id), event, header)
        arrived = self.judging.committed(event, header, known, now)
        cause = self.judging.cause(arrived, header, known, now)
        taken = step(known.status if known else State.UNKNOWN, cause)
        made = arrived if known is None or Act.KEEP in taken.acts else also_own(known, arrived)
        word = Word(0, self.judging.reason(cause, arrived))
        what = Happening(cause, word, now)
        effects += self._asked(known, made, what)
        if no := declining(self._state, known, arrived, taken, what):
            effects += [self.keep(no.kept), *no.said]
        return effects, taken, why_of(taken, word)

    def retaken(self, known: Commitment, now: datetime) -> list[Effect]:
        """Judge again what a rule has barred here; where none does any more, it is asked anew."""
        made = known.model_copy(update=self.judging.judged(known.event, known, now))
        if made.barred:
            return [] if made == known else [self.keep(made)]
        made = made.model_copy(update={"decide_by": decide_by(made.event, now)})
        cause = Cause.POSTPONED if now < made.event.active.start else Cause.NEWER
        return self._asked(known, made, Happening(cause, Word(), now))

    def _asked(self, known: Commitment | None, made: Commitment, what: Happening) -> list[Effect]:
        """Take a version, and answer at once where nobody is to decide."""
        before = known.status if known else State.UNKNOWN
        effects = self._live(known, made, what)
        is_asked = Act.ASK in step(before, what.cause).acts
        if is_asked and (at_once := self.judging.at_once(made, what.now)):
            effects += self.happened(made.event.id, Happening(*at_once, what.now))
        return effects

    def decided(self, decision: Decided, now: datetime) -> list[Effect]:
        """Commit an answer, then send it; a decision on an older version is dropped."""
        known = self.commitments.get(decision.event)
        if known is None or decision.order != known.event.order:
            return []
        power_w, reason = decision.power_w, decision.reason or known.why_scheduled
        if power_w * known.asked_w < 0:
            return self.answer(known, Opt.OUT, 0, OPPOSITE, now)
        if known.resources is not None and abs(power_w) > abs(known.asked_w):
            power_w = known.asked_w  # nobody can promise for resources that are left out
        return self.answer(known, decision.opt, power_w, reason, now, decision.until)

    def answer(
        self,
        commitment: Commitment,
        opt: Opt,
        power_w: int,
        reason: str,
        now: datetime,
        until: datetime | None = None,
    ) -> list[Effect]:
        """Answer anew when anything differs from the last answer (create, then change).

        A yes may end at `until`, before the event does; one that ended before it starts is a no.
        """
        effects = self._tick(commitment.event.id, now)
        known = self.commitments.get(commitment.event.id)
        if known is None:
            return effects
        active = known.event.active
        until = until if opt is Opt.IN and until and until < active.end else None
        if until and until <= max(active.start, now):
            opt, reason, until = Opt.OUT, "the time that could be promised is over", None
        last, power_w = known.answer, power_w if opt is Opt.IN else 0
        said = (known.event.order, opt, power_w, until)
        if last and (last.order, last.opt, last.power_w, last.until) == said:
            return effects
        cause = Cause.OPT_OUT_BARRED if is_mandatory(known.event) else Cause.OPT_OUT
        if opt is Opt.IN:
            cause = Cause.OPT_IN_BARRED if self.why_barred(known.event) else Cause.OPT_IN
        what = Happening(cause, Word(power_w, reason, until), now)
        return effects + self._live(known, known, what)

    def refused(self, body: Body | None, now: datetime) -> list[Effect]:
        """Act on nothing that the VTN did not take our answer to: it would be nobody's power."""
        answers = body.answers if isinstance(body, EndDeviceEvents) else ()
        effects: list[Effect] = []
        for answer in answers:
            known = self.commitments.get(answer.event)
            if known is None or known.answer != answer or answer.opt is Opt.OUT:
                continue
            out = {"opt": Opt.OUT, "power_w": 0, "reason": "the VTN refused the answer"}
            steps = live(known.status, Cause.OPT_OUT, self.judging.moments(known), now)
            update = {"status": steps[-1].to, "answer": answer.model_copy(update=out)}
            effects += self._settled(known, known.model_copy(update=update), now)
        return effects

    def keep(self, commitment: Commitment) -> Remember:
        """Replace a commitment."""
        self.commitments[commitment.event.id] = commitment
        return Remember(commitment)

    def fire(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Bring an event on by the clock: near, started, answered by silence, ended, forgotten."""
        known = self.commitments.get(event_id)
        return (self._tick(event_id, now) or self._timer(known)) if known else []

    def why_barred(self, event: Event) -> str:
        """Return why nobody here is asked about an event, which is answered no, or nothing."""
        known = self.commitments.get(event.id)
        return (known.barred if known else "") or self.judging.why_unable(event)

    def _tick(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Bring an event up to the present, by the moments known so far."""
        known = self.commitments.get(event_id)
        if known is None:
            return []
        at = self.judging.moments(known)
        cause, steps = due(known.status, at, now), tick(known.status, at, now)
        if cause is None:
            return []
        return self._done(known, known, steps, Happening(cause, Word(known.asked_w), now))

    def happened(self, event_id: EventId, what: Happening) -> list[Effect]:
        """Take what has become known about an event; nothing for one that is not known here."""
        effects, known = self._tick(event_id, what.now), self.commitments.get(event_id)
        return effects + (self._live(known, known, what) if known else [])

    def _live(self, known: Commitment | None, made: Commitment, what: Happening) -> list[Effect]:
        """Take a cause and all that the clock then brings, by the moments of what is made of it."""
        state = known.status if known else State.UNKNOWN
        steps = live(state, what.cause, self.judging.moments(made), what.now)
        return self._done(known, made, steps, what)

    def _done(
        self, known: Commitment | None, made: Commitment, steps: Iterable[Step], what: Happening
    ) -> list[Effect]:
        """Carry out the acts of steps in order; one commit keeps what they come to.

        Baselines, set points and the telling of start and stop follow from what is kept: a site
        looks at it every second.
        """
        effects: list[Effect] = []
        for each in steps:
            effects += note(made.event.id, made.status, each, what)
            if stage := stage_of(made, each, is_asked=not self.judging.at_once(made, what.now)):
                effects += self._state.tell(made, stage, why_of(each, what.word), what.now)
            made = made.model_copy(update={"status": each.to})
            for act in each.acts:
                if act is Act.ASK and not self.judging.at_once(made, what.now):
                    effects.append(AskDecision(made.event, made.asked_w))
                elif act in {Act.SAY_IN, Act.SAY_OUT}:
                    answer = self.judging.spoken(made, each, what)
                    verb = Verb.CHANGE if made.answer else Verb.CREATE
                    body, end = EndDeviceEvents(answers=(answer,)), made.event.active.end
                    if made.event.wants_answer:
                        effects += self._state.request(verb, Noun.EVENTS, body, what.now, end)
                    made = made.model_copy(update={"answer": answer})
        return [*self._settled(known, made, what.now), *effects]

    def _settled(self, known: Commitment | None, made: Commitment, now: datetime) -> list[Effect]:
        """Keep what has changed and wait for what the clock brings next; forget what is over."""
        if made.status is State.UNKNOWN:
            gone = self.commitments.pop(made.event.id, None)
            return [Forget(gone)] if gone else []
        if made == known:
            return []
        timer = self._timer(made)
        timer = timer if known is None or self._timer(known) != timer else []
        return [self.keep(made), *self._state.rules.follow(made, now), *timer]

    def _timer(self, commitment: Commitment) -> list[Effect]:
        at = next_due(commitment.status, self.judging.moments(commitment))
        return [SetTimer(timer_of(commitment.event.id), at)] if at else []
