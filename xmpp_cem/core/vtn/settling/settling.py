"""What a VTN notes of its events so that they can be settled: versions, answers, baselines."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from xmpp_cem.core.effects import Effect
from xmpp_cem.core.records import Dispatch
from xmpp_cem.core.settlement.cases import Block, Case, Version
from xmpp_cem.core.settlement.evidence import Facts
from xmpp_cem.core.settlement.grouping import GroupBaseline, Settled, together
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.history import History
from xmpp_cem.core.vtn.settling.casebook import AROUND, Casebook
from xmpp_cem.core.vtn.settling.stating import Stating
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.event import Event, Mode
from xmpp_cem.model.ids import EventId, PartyId
from xmpp_cem.model.programme import BaselineMethod
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval


class Settling:
    """Notes what happens to events, and has baselines stated before they begin.

    It looks at what is dispatched and makes good what is missing, so that a crash between two
    steps loses nothing.
    """

    def __init__(self, state: VtnState, dispatching: Dispatching) -> None:
        self._state = state
        self._dispatching = dispatching
        self._history = History(state.settings.history)
        self._book = Casebook()
        self._stating = Stating(state, dispatching, self._book, self._history)

    def restore(self, record: Settled) -> None:
        """Take back a record from before a restart."""
        if isinstance(record, Block):
            self._history.restore(record)
        else:
            self._book.restore(record)

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: see that the baselines of what lives are stated in time."""
        return [self._stating.wake(dispatch, now) for dispatch in self._dispatching.live()]

    def take(self, party: PartyId, readings: tuple[Reading, ...], now: datetime) -> list[Effect]:
        """Keep a member's readings."""
        return self._history.take(party, readings, now)

    def windows(self, party: PartyId, interval: Interval) -> dict[Interval, list[Reading]]:
        """Return what is kept of a member's windows in an interval, also from before a restart."""
        return self._history.windows(party, interval)

    def published(self, dispatches: Iterable[Dispatch], now: datetime) -> list[Effect]:
        """Note versions of events that are published now."""
        effects: list[Effect] = []
        for dispatch in dispatches:
            effects += self._noted(dispatch, now)
            effects.append(self._stating.wake(dispatch, now))
        return effects

    def answered(self, party: PartyId, answer: Answer, now: datetime) -> list[Effect]:
        """Note what a member answers; one that joins an event later gets a baseline too."""
        event_id = self._dispatching.event_of(answer.event, party)
        if event_id is None:
            return []
        file = self._book.file(event_id)
        effects = file.add_reply(event_id, party, answer, now)
        if not any(of == party for of, _ in file.baselines):
            effects.append(self._stating.wake(self._dispatching.dispatches[event_id], now))
        return effects

    def fire(self, event_id: EventId, now: datetime) -> list[Effect]:
        """State baselines that are due."""
        return self._stating.fire(event_id, now)

    def sweep(self, now: datetime) -> list[Effect]:
        """Forget what is kept of events that are forgotten, and what of readings is too old."""
        oldest = now - self._state.settings.history.history_for
        swept = self._book.sweep(iter(self._dispatching.dispatches), oldest)
        return swept + self._history.sweep(self._book.held(), now)

    def group(self, event_id: EventId) -> GroupBaseline | None:
        """Return the baseline of all members of an event together, once some is stated."""
        file = self._book.files.get(event_id)
        return file.group if file else None

    def shown(self, record: DispatchRecord) -> DispatchRecord:
        """Return a record with the baselines of its members, and of all of them."""
        group = self.group(record.event)
        shares = (
            share.model_copy(
                update={"baseline_w": self._book.baseline_w(record.event, share.party)}
            )
            for share in record.shares
        )
        whole = together([group], group.made) if group else None
        return record.model_copy(update={"shares": tuple(shares), "baseline": whole})

    def facts(self, event_id: EventId) -> Iterator[Facts]:
        """Yield what is known of each resource that an event was meant for, in order."""
        case, file = self._book.cases.get(event_id), self._book.files.get(event_id)
        if case is None or file is None:
            return
        around = Interval(start=case.active.start - AROUND, end=case.active.end + AROUND)
        for (party, resource), baseline in sorted(file.baselines.items()):
            yield Facts(
                domain=self._state.settings.domain,
                vtn=self._state.settings.party,
                party=party,
                resource=resource,
                case=case,
                versions=[file.versions[key] for key in sorted(file.versions)],
                replies=file.replies.get(party),
                baseline=baseline,
                entries=tuple(self._history.entries(party, resource, around)),
            )

    def _noted(self, dispatch: Dispatch, now: datetime) -> list[Effect]:
        event, file = dispatch.event, self._book.file(dispatch.event.id)
        why = dispatch.why[:256]
        version = Version(event=event, target_w=dispatch.target_w, at=now, why=why)
        if version.key in file.versions:
            return []
        effects, omitted = file.add_version(version)
        return [*effects, self._book.put(self._case(dispatch, omitted, now))]

    def _case(self, dispatch: Dispatch, omitted: int, now: datetime) -> Case:
        """Return the case of an event as it is now."""
        event, known = dispatch.event, self._book.cases.get(dispatch.event.id)
        active, moves = event.active, event.mode is not Mode.COMMS
        if event.is_cancelled:
            moves = moves and now > active.start
            end = min(now, active.end) if moves else active.end
            active = Interval(start=active.start, end=end)
        return Case(
            event=event.id,
            active=active,
            moves=moves,
            method=known.method if known else self._method(event),
            parties=tuple(sorted(self._dispatching.parts.get(event.id, {}))),
            terms=known.terms if known else self._state.settings.settlement,
            omitted=omitted + (known.omitted if known else 0),
        )

    def _method(self, event: Event) -> BaselineMethod:
        """Return the method of the event's programme, else the domain's."""
        settings = self._state.settings
        programme = settings.programmes.get(event.programme) if event.programme else None
        return programme.baseline if programme else settings.settlement.baseline
