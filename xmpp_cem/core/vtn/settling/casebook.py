"""All that a VTN keeps for settlements: files of its events, and when they moved whom."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, takewhile

from xmpp_cem.core.effects import Effect, Forget, Remember
from xmpp_cem.core.lasting import Lasting
from xmpp_cem.core.settlement.cases import Baseline, Case, Replies, Reply, Version
from xmpp_cem.core.settlement.grouping import GroupBaseline
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.ids import EventId, PartyId, ResourceId
from xmpp_cem.model.time import Interval, united

MOST_VERSIONS = 200
"""So many versions of an event are kept: the first, and the newest."""

MOST_REPLIES = 50
"""So many answers of a member to an event are kept: the first, and the newest."""

_FEW_PARTIES = 8
"""So many members a case may have to be at hand by each of them."""

AROUND = timedelta(minutes=15)
"""So long before and after an event readings stay as they came."""


@dataclass
class File:
    """What is kept of one event as long as the event is.

    `grouped` are the members that are in the `group`'s baseline, and for how many each stands.
    """

    versions: dict[str, Version] = field(default_factory=dict)
    replies: dict[PartyId, Replies] = field(default_factory=dict)
    baselines: dict[tuple[PartyId, ResourceId], Baseline] = field(default_factory=dict)
    group: GroupBaseline | None = None
    grouped: dict[PartyId, int] = field(default_factory=dict)

    def add_version(self, version: Version) -> tuple[list[Effect], int]:
        """Add a version; returns the effects, and how many are no longer kept."""
        self.versions[version.key] = version
        effects: list[Effect] = [Remember(version)]
        while len(self.versions) > MOST_VERSIONS:
            effects.append(Forget(self.versions.pop(sorted(self.versions)[1])))
        return effects, len(effects) - 1

    def add_reply(
        self, event: EventId, party: PartyId, answer: Answer, now: datetime
    ) -> list[Effect]:
        """Add an answer, once."""
        known = self.replies.get(party) or Replies(event=event, party=party, replies=())
        if any(reply.answer == answer for reply in known.replies):
            return []
        replies = (*known.replies, Reply(at=now, answer=answer))
        surplus = max(0, len(replies) - MOST_REPLIES)
        self.replies[party] = Replies(
            event=event,
            party=party,
            replies=(*replies[:1], *replies[1 + surplus :]),
            omitted=known.omitted + surplus,
        )
        return [Remember(self.replies[party])]

    def forget(self) -> list[Effect]:
        """Return the effects that drop all of it."""
        kept = (self.versions, self.replies, self.baselines)
        forgotten: list[Effect] = [Forget(record) for of in kept for record in of.values()]
        return [*forgotten, *([Forget(self.group)] if self.group else [])]


def _no_cases() -> Lasting[Case]:
    return Lasting(lambda _: False, lambda case: case.active.end)


@dataclass
class Casebook:
    """Files by event; `cases` outlive them.

    Cases of few members are at hand by member, so that what others did costs a member nothing.
    """

    files: dict[EventId, File] = field(default_factory=dict)
    cases: Lasting[Case] = field(default_factory=_no_cases)
    _wide: Lasting[Case] = field(default_factory=_no_cases)
    _narrow: dict[PartyId, Lasting[Case]] = field(default_factory=dict)

    def restore(self, record: Case | Version | Replies | Baseline | GroupBaseline) -> None:
        """Take back a record from before a restart."""
        if isinstance(record, Case):
            self._place(record)
        elif isinstance(record, Version):
            self.file(record.event.id).versions[record.key] = record
        elif isinstance(record, Replies):
            self.file(record.event).replies[record.party] = record
        elif isinstance(record, GroupBaseline):
            self.file(record.event).group = record
        else:
            self.file(record.event).baselines[record.party, record.resource] = record

    def file(self, event: EventId) -> File:
        """Return the file of an event, a new one if there is none."""
        return self.files.setdefault(event, File())

    def put(self, case: Case) -> Remember:
        """Replace a case; the effect keeps it."""
        self._place(case)
        return Remember(case)

    def _place(self, case: Case) -> None:
        self._displace(case.event)
        self.cases[case.event] = case
        for shelf in self._shelves(case):
            shelf[case.event] = case

    def _displace(self, event: EventId) -> None:
        """Take a case from where it is at hand; its own place in the order it keeps."""
        known = self.cases.get(event)
        for shelf in self._shelves(known) if known else ():
            del shelf[event]
        for party in known.parties if known else ():
            if not self._narrow.get(party, True):
                del self._narrow[party]

    def _shelves(self, case: Case) -> list[Lasting[Case]]:
        if len(case.parties) > _FEW_PARTIES:
            return [self._wide]
        return [self._narrow.setdefault(party, _no_cases()) for party in case.parties]

    def sweep(self, living: Iterator[EventId], oldest: datetime) -> list[Effect]:
        """Forget files of events that are none any more, and cases that ended before `oldest`."""
        kept = set(living)
        effects: list[Effect] = []
        for event in [event for event in self.files if event not in kept]:
            effects += self.files.pop(event).forget()
        ended = takewhile(lambda case: case.active.end < oldest, self.cases.oldest())
        over = [case for case in ended if case.event not in kept]
        for case in over:
            self._displace(case.event)
        return [*effects, *(Forget(self.cases.pop(case.event)) for case in over)]

    def eventful(self, case: Case, party: PartyId, since: datetime) -> list[Interval]:
        """Return when events other than this one move a member's power, as far as after `since`."""
        wide = (other for other in self._wide.after(since) if party in other.parties)
        narrow = self._narrow[party].after(since) if party in self._narrow else ()
        event, others = case.event, chain(wide, narrow)
        return united(each.active for each in others if each.moves and each.event != event)

    def held(self) -> dict[PartyId, list[Interval]]:
        """Return of whom and when readings stay as they came: around events with a file."""
        held: dict[PartyId, list[Interval]] = {}
        for event in self.files:
            if case := self.cases.get(event):
                around = Interval(start=case.active.start - AROUND, end=case.active.end + AROUND)
                for party in case.parties:
                    held.setdefault(party, []).append(around)
        return {party: united(times) for party, times in held.items()}

    def baseline_w(self, event: EventId, party: PartyId) -> int | None:
        """Return the power of a member's resources without an event, at its start, W.

        None when it has not been stated, or not for all of them.
        """
        file = self.files.get(event)
        of = [b for (p, _), b in file.baselines.items() if p == party] if file else []
        if not of or not all(baseline.steps for baseline in of):
            return None
        return sum(baseline.steps[0].power_w for baseline in of)
