"""How a VEN judges an event: what is asked of which resources, by which rules, answered by whom."""

from datetime import datetime
from typing import Any

from xmpp_cem.core.breaching import why_breached
from xmpp_cem.core.commitments import (
    asked_power,
    basis_capability,
    is_overridden,
    meant,
    only,
    why_not,
)
from xmpp_cem.core.life.arrival import Known, Version, judge_version
from xmpp_cem.core.life.life import Cause, State, Step
from xmpp_cem.core.life.phases import Moments
from xmpp_cem.core.overriding import OVERRIDE
from xmpp_cem.core.programmes.rulebook import Verdict
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.timeline.responding import response_w, why_no_response
from xmpp_cem.core.ven.eventacts import (
    BY_TRANSACTION,
    UNCONFIRMED,
    Happening,
    Word,
    asks,
    continued,
    decide_by,
    is_listed,
    is_mandatory,
    made_answer,
    moments,
    version_of,
)
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.messages.envelope import Header, Verb
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.resource import Capability
from xmpp_cem.model.signal import Delta, Level, Price, Share

NOTHING = "nothing that could change"


class Judging:
    """Reads events by our capability, the rules of programmes, and opt schedules."""

    def __init__(self, state: VenState) -> None:
        self._state = state

    def why_unable(self, event: Event) -> str:
        """Return why we cannot follow an event whatever is agreed, or nothing."""
        able = basis_capability(self._state.confirmed, event)
        if able is None:
            return UNCONFIRMED
        settings = self._state.settings
        why = why_not(event, able, settings.follows)
        if why or settings.has_members:
            return why
        return why_no_response(event, able.resources, settings.responses)

    def committed(
        self, event: Event, header: Header, known: Commitment | None, now: datetime
    ) -> Commitment:
        """Return a version as it would be kept; what was promised and begun stands."""
        made = Commitment(
            event=event,
            digest=self._state.settings.digest(event),
            status=State.UNKNOWN,
            decide_by=decide_by(event, now),
            path=header.path,
            hop=header.hop,
            is_own=self._is_own(event, header, known),
            **self.judged(event, known, now),
        )
        return continued(made, known, now) if known else made

    def _is_own(self, event: Event, header: Header, known: Commitment | None) -> bool:
        """Whether a version is ours alone, on no node and in no index.

        Either it came by transaction, or the VTN tells it in answer to a query although an index
        that was made after the event does not list it. No index lists what is cancelled.
        """
        if known is not None and event.is_cancelled:
            return known.is_own
        if any(entry.event == event.id for entry in self._state.record.index):
            return False
        made = self._state.index_made
        is_left_out = made is not None and event.created < made <= header.timestamp
        return header.verb in BY_TRANSACTION or (header.verb is Verb.REPLY and is_left_out)

    def judged(self, event: Event, known: Commitment | None, now: datetime) -> dict[str, Any]:
        """Return what is asked of us, and what the rules leave of it, as fields of a commitment.

        A version that changes nothing in time is the same call: its budget is not asked again.
        """
        capability = basis_capability(self._state.confirmed, event)
        if capability is None or event.is_cancelled or self.why_unable(event):
            return {"asked_w": 0, "revision": capability.revision if capability else 0}
        is_same = known and not known.barred and known.event.active == event.active
        verdict = self.verdict(event, capability, now, is_new=not is_same)
        return {
            "asked_w": self._asked(event, capability, verdict.resources),
            "revision": capability.revision,
            "resources": verdict.resources,
            "barred": verdict.barred,
            "is_called": verdict.is_called,
            "scheduled": verdict.scheduled,
            "why_scheduled": verdict.why_scheduled,
        }

    def verdict(
        self, event: Event, capability: Capability, now: datetime, *, is_new: bool
    ) -> Verdict:
        """Return what the rules leave of an event; no programme bars a mandatory limit."""
        if is_mandatory(event):
            return Verdict()
        resources = (resource.id for resource in meant(event, capability).resources)
        return self._state.rules.verdict(event, resources, now, is_new=is_new)

    def _version(self, arrived: Commitment, header: Header, known: Commitment | None) -> Version:
        """Return what is to be judged of a version that has arrived.

        A cancel of what lives here counts whatever an index says: its VTN may have begun a new
        epoch since.
        """
        event = arrived.event
        is_end = event.is_cancelled and known is not None and known.is_live
        listed = is_end or is_listed(self._state.record, event, header, self._state.index_made)
        is_able = event.is_cancelled or not self.why_unable(event)
        return version_of(arrived, header.expires, is_listed=listed, is_able=is_able)

    def cause(
        self, arrived: Commitment, header: Header, known: Commitment | None, now: datetime
    ) -> Cause:
        """Return what a version that has arrived leads to; a clock that is wrong is remembered."""
        newest = Known(known.event.order, known.digest) if known else None
        is_clock_good = self._state.is_clock_good(now)
        version = self._version(arrived, header, known)
        cause = judge_version(version, newest, now, is_clock_good=is_clock_good)
        self._state.is_blind |= cause is Cause.CLOCK_IMPLAUSIBLE
        return cause

    def reason(self, cause: Cause, made: Commitment) -> str:
        """Return for people what a version is refused or ended for, where the table cannot know."""
        if cause is Cause.UNSUPPORTED:
            return self.why_unable(made.event)
        if cause is Cause.CANCEL:
            return made.event.reason
        return made.barred if cause in {Cause.RULE_BROKEN, Cause.NOT_FOR_ME} else ""

    def at_once(self, commitment: Commitment, now: datetime) -> tuple[Cause, Word] | None:
        """Return what is answered without asking anybody, None where somebody is to decide.

        The customer's hand comes first, where it reaches the event's start, then the owner's opt
        schedules.
        """
        event, able = commitment.event, self._state.capability
        if is_mandatory(event) and not self._state.settings.has_members:
            return Cause.OPT_IN, Word(0, "a mandatory limit takes no opt-out")
        if asks(event) and able and self._is_kept(commitment, able, now):
            return Cause.OPT_OUT, Word(0, OVERRIDE)
        if commitment.scheduled is Opt.OUT:
            return Cause.OPT_OUT, Word(0, commitment.why_scheduled)
        if not asks(event):
            return Cause.OPT_IN, Word(0, "nothing is asked for now")
        if commitment.scheduled is Opt.IN:
            power_w, why = commitment.asked_w, commitment.why_scheduled
            is_idle = not power_w and isinstance(event.signal, Delta | Share)
            return (
                (Cause.OPT_OUT, Word(0, NOTHING))
                if is_idle
                else (
                    Cause.OPT_IN,
                    Word(power_w, why),
                )
            )
        return None

    def _is_kept(self, commitment: Commitment, able: Capability, now: datetime) -> bool:
        left, ends = only(able, commitment.resources), self._state.override_ends
        return is_overridden(commitment.event, left, ends, now)

    def _asked(
        self, event: Event, capability: Capability, left: tuple[ResourceId, ...] | None
    ) -> int:
        """Return the change asked of the resources that are left, within what these can do, W."""
        able = only(capability, left)
        if isinstance(event.signal, Price | Level):
            return response_w(event, able.resources, self._state.settings.responses)
        power_w = asked_power(event, able)
        if left is None:
            return power_w
        most_w = able.able_w(event.active, is_fall=power_w < 0)
        return max(-most_w, min(most_w, power_w))

    def spoken(self, commitment: Commitment, step: Step, what: Happening) -> Answer:
        """Return the next answer, which says so where it breaches the event's programme."""
        event = commitment.event
        answer = made_answer(commitment, self._state.settings.party, step, what)
        why = why_breached(self._state.rules.programme(event), event, commitment.answer, answer)
        return answer.model_copy(update={"reason": why}) if why else answer

    def moments(self, commitment: Commitment) -> Moments:
        """Return the instants of an event's life here."""
        event, settings = commitment.event, self._state.settings
        is_yes = settings.is_silence_yes
        if event.programme:
            is_yes = self._state.rules.is_silence_yes(event)
        return moments(commitment, is_silence_yes=is_yes)
