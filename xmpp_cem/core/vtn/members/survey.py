"""Asks members what they can do and how events stand with them, where they did not tell (fig. 15).

What is lost on its way up is repeated for a time only: a registration for some minutes, an answer
until its event ends. A VTN whose store was put back has lost what it had already acknowledged, and
nobody repeats that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Note, Query, Respond, SetTimer
from xmpp_cem.core.inputs import (
    Link,
    PresenceChanged,
    QueryAnswered,
    QueryFailed,
    RequestArrived,
)
from xmpp_cem.core.questions import KNOWN, MOST_NAMED
from xmpp_cem.core.records import Part
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.individual import told
from xmpp_cem.core.vtn.dispatch.upholding import Upholding
from xmpp_cem.core.vtn.members.taking import Taking
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.envelope import Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import EventId, Jid, MessageId, PartyId
from xmpp_cem.model.membership import Standing

SURVEY_TIMER = "vtn/survey"

PATIENCE = timedelta(seconds=5)
"""So long what is missing may still be on its way."""

RETRY = timedelta(seconds=30)
TIMEOUT = timedelta(seconds=10)
MOST_AT_ONCE = 20
TIMED_OUT = "remote-server-timeout"

Subject = tuple[PartyId, Noun]


@dataclass(frozen=True)
class _Question:
    """A query that is on its way.

    Args:
        subject: whom it asks about what.
        asker: the operator who waits for its answer, None where we ask ourselves.
    """

    subject: Subject
    asker: RequestArrived | None = None


class Survey:
    """One query per member and subject at a time, and at most `MOST_AT_ONCE` in all.

    Nothing of it is kept: after a restart every member shows itself anew.
    """

    def __init__(self, state: VtnState, dispatching: Dispatching, taking: Taking) -> None:
        self._state = state
        self._dispatching = dispatching
        self._taking = taking
        self._upholding = Upholding(state, dispatching)
        self._announced: dict[PartyId, int] = {}
        self._heard: set[PartyId] = set()
        self._epochs: dict[PartyId, int] = {}
        self._due: dict[Subject, datetime] = {}
        self._asked: dict[MessageId, _Question] = {}
        self._wake: datetime | None = None

    def lost(self) -> None:
        """Forget everything: without a connection nobody shows or answers anything."""
        self._announced.clear()
        self._due.clear()
        self._asked.clear()
        self._wake = None

    def presence(self, what: PresenceChanged, now: datetime) -> list[Effect]:
        """Note what a member announces; what it did not tell may be on its way for a while."""
        member = self._state.member_of(what.sender.bare)
        if member is None:
            return []
        if member.availability is Availability.UNREACHABLE:
            self._announced.pop(member.party, None)
            return []
        if what.offer is None:
            return []
        is_back = member.party not in self._announced
        if member.party not in self._heard:
            self._begin(member.party)
        self._announced[member.party] = what.offer.capability.revision
        effects = self._expect((member.party, Noun.CONFIG), now)
        return effects + (self._expect((member.party, Noun.EVENTS), now) if is_back else [])

    def request(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Ask a member that has started anew about all events: its store may be an older one."""
        member, epoch = self._state.member_of(what.sender.bare), what.message.header.epoch
        if member is None or epoch is None or self._epochs.get(member.party) == epoch:
            return []
        self._epochs[member.party] = epoch
        self._begin(member.party)
        return self._expect((member.party, Noun.EVENTS), now)

    def _begin(self, party: PartyId) -> None:
        """Have heard nothing of a member; where nothing is live there is nothing to hear."""
        if any(True for _ in self._known_to(party)):
            self._heard.discard(party)
        else:
            self._heard.add(party)

    def silent(self, event_id: EventId, now: datetime) -> list[Effect]:
        """Ask who has not answered an event, half-way to its deadline, unless the answer comes."""
        parts = self._dispatching.parts.get(event_id, {})
        return [e for party in parts for e in self._expect((party, Noun.EVENTS), now)]

    def fire(self, now: datetime) -> list[Effect]:
        """Ask about what is still missing; what finds no room waits for an answer."""
        self._wake = None
        effects: list[Effect] = []
        busy = {question.subject for question in self._asked.values()}
        for subject, at in sorted(self._due.items(), key=lambda each: each[1]):
            if at > now or len(self._asked) >= MOST_AT_ONCE:
                break
            if subject in busy:
                self._due[subject] = now + PATIENCE
                continue
            del self._due[subject]
            if self._is_missing(subject):
                effects.append(self._ask(subject, now))
        return effects + self._sleep(now)

    def relay(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Ask a member for an operator, who is answered when the member has answered."""
        names, noun = what.message.names, what.message.header.noun
        if not names:
            return self._state.refuse(what, now, "1.6", "name the member in Request/ID")
        member = self._state.members.get(names[0])
        if member is None or not member.is_admitted:
            return self._state.refuse(what, now, "2.15", f"{names[0]} is no member")
        if member.availability is Availability.UNREACHABLE:
            return self._state.refuse(what, now, "5.3", f"{member.party} is unreachable")
        if len(self._asked) >= MOST_AT_ONCE:
            return self._state.refuse(what, now, "5.1", "too much is being asked; try again")
        return [self._ask((member.party, noun), now, what)]

    def came(self, what: QueryAnswered | QueryFailed, now: datetime) -> list[Effect]:
        """Take an answer, or that there is none; nothing where it was not us who asked."""
        return (
            self._answered(what, now) if isinstance(what, QueryAnswered) else self._lacks(what, now)
        )

    def _answered(self, what: QueryAnswered, now: datetime) -> list[Effect]:
        """Take what a member has answered, or pass it on to the operator who wants it."""
        question = self._asked.pop(what.request.header.message_id, None)
        if question is None:
            return []
        reply, party = what.reply, question.subject[0]
        if not isinstance(reply, ResponseMessage) or reply.header.source != party:
            why = "; ".join(f"{error.code} {error.reason}" for error in reply.errors)
            return self._failed(question, "5.3", why or "Source is not the member's", now)
        if question.asker is not None:
            return [self._passed_on(question.asker, reply, now), *self._sleep(now)]
        effects = self._take(party, reply, now)
        if question.subject[1] is Noun.EVENTS:
            self._heard.add(party)
        if question.subject[1] is Noun.CONFIG and self._is_missing(question.subject):
            self._due[question.subject] = now + RETRY  # its registration should be here by then
        return effects + self._sleep(now)

    def _lacks(self, what: QueryFailed, now: datetime) -> list[Effect]:
        """Tell the operator who waits; what we ask ourselves is asked again later."""
        question = self._asked.pop(what.request.header.message_id, None)
        if question is None:
            return []
        code = "4.1" if what.condition == TIMED_OUT else "5.3"
        return self._failed(question, code, what.reason, now)

    def _failed(self, question: _Question, code: str, why: str, now: datetime) -> list[Effect]:
        party, noun = question.subject
        if question.asker is not None:
            refused = self._state.refuse(question.asker, now, code, f"{party}: {why}"[:1024])
            return [*refused, *self._sleep(now)]
        fields = (("party", party), ("noun", noun.value), ("why", f"{code} {why}"))
        self._due[question.subject] = now + RETRY
        return [Note("warning", "a query was not answered", fields), *self._sleep(now)]

    def _passed_on(self, asker: RequestArrived, reply: ResponseMessage, now: datetime) -> Respond:
        body = reply.body if reply.header.noun == asker.message.header.noun else None
        answer = self._state.letters.reply(
            asker.message, now, body, result=reply.result, errors=reply.errors
        )
        return Respond(Link.LOWER, asker.token, answer)

    def _take(self, party: PartyId, reply: ResponseMessage, now: datetime) -> list[Effect]:
        """Take answers and status of events; a capability comes with its own registration."""
        if not isinstance(reply.body, EndDeviceEvents):
            return []
        effects: list[Effect] = []
        for answer in reply.body.answers:
            if self._dispatching.event_of(answer.event, party) is None:
                continue
            if not self._upholding.why_barred(party, answer, now):
                effects += self._taking.answer(party, answer, now, reply.header.timestamp)
        return effects + self._taking.standing(party, reply.body.statuses, now)

    def _expect(self, subject: Subject, now: datetime) -> list[Effect]:
        """Ask about something in a while, where it is missing now."""
        if subject in self._due or not self._is_missing(subject):
            return []
        self._due[subject] = now + PATIENCE
        return self._sleep(now)

    def _sleep(self, now: datetime) -> list[Effect]:
        """Wake when the next is due; while there is no room, an answer wakes us."""
        if not self._due or len(self._asked) >= MOST_AT_ONCE:
            return []
        at = max(min(self._due.values()), now)
        if self._wake is not None and now < self._wake <= at:
            return []
        self._wake = at
        return [SetTimer(SURVEY_TIMER, at)]

    def _is_missing(self, subject: Subject) -> bool:
        """Whether a member that is there has not told what it should have told by now."""
        party, noun = subject
        member = self._state.members.get(party)
        if member is None or member.standing is not Standing.MEMBER:
            return False
        if member.availability is Availability.UNREACHABLE or party not in self._announced:
            return False
        if noun is Noun.EVENTS:
            return any(True for _ in self._unanswered(party))
        known = member.capability
        return known is None or known.revision < self._announced[party]

    def _unanswered(self, party: PartyId) -> Iterator[EventId]:
        """Return the live events, as a member knows them, that it has not answered.

        Of whom nothing was heard since a start, ours or its own, all: a store may be an older one.
        """
        if party not in self._heard:
            return (event for event, _ in self._known_to(party))
        return (event for event, part in self._known_to(party) if part and part.answer is None)

    def _known_to(self, party: PartyId) -> Iterator[tuple[EventId, Part | None]]:
        """Yield the live events that a member reads or was asked for, as it knows them.

        A profile that tells the live events as a set has members answer each time it is told.
        """
        if self._state.settings.tells_the_set:
            return
        for dispatch in self._dispatching.live():
            parts = self._dispatching.parts[dispatch.event.id]
            part = parts.get(party)
            event = told(dispatch, parts, party)
            if event and not (part and part.barred):
                yield event.id, part

    def _ask(self, subject: Subject, now: datetime, asker: RequestArrived | None = None) -> Query:
        party, noun = subject
        member = self._state.members[party]
        ids: tuple[str, ...] = (party,)
        options: tuple[tuple[str, str], ...] = ()
        if noun is Noun.CONFIG:
            options = ((KNOWN, str(member.capability.revision if member.capability else 0)),)
        elif asker is not None:
            ids, options = asker.message.names[1:], asker.message.options
        else:
            ids = tuple(self._unanswered(party))[:MOST_NAMED]
        for_whom = asker.message.header.message_id if asker else ""
        header = self._state.letters.header(Verb.GET, noun, now, party, "survey", for_whom)
        self._asked[header.message_id] = _Question(subject, asker)
        message = RequestMessage(header=header, ids=ids, options=options)
        return Query(Link.LOWER, Jid(member.account, "ven"), message, TIMEOUT)
