"""The events a VEN knows: taken from node, index and transaction, decided, answered, ended."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from xmpp_cem.core.commitments import Verdict, asked_power, basis_capability, judge
from xmpp_cem.core.effects import (
    AskDecision,
    Effect,
    Fetch,
    Forget,
    Note,
    Remember,
    SetTimer,
)
from xmpp_cem.core.inputs import Decided, Link
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.venstate import VenState
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EventIndex
from xmpp_cem.messages.envelope import Header, Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event, EventStatus
from xmpp_cem.model.ids import EventId, Jid, derived_id

TOMBSTONE = timedelta(hours=24)
"""How long an ended event stays known after its validity, so that an old item cannot revive it."""


class EventBook:
    """All commitments of a VEN."""

    def __init__(self, state: VenState) -> None:
        self._state = state
        self.commitments: dict[EventId, Commitment] = {}

    def resume(self) -> list[Effect]:
        """After a restart: ask again what was not decided, wait for each end."""
        effects: list[Effect] = []
        for commitment in self.commitments.values():
            effects.append(self._timer(commitment))
            if commitment.is_live and commitment.answer is None:
                effects.append(AskDecision(commitment.event, commitment.asked_w))
        return effects

    def live(self) -> Iterable[Commitment]:
        """Return the commitments that may still act."""
        return [c for c in self.commitments.values() if c.is_live]

    def take_index(self, index: EventIndex, node: str) -> list[Effect]:
        """Compare with the VTN's index: fetch what differs, end what a newer index omits."""
        record = self._state.record
        if (index.epoch, index.version) <= (record.index_epoch, record.index_version):
            return []
        effects: list[Effect] = [
            self._state.save(
                index_epoch=index.epoch, index_version=index.version, index=index.entries
            )
        ]
        listed = {entry.event for entry in index.entries}
        for commitment in self.live():
            event = commitment.event
            if event.id not in listed and event.order.epoch <= index.epoch:
                # Our clock may be behind the VTN's: what has ended there was not cancelled.
                is_over = index.at >= event.active.end
                status = EventStatus.COMPLETED if is_over else EventStatus.CANCELLED
                effects += self._end(commitment, status, "absent from the index")
        wanted = []
        for entry in index.entries:
            known = self.commitments.get(entry.event)
            if known is None or known.event.order < entry.order:
                wanted.append(entry.event)
            elif known.event.order == entry.order and known.digest != entry.digest:
                effects.append(_note("error", "event differs from the index", entry.event))
        if wanted and record.admission:
            service = Jid.parse(record.admission.service)
            effects.append(Fetch(Link.UPPER, service, node, tuple(wanted)))
        return effects

    def take_events(self, events: Iterable[Event], header: Header, now: datetime) -> list[Effect]:
        """Judge events one after the other."""
        return [effect for event in events for effect in self.take_event(event, header, now)]

    def take_event(self, event: Event, header: Header, now: datetime) -> list[Effect]:
        """Judge one version of an event and act on the verdict."""
        if header.expires is not None and now >= header.expires and now < event.active.end:
            return [_note("warning", "expired message refused", event.id)]
        digest = self._state.settings.digest(event)
        known = self.commitments.get(event.id)
        verdict = judge(self._state.record, known, event, digest, now)
        match verdict:
            case Verdict.TAKE:
                return self._commit(event, digest, header, now)
            case Verdict.CANCEL:
                return self._cancel(event, digest, known)
            case Verdict.SAME:
                return []
            case Verdict.CONFLICT:
                return [_note("error", "same version with another content refused", event.id)]
            case Verdict.STALE | Verdict.UNLISTED | Verdict.LATE:
                return [_note("warning", f"{verdict.name.lower()} event refused", event.id)]

    def decided(self, decision: Decided, now: datetime) -> list[Effect]:
        """Commit an answer, then send it; a decision on an older version is dropped."""
        commitment = self.commitments.get(decision.event)
        if commitment is None or not commitment.is_live:
            return []
        if decision.order != commitment.event.order:
            return []
        if decision.power_w * commitment.asked_w < 0:
            why = "the site's program promised the opposite of what was asked"
            return self.answer(commitment, Opt.OUT, 0, why, now)
        return self.answer(commitment, decision.opt, decision.power_w, decision.reason, now)

    def answer(
        self, commitment: Commitment, opt: Opt, power_w: int, reason: str, now: datetime
    ) -> list[Effect]:
        """Answer anew when anything differs from the last answer (create, then change)."""
        last = commitment.answer
        power_w = power_w if opt is Opt.IN else 0
        event = commitment.event
        if last and (last.order, last.opt, last.power_w) == (event.order, opt, power_w):
            return []
        answer = Answer(
            id=derived_id("answer", event.id, self._state.settings.party),
            event=event.id,
            order=event.order,
            opt=opt,
            power_w=power_w,
            revision=commitment.revision,
            sequence=last.sequence + 1 if last else 1,
            at=now,
            reason=reason[:256],
        )
        verb = Verb.CHANGE if last else Verb.CREATE
        body = EndDeviceEvents(answers=(answer,))
        return [
            self._keep(commitment.model_copy(update={"answer": answer})),
            *self._state.request(verb, Noun.EVENTS, body, now, event.active.end),
        ]

    def refused(self, body: Body | None) -> list[Effect]:
        """Act on nothing that the VTN did not take our answer to: it would be nobody's power."""
        answers = body.answers if isinstance(body, EndDeviceEvents) else ()
        effects: list[Effect] = []
        for answer in answers:
            commitment = self.commitments.get(answer.event)
            if commitment is None or commitment.answer != answer or answer.opt is Opt.OUT:
                continue
            out = {"opt": Opt.OUT, "power_w": 0, "reason": "the VTN refused the answer"}
            withdrawn = answer.model_copy(update=out)
            effects.append(self._keep(commitment.model_copy(update={"answer": withdrawn})))
        return effects

    def keep(self, commitment: Commitment) -> Remember:
        """Replace a commitment."""
        return self._keep(commitment)

    def fire(self, event_id: EventId, now: datetime) -> list[Effect]:
        """End an event at its time; forget it when its tombstone is old."""
        commitment = self.commitments.get(event_id)
        if commitment is None:
            return []
        end = commitment.event.active.end
        if commitment.is_live and now >= end:
            return self._end(commitment, EventStatus.COMPLETED, "over")
        if now >= end + TOMBSTONE:
            del self.commitments[event_id]
            return [Forget(commitment)]
        return [self._timer(commitment)]

    def _commit(self, event: Event, digest: str, header: Header, now: datetime) -> list[Effect]:
        capability = basis_capability(self._state.record.confirmed, event)
        known = self.commitments.get(event.id)
        asked_w = asked_power(event, capability) if capability else 0
        commitment = Commitment(
            event=event,
            digest=digest,
            asked_w=asked_w,
            revision=capability.revision if capability else 0,
            status=EventStatus.FAR,
            path=header.path,
            hop=header.hop,
        )
        if known:
            kept = known.model_dump(include={"answer", "baselines", "limits", "shares"})
            commitment = commitment.model_copy(update={name: getattr(known, name) for name in kept})
        effects: list[Effect] = [self._keep(commitment), self._timer(commitment)]
        if capability is None:
            why = "no capability was confirmed before the event was made"
            return effects + self.answer(commitment, Opt.OUT, 0, why, now)
        if commitment.answer and commitment.answer.opt is Opt.OUT:
            return effects
        return [*effects, AskDecision(event, asked_w)]

    def _cancel(self, event: Event, digest: str, known: Commitment | None) -> list[Effect]:
        if known is None:
            tombstone = Commitment(
                event=event, digest=digest, asked_w=0, revision=0, status=EventStatus.CANCELLED
            )
            return [self._keep(tombstone), self._timer(tombstone)]
        newer = known.model_copy(update={"event": event, "digest": digest})
        return self._end(newer, EventStatus.CANCELLED, event.reason or "cancelled by the VTN")

    def _end(self, commitment: Commitment, status: EventStatus, why: str) -> list[Effect]:
        ended = commitment.model_copy(update={"status": status})
        return [
            self._keep(ended),
            self._timer(ended),
            _note("info", f"event {status.value}", ended.event.id, why),
        ]

    def _keep(self, commitment: Commitment) -> Remember:
        self.commitments[commitment.event.id] = commitment
        return Remember(commitment)

    def _timer(self, commitment: Commitment) -> SetTimer:
        end = commitment.event.active.end
        at = end if commitment.is_live else end + TOMBSTONE
        return SetTimer(f"ven/{commitment.event.id}", at)


def _note(
    level: Literal["info", "warning", "error"], what: str, event: EventId, why: str = ""
) -> Note:
    return Note(level, what, (("event_id", event), ("why", why)) if why else (("event_id", event),))
