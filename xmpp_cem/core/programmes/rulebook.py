"""Which resources of a party an event may call: programmes, enrolments and opt schedules together.

A VTN judges its members by it and a VEN itself, from the same facts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from xmpp_cem.core.programmes.agreed import AnyCall
from xmpp_cem.core.programmes.optschedules import opted
from xmpp_cem.core.programmes.programmes import breach, unbound
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ProgrammeId, ResourceId
from xmpp_cem.model.programme import Consent, Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules leave to an event.

    Args:
        resources: those that it may call; None: all that it means.
        is_called: whether any resource is enrolled in its programme.
        barred: the rules that bar all of its resources, for people; empty while one is left.
        scheduled: what opt schedules answer for all that rules leave; None where they do not.
        why_scheduled: their reason, also where they take out some resources only.
    """

    resources: tuple[ResourceId, ...] | None = None
    is_called: bool = True
    barred: str = ""
    scheduled: Opt | None = None
    why_scheduled: str = ""

    @property
    def why_nothing(self) -> str:
        """Why nothing is left, for people; empty while something is."""
        out = self.why_scheduled if self.scheduled is Opt.OUT else ""
        return self.barred or out


@dataclass(frozen=True)
class Rulebook:
    """What is agreed about one party's resources."""

    programmes: Mapping[ProgrammeId, Programme] = field(default_factory=dict)
    enrolments: tuple[Enrolment, ...] = ()
    schedules: tuple[OptSchedule, ...] = ()

    def judge(
        self,
        event: Event,
        resources: Iterable[ResourceId],
        calls: Iterable[AnyCall] | None,
        now: datetime,
    ) -> Verdict:
        """Return which of its resources an event may call.

        Args:
            event: what is asked.
            resources: of the party, that the event means.
            calls: the party's, by which budgets are reckoned; None: only enrolment and consent
                count, as of an event that was called by the rules before.
            now: the present.
        """
        left = tuple(resources)
        verdict = Verdict()
        if event.programme is not None:
            verdict = self._by_rule(event, left, calls, now)
            if not verdict.resources:
                return verdict
            left = verdict.resources
        return self._by_schedule(event, left, verdict)

    def _by_rule(
        self,
        event: Event,
        resources: tuple[ResourceId, ...],
        calls: Iterable[AnyCall] | None,
        now: datetime,
    ) -> Verdict:
        programme = self.programmes.get(event.programme or "")
        bound = {r: self._bound(event.programme, r) for r in resources}
        bound = {resource: enrolments for resource, enrolments in bound.items() if enrolments}
        if programme is None or not bound:
            why = f"nothing here is enrolled in {event.programme}"
            return Verdict((), is_called=False, barred=why)
        known = None if calls is None else tuple(calls)
        whys = {
            resource: _least(
                unbound(programme, each, event.active, now)
                if known is None
                else breach(programme, each, event, known, now)
                for each in enrolments
            )
            for resource, enrolments in bound.items()
        }
        lawful = tuple(resource for resource, why in whys.items() if not why)
        reasons = dict.fromkeys(whys.values())
        return Verdict(lawful, barred="" if lawful else "; ".join(reasons)[:256])

    def _by_schedule(
        self, event: Event, resources: tuple[ResourceId, ...], verdict: Verdict
    ) -> Verdict:
        if not self.schedules or not resources:
            return verdict
        told = {r: opted(self.schedules, r, event.programme, event.active) for r in resources}
        noes = {r: each for r, each in told.items() if each and each.opt is Opt.OUT}
        left = tuple(r for r in resources if r not in noes)
        words = [each for each in told.values() if each and (each.opt is Opt.OUT or not noes)]
        why = "; ".join(dict.fromkeys(f"opt schedule: {s.reason or s.opt}" for s in words))[:256]
        is_agreed = all(told[r] for r in left)
        scheduled = Opt.OUT if not left else Opt.IN if is_agreed else None
        if scheduled is None and not noes:
            why = ""
        return Verdict(left if noes else verdict.resources, scheduled=scheduled, why_scheduled=why)

    def _bound(self, programme: ProgrammeId | None, resource: ResourceId) -> list[Enrolment]:
        return [e for e in self.enrolments if (e.programme, e.resource) == (programme, resource)]


def merged(bound: Iterable[Enrolment], told: Iterable[Enrolment]) -> tuple[Enrolment, ...]:
    """Return enrolments with the newest word of the customer on each, whoever heard it.

    Args:
        bound: which resources are bound, as the VTN says.
        told: what the customer says; what is not bound yet binds itself.
    """
    bound, told = tuple(bound), tuple(told)
    words: dict[tuple[ProgrammeId, ResourceId], Consent] = {}
    for each in (*bound, *told):
        key, word = (each.programme, each.resource), each.consent
        if word is not None and (key not in words or _age(words[key]) < _age(word)):
            words[key] = word
    keys = {(each.programme, each.resource) for each in bound}
    all_of = (*bound, *(e for e in told if (e.programme, e.resource) not in keys))
    return tuple(
        each.model_copy(update={"consent": words.get((each.programme, each.resource))})
        for each in all_of
    )


def _age(consent: Consent) -> tuple[datetime, bool]:
    """Order words by time; of two at the same time the withdrawal counts."""
    return consent.at, not consent.is_given


def _least(whys: Iterable[str]) -> str:
    """Return no reason where one enrolment allows it, else the last."""
    why = ""
    for why in whys:
        if not why:
            return ""
    return why
