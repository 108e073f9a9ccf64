"""What a VTN knows of programmes and enrolments, and what follows for each of its members."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from xmpp_cem.core.calls import Asked, Calls
from xmpp_cem.core.effects import Effect, Remember
from xmpp_cem.core.programmes.agreed import CalledMember, Enrolled
from xmpp_cem.core.programmes.optschedules import is_over
from xmpp_cem.core.programmes.rulebook import Rulebook, Verdict, merged
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Verb
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import PartyId, ProgrammeId, ResourceId
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.resource import Capability

MOST_OPTS = 100
"""So many times of opt schedules a member may tell one by one."""

_MOST_OVERRIDES = 20

Rules = Mapping[ProgrammeId, Programme]


class MemberRules:
    """The rules under which members are called; who is enrolled says the file, or the member.

    `calls` are those that count.
    """

    def __init__(self, programmes: Rules, enrolments: Iterable[Enrolment]) -> None:
        self.programmes = programmes
        self.calls = Calls()
        self._bound: dict[PartyId, list[Enrolment]] = {}
        self._told: dict[PartyId, Enrolled] = {}
        self._books: dict[PartyId, Rulebook] = {}
        for enrolment in enrolments:
            self._bound.setdefault(enrolment.party, []).append(enrolment)

    def restore(self, record: Enrolled | CalledMember) -> None:
        """Take back what a member told, or a call of one."""
        if isinstance(record, Enrolled):
            self._told[record.party] = record
        else:
            self.calls.restore(record)

    def of(self, party: PartyId) -> Rulebook:
        """Return what is agreed with a member."""
        if party not in self._books:
            told = self._told.get(party, Enrolled(party=party))
            known = (each for each in told.enrolments if each.programme in self.programmes)
            bound = merged(self._bound.get(party, ()), known)
            names = {each.programme for each in bound}
            programmes = {n: p for n, p in self.programmes.items() if n in names}
            self._books[party] = Rulebook(programmes, bound, (*told.schedules, *told.opts))
        return self._books[party]

    def take(self, party: PartyId, verb: Verb, body: EndDeviceConfig) -> list[Effect]:
        """Keep what a member tells of its customer; nothing when it tells nothing new.

        A registration tells everything; what changes later is told as a whole, or not at all.
        """
        if verb is not Verb.CREATE and not (body.enrolments or body.schedules):
            return []
        return self._put(party, enrolments=body.enrolments, schedules=body.schedules)

    def opt(self, party: PartyId, body: EndDeviceEvents, now: datetime) -> list[Effect]:
        """Keep the opt schedules and overrides that a member tells one by one.

        All schedules of an id replace those of that id. What is over is dropped, and so are the
        oldest overrides beyond some: of these only that they can be ended matters.
        """
        known = self._told.get(party, Enrolled(party=party))
        ids = {schedule.id for schedule in body.schedules}
        kept = [each for each in known.opts if each.id not in ids and not is_over(each, now)]
        begun = [s.id for s in body.statuses if s.type is StatusType.OVERRIDDEN and not s.event]
        overrides = tuple(dict.fromkeys((*known.overrides, *begun)))[-_MOST_OVERRIDES:]
        return self._put(party, opts=(*kept, *body.schedules), overrides=overrides)

    def has_room(self, party: PartyId, body: EndDeviceEvents, now: datetime) -> bool:
        """Whether there is room for the opt schedules that a member tells one by one."""
        known, ids = self._told.get(party), {schedule.id for schedule in body.schedules}
        opts = known.opts if known else ()
        kept = [each for each in opts if each.id not in ids and not is_over(each, now)]
        return len(kept) + len(body.schedules) <= MOST_OPTS

    def end(self, party: PartyId, opt: str) -> list[Effect] | None:
        """Forget what a member told by an id; None when nothing of it is known."""
        known = self._told.get(party, Enrolled(party=party))
        if opt not in {*known.overrides, *(schedule.id for schedule in known.opts)}:
            return None
        opts = tuple(schedule for schedule in known.opts if schedule.id != opt)
        overrides = tuple(each for each in known.overrides if each != opt)
        return self._put(party, opts=opts, overrides=overrides)

    def _put(self, party: PartyId, **changes: object) -> list[Effect]:
        known = self._told.get(party, Enrolled(party=party))
        told = known.model_copy(update=changes)
        if told == known:
            return []
        self._told[party] = told
        self._books.pop(party, None)
        return [Remember(told)]

    def verdict(
        self,
        party: PartyId,
        event: Event,
        capability: Capability,
        now: datetime,
        *,
        is_new: bool = True,
    ) -> Verdict:
        """Return what of a member an event may call; of what `is_new`, budgets count too."""
        meant = (r.id for r in capability.resources if event.targets.mean(r.id, r.kind))
        calls = self.calls.of(party) if is_new else None
        return self.of(party).judge(event, meant, calls, now)

    def is_silence_yes(self, event: Event) -> bool:
        """Whether a member that lets the deadline pass takes part."""
        programme = self.programmes.get(event.programme or "")
        return programme is not None and programme.silence is Opt.IN

    def follow(
        self,
        party: PartyId,
        event: Event,
        resources: tuple[ResourceId, ...],
        answer: Answer | None,
        now: datetime,
    ) -> list[Effect]:
        """Keep what counts of a member's call in an event."""
        programme = self.programmes.get(event.programme or "")
        if programme is None:
            return []
        asked = Asked(event, resources, answer, party, is_over=event.is_cancelled)
        return self.calls.follow(asked, programme, now)

    def sweep(self, now: datetime) -> list[Effect]:
        """Forget the calls of seasons that are over."""
        return self.calls.sweep(now)
