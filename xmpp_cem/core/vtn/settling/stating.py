"""States, before an event begins, what its members' power would be without it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice, repeat

from xmpp_cem.core.effects import Effect, Note, Remember, SetTimer
from xmpp_cem.core.records import Dispatch
from xmpp_cem.core.settlement.baselines import (
    Question,
    lengthened,
    looked_up,
    looks_from,
    rests_on,
)
from xmpp_cem.core.settlement.cases import Baseline, Case, Why
from xmpp_cem.core.settlement.energy import Series
from xmpp_cem.core.settlement.entries import chosen
from xmpp_cem.core.settlement.grouping import GroupBaseline
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.history import History
from xmpp_cem.core.vtn.settling.casebook import Casebook
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, PartyId, ResourceId, derived_id
from xmpp_cem.model.time import Interval

LEAD = timedelta(seconds=30)
"""So long before an event its baselines are stated."""

_AT_ONCE = 10
_AGAIN = timedelta(seconds=5)


class Stating:
    """Looks which baselines are missing and states them, a few at once."""

    def __init__(
        self, state: VtnState, dispatching: Dispatching, book: Casebook, history: History
    ) -> None:
        self._state = state
        self._dispatching = dispatching
        self._book = book
        self._history = history

    def wake(self, dispatch: Dispatch, now: datetime) -> SetTimer:
        """Return the timer by which an event's baselines are stated."""
        return SetTimer(_key(dispatch.event.id), max(now, dispatch.active.start - LEAD))

    def fire(self, event_id: EventId, now: datetime) -> list[Effect]:
        """State what is missing, and come again for the rest."""
        dispatch, case = self._dispatching.dispatches.get(event_id), self._book.cases.get(event_id)
        if dispatch is None or case is None or not case.moves:
            return []
        *missing, more = islice(chain(self._missing(dispatch, now), repeat(None)), _AT_ONCE + 1)
        made = self._made(case, [each for each in missing if each], now)
        effects: list[Effect] = [effect for baseline in made for effect in _kept(baseline)]
        effects += self._grouped(dispatch, made, more[0] if more else "", now)
        if more:
            return [*effects, SetTimer(_key(event_id), now)]
        baselines = self._book.file(event_id).baselines.values()
        if now < dispatch.active.start and not all(each.steps for each in baselines):
            again = min(now + _AGAIN, dispatch.active.start)
            effects.append(SetTimer(_key(event_id), again))
        parties = tuple(sorted(self._dispatching.parts.get(event_id, {})))
        if parties != case.parties:
            effects.append(self._book.put(case.model_copy(update={"parties": parties})))
        return effects

    def _missing(self, dispatch: Dispatch, now: datetime) -> Iterator[tuple[PartyId, ResourceId]]:
        """Yield the resources without a baseline for the event's present times.

        One of which nothing was known is tried again until the event begins.
        """
        event, file = dispatch.event, self._book.file(dispatch.event.id)
        for party in sorted(self._dispatching.parts.get(event.id, {})):
            capability = self._state.members[party].capability
            for resource in capability.resources if capability else ():
                known = file.baselines.get((party, resource.id))
                if not _stands(known, event, now) and event.targets.mean(
                    resource.id, resource.kind
                ):
                    yield party, resource.id

    def _made(
        self, case: Case, missing: list[tuple[PartyId, ResourceId]], now: datetime
    ) -> list[Baseline]:
        """State the baselines of some resources."""
        parties = {party for party, _ in missing}
        asked = {party: self._question(case, party, now) for party in parties}
        return [self._stated(case, party, resource, asked[party]) for party, resource in missing]

    def _stated(
        self, case: Case, party: PartyId, resource: ResourceId, question: Question
    ) -> Baseline:
        """State a resource's baseline; what was stated before the event began stands."""
        baselines, now = self._book.file(case.event).baselines, question.at
        known = baselines.get((party, resource))

        def read(times: Sequence[Interval]) -> Series:
            return Series(chosen(self._history.entries(party, resource, *times)))

        revision = known.revision + 1 if known else 1
        name = derived_id("baseline", case.event, party, resource, revision, now)
        if known and now >= known.active.start:
            steps = lengthened(read, known, question)
            update = {"id": name, "revision": revision, "active": question.active, "steps": steps}
            made = known.model_copy(update=update)
        else:
            found, series = looked_up(read, question)
            oldest, permille, quality = rests_on(series, found.basis)
            made = Baseline(
                event=case.event,
                party=party,
                resource=resource,
                id=name,
                revision=revision,
                active=question.active,
                made=now,
                method=found.method,
                why=(*found.why, *((Why.MADE_LATE,) if now > question.active.start else ())),
                steps=found.steps,
                basis=found.basis,
                days=found.days,
                adjustment_w=found.adjustment_w,
                oldest=oldest,
                estimated_share_permille=permille,
                quality=quality,
            )
        baselines[party, resource] = made
        return made

    def _grouped(
        self, dispatch: Dispatch, made: list[Baseline], open_: PartyId, now: datetime
    ) -> list[Effect]:
        """Fold what was just stated into the baseline of the whole group.

        `open_` is the party of which more is to be stated at once, empty for none.
        """
        event_id, active = dispatch.event.id, dispatch.active
        file, parts = self._book.file(event_id), self._dispatching.parts.get(event_id, {})
        known, group = file.group, file.group
        if group is None or group.active != active:
            revision = group.revision if group else 0
            group = GroupBaseline(event=event_id, active=active, made=now, revision=revision)
            file.grouped = {}
        for baseline in made:
            group = group.plus(baseline) if baseline.steps else group
        for party in {baseline.party for baseline in made} if file.grouped else parts:
            if party != open_ and self._is_stated(dispatch, party):
                file.grouped[party] = self._dispatching.metering.stands_for(party)
        counts = {
            "expected": sum(map(self._dispatching.metering.stands_for, parts)),
            "reporting": sum(file.grouped.values()),
        }
        group = group.model_copy(update=counts)
        if group == known:
            return []
        file.group = group.model_copy(update={"revision": group.revision + 1, "made": now})
        return [Remember(file.group)]

    def _is_stated(self, dispatch: Dispatch, party: PartyId) -> bool:
        """Whether a baseline is stated of all that the event may call of a member."""
        event, baselines = dispatch.event, self._book.file(dispatch.event.id).baselines
        capability = self._state.members[party].capability
        is_stated = False
        for resource in capability.resources if capability else ():
            if not event.targets.mean(resource.id, resource.kind):
                continue
            known = baselines.get((party, resource.id))
            is_stated = bool(known and known.steps and known.active == dispatch.active)
            if not is_stated:
                break
        return is_stated

    def _question(self, case: Case, party: PartyId, now: datetime) -> Question:
        active = self._dispatching.dispatches[case.event].active
        since = looks_from(case.method, min(now, active.start))
        return Question(
            active=active,
            at=now,
            method=case.method,
            terms=case.terms,
            eventful=self._book.eventful(case, party, since),
        )


def _kept(made: Baseline) -> list[Effect]:
    fields = (
        ("event_id", made.event),
        ("resource", made.resource),
        ("revision", str(made.revision)),
    )
    return [Remember(made), Note("info", "baseline stated", fields)]


def _stands(known: Baseline | None, event: Event, now: datetime) -> bool:
    """Whether nothing is to be stated: a baseline is there, or was tried just now or in vain."""
    if known is None or known.active != event.active:
        return False
    return bool(known.steps) or now > event.active.start or now < known.made + _AGAIN


def _key(event_id: EventId) -> str:
    return f"vtn/event/{event_id}/baseline"
