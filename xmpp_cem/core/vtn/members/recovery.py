"""Finds out what a VTN has missed of its members' reports, and asks them for it (figure 15)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from xmpp_cem.core.effects import Effect, Note, Query, SetTimer
from xmpp_cem.core.inputs import Link, QueryAnswered, QueryFailed
from xmpp_cem.core.readings.pages import AFTER, LOST, MORE, asked_after
from xmpp_cem.core.vtn.members.taking import Taking
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.envelope import (
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import Jid, MessageId, PartyId
from xmpp_cem.model.position import Position

EVERY = timedelta(minutes=5)
"""So often each member is asked in any case, which acknowledges what came."""

PATIENCE = timedelta(seconds=2)
"""So long a gap may be closed by what is still on its way."""

RETRY = timedelta(seconds=30)
TIMEOUT = timedelta(seconds=10)
MOST_AT_ONCE = 20
READ_BACK = 8
"""So many of the last reports are read again after our restart: a baseline needs three windows."""

MOST_PAGES = 1000

_MOST_AHEAD = 64
_TIMED_OUT = "remote-server-timeout"


@dataclass
class _Trail:
    """What is known of one member's reports beyond its record.

    Args:
        due: when it is asked in any case.
        wake: when its timer fires.
        not_before: it is not asked again before this.
        ahead: positions heard after a gap.
        pages: how many it has been asked for in a row.
        reads_back: whether the last windows before our start are still to be read again.
        is_doubted: whether it counts in an epoch before what is known: it may have lost its store
            while its clock was set back. The next answer tells.
    """

    due: datetime
    wake: datetime
    not_before: datetime
    ahead: set[Position] = field(default_factory=set)
    pages: int = 0
    reads_back: bool = True
    is_doubted: bool = False

    @property
    def is_lacking(self) -> bool:
        """Whether something may be missing, so that it is asked before its turn."""
        return bool(self.ahead) or self.reads_back or self.is_doubted


class Recovery:
    """One query per member at a time, and at most `MOST_AT_ONCE` in all; nothing of it is kept.

    What survives a restart is each member's `known`: the position up to which nothing is missing.
    Windows do not survive it, so that the first query reaches back over the last few.
    """

    def __init__(self, state: VtnState, taking: Taking) -> None:
        self._state = state
        self._taking = taking
        self._trails: dict[PartyId, _Trail] = {}
        self._asked: dict[MessageId, PartyId] = {}
        self._waiting: deque[PartyId] = deque()
        self._began = datetime.min.replace(tzinfo=UTC)

    def is_busy(self, now: datetime) -> bool:
        """Whether more readings than the present ones are about to come: a sum is worth waiting."""
        length = self._state.settings.report_every
        if self._asked or self._waiting or now < self._began + length + 2 * PATIENCE:
            return True
        is_young, soon = now < self._began + RETRY, now + PATIENCE
        return any(
            (trail.ahead and trail.wake <= soon)
            or (trail.reads_back and is_young and not self._is_away(party))
            for party, trail in self._trails.items()
        )

    def begin(self, now: datetime) -> list[Effect]:
        """Ask everybody within `EVERY`, not all at once; what was asked before is void."""
        self.lost()
        self._began = now
        parties = [member.party for member in self._state.admitted]
        count = len(parties)
        effects: list[Effect] = []
        for number, party in enumerate(parties, start=1):
            due = now + EVERY * number / count
            known = self._trails.get(party)
            trail = _Trail(due, due, now)
            if known:
                trail.ahead, trail.reads_back = known.ahead, known.reads_back
                trail.is_doubted = known.is_doubted
            self._trails[party] = trail
            effects += self._sleep(party, trail, now + PATIENCE if trail.ahead else due)
        return effects

    def join(self, party: PartyId, now: datetime) -> list[Effect]:
        """Ask one more member from now on."""
        trail = _Trail(now + EVERY, now + EVERY, now)
        self._trails.setdefault(party, trail)
        return self._sleep(party, self._trails[party], now + EVERY)

    def left(self, party: PartyId) -> None:
        """Ask a member no more."""
        self._trails.pop(party, None)
        self._asked = {asked: who for asked, who in self._asked.items() if who != party}
        self._waiting = deque(who for who in self._waiting if who != party)

    def lost(self) -> None:
        """Give up what was asked over a connection that is gone; `begin` asks again."""
        self._asked.clear()
        self._waiting.clear()

    def heard(self, party: PartyId, header: Header, now: datetime) -> list[Effect]:
        """Compare a member's message with what was known: one that is not the next shows a gap."""
        if header.epoch is None or header.sequence is None or party not in self._trails:
            return []
        known = self._state.members[party].known
        position = Position(header.epoch, header.sequence)
        trail, effects = self._trails[party], list[Effect]()
        if known is not None and position <= known:
            if position.epoch == known.epoch:
                return []
            trail.is_doubted = True
        elif len(trail.ahead) < _MOST_AHEAD:
            trail.ahead.add(position)
            effects = self._advance(party, trail, known) if known else []
        at = max(now + PATIENCE, trail.not_before)
        if trail.is_lacking and at < trail.wake and party not in self._asked.values():
            effects += self._sleep(party, trail, at)
        return effects

    def fire(self, party: PartyId, now: datetime) -> list[Effect]:
        """Ask a member, if there still is a reason to."""
        member, trail = self._state.members.get(party), self._trails.get(party)
        if member is None or trail is None or party in self._asked.values():
            return []
        if self._is_away(party):
            return self._sleep(party, trail, now + RETRY)
        if now < trail.due and not trail.is_lacking:
            return self._sleep(party, trail, trail.due)
        trail.pages = 0
        if len(self._asked) < MOST_AT_ONCE:
            return [self._ask(party, now)]
        if party not in self._waiting:
            self._waiting.append(party)
        return []

    def came(self, what: QueryAnswered | QueryFailed, now: datetime) -> list[Effect]:
        """Take what became of a query."""
        if isinstance(what, QueryAnswered):
            return self.answered(what, now)
        return self.failed(what, now)

    def answered(self, what: QueryAnswered, now: datetime) -> list[Effect]:
        """Take a page of readings, and ask for the next."""
        party = self._asked.pop(what.request.header.message_id, None)
        if party is None:
            return []
        reply, trail = what.reply, self._trails[party]
        if not isinstance(reply, ResponseMessage) or reply.result is Result.FAILED:
            why = "; ".join(f"{error.code} {error.reason}" for error in reply.errors)
            return self._gave_up(party, "a member refused a query", why, now + EVERY, now)
        header, body, after = reply.header, reply.body, asked_after(what.request)
        if header.source != party or header.epoch is None or header.sequence is None:
            why = "Source or position of the reply is not the member's"
            return self._gave_up(party, "a member refused a query", why, now + EVERY, now)
        until = Position(header.epoch, header.sequence)
        effects: list[Effect] = []
        if isinstance(body, MeterReadings):
            effects += self._taking.readings(party, body.readings, header.timestamp, now)
        errors = {error.code: error.reason for error in reply.errors}
        has_read_back, trail.reads_back, trail.is_doubted = trail.reads_back, False, False
        if LOST in errors and has_read_back and after is not None:
            return [*effects, self._ask(party, now)]  # what we had before may well be dropped
        if LOST in errors:
            fields = (("party", party), ("after", str(after)), ("why", errors[LOST]))
            effects.append(Note("warning", "readings are lost", fields))
        effects += self._learn(party, until, after)
        if MORE in errors and (after is None or until > after) and trail.pages < MOST_PAGES:
            return [*effects, self._ask(party, now)]
        return effects + self._done(party, now)

    def failed(self, what: QueryFailed, now: datetime) -> list[Effect]:
        """Try again later; a member that does not answer is asked no more often than that."""
        party = self._asked.pop(what.request.header.message_id, None)
        if party is None:
            return []
        code = "4.1 " if what.condition == _TIMED_OUT else ""
        why = f"{code}{what.reason}"
        return self._gave_up(party, "a query was not answered", why, now + RETRY, now)

    def _is_away(self, party: PartyId) -> bool:
        return self._state.members[party].availability is Availability.UNREACHABLE

    def _ask(self, party: PartyId, now: datetime) -> Query:
        member, trail = self._state.members[party], self._trails[party]
        trail.pages += 1
        after: tuple[tuple[str, str], ...] = ()
        if member.known is not None:
            back = READ_BACK if trail.reads_back else 0
            start = member.known._replace(sequence=max(0, member.known.sequence - back))
            after = ((AFTER, str(start)),)
        header = self._state.letters.header(Verb.GET, Noun.READINGS, now, party, after)
        self._asked[header.message_id] = party
        message = RequestMessage(header=header, options=after)
        return Query(Link.LOWER, Jid(member.account, "ven"), message, TIMEOUT)

    def _learn(self, party: PartyId, until: Position, after: Position | None) -> list[Effect]:
        """Take over up to where a member says that this is all.

        One that says less than we asked after has lost its store: nothing is known of it then.
        """
        trail, member = self._trails[party], self._state.members[party]
        if after is not None and until < after:
            trail.ahead.add(until)
            return [self._state.change(member, known=None)]
        if member.known is None or until > member.known:
            self._state.change(member, known=until)
        return self._advance(party, trail, max(until, member.known or until))

    def _advance(self, party: PartyId, trail: _Trail, known: Position) -> list[Effect]:
        """Go on from what is known over all that follows without a gap."""
        while (following := Position(known.epoch, known.sequence + 1)) in trail.ahead:
            known = following
        trail.ahead = {position for position in trail.ahead if position > known}
        member = self._state.members[party]
        return [self._state.change(member, known=known)]

    def _gave_up(
        self, party: PartyId, what: str, why: str, not_before: datetime, now: datetime
    ) -> list[Effect]:
        self._trails[party].not_before = not_before
        note = Note("warning", what, (("party", party), ("why", why)))
        return [note, *self._done(party, now)]

    def _done(self, party: PartyId, now: datetime) -> list[Effect]:
        """Set the member's next turn, and let one go on that waits for its own."""
        trail = self._trails[party]
        trail.due = now + EVERY
        again = max(now + PATIENCE, trail.not_before)
        effects = self._sleep(party, trail, again if trail.ahead else trail.due)
        while self._waiting and len(self._asked) < MOST_AT_ONCE:
            effects += self.fire(self._waiting.popleft(), now)
        return effects

    def _sleep(self, party: PartyId, trail: _Trail, at: datetime) -> list[Effect]:
        trail.wake = at
        return [SetTimer(f"vtn/ask/{party}", at)]
