"""How a VTN answers its members and its operators."""

from datetime import datetime
from typing import Any

from xmpp_cem.core.access import Role, is_allowed
from xmpp_cem.core.effects import Effect, Ignore, Note, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.operation_sets import answer_operations
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.commands import Commands
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.following_up import recall
from xmpp_cem.core.vtn.dispatch.upholding import Upholding
from xmpp_cem.core.vtn.members.recovery import Recovery
from xmpp_cem.core.vtn.members.taking import Taking
from xmpp_cem.core.vtn.opting import Opting
from xmpp_cem.core.vtn.publication import Publication
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Level, Noun, ReplyError, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.naming import IdKind, NamedId
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import EventId
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.node import events_node, reports_node


class Requests:
    """Every request that a VTN takes, by role, verb and noun; everything else is refused."""

    def __init__(
        self,
        state: VtnState,
        dispatching: Dispatching,
        publication: Publication,
        taking: Taking,
        recovery: Recovery,
        commands: Commands,
    ) -> None:
        self._state = state
        self._dispatching = dispatching
        self._publication = publication
        self._taking = taking
        self._recovery = recovery
        self._commands = commands
        self._upholding = Upholding(state, dispatching)
        self._opting = Opting(state, self._upholding)

    def resume(self, now: datetime) -> list[Effect]:
        """After a restart: what is agreed with members may be otherwise."""
        return self._upholding.resume(now)

    def handle(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer a request after checking who asks: authority is the server-stamped sender."""
        account = what.sender.bare
        if not self._state.is_ready:
            return [Ignore(Link.LOWER, what.token)]  # it comes again when we show that we lead
        member = self._state.member_of(account)
        is_operator = account in self._state.settings.operators
        if member is None and not is_operator:
            return [Ignore(Link.LOWER, what.token)]  # removed a moment ago
        if what.message.operations:
            letters, known = self._state.letters, self._state.member_of
            return answer_operations(
                what, lambda each: self._allowed(known(account), each, now), letters, now
            )
        return self._allowed(member, what, now)

    def _allowed(self, member: Member | None, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer what this account may ask, as itself."""
        header = what.message.header
        role = Role.VEN if member else Role.OPERATOR
        if not is_allowed(role, header.verb, header.noun):
            return self._state.refuse(
                what, now, "7.5", f"{role.value} may not {header.verb} {header.noun}"
            )
        if member is None:
            return self._commands.handle(what, now)
        if header.source != member.party:
            return self._state.refuse(
                what, now, "2.14", f"Source of this account must be {member.party}"
            )
        effects = self._member(member, what, now)
        return effects + self._recovery.heard(member.party, header, now)

    def _member(  # noqa: PLR0911 one return per request
        self, member: Member, what: RequestArrived, now: datetime
    ) -> list[Effect]:
        heard = self._state.change(member, last_heard=now)
        member = self._state.members[member.party]
        match what.message.body:
            case _ if what.message.header.verb is Verb.DELETE:
                return self._deregister(member, what, now)
            case EndDeviceConfig() as body if what.message.header.verb is not Verb.GET:
                return self._register(member, what, body, now)
            case EndDeviceEvents() as body:
                return [heard, *self._events(member, what, body, now)]
            case None if what.message.header.verb is Verb.CANCEL:
                return [heard, *self._opting.end(member.party, what, now)]
            case MeterReadings() as body:
                sent = what.message.header.timestamp
                effects = self._taking.readings(member.party, body.readings, sent, now)
                published = self._publication.report(what.message, body, now)
                return [heard, *effects, self._state.ok(what, now), *published]
            case None if what.message.header.noun is Noun.CONTROLS:
                return [heard, self._live(member, what, now)]
            case None if what.message.header.noun is Noun.CONFIG:
                own = EndDeviceConfig(party=member.party, admission=self._admission(member))
                return [heard, self._state.ok(what, now, own)]
            case _:
                return self._state.refuse(what, now, "1.7", "the payload does not fit the noun")

    def _live(self, member: Member, what: RequestArrived, now: datetime) -> Respond:
        """Answer with the live events, and with what tells a gateway that they have passed it.

        Of those that the member names also with what is cancelled, or not known here.
        """
        cancelled, unknown = self._dispatching.asked_about(member.party, what.message.names)
        events = EndDeviceControls(events=(*self._dispatching.told(member.party), *cancelled))
        errors = tuple(_not_known(event) for event in unknown)
        result = Result.PARTIAL if errors else Result.OK
        reply = self._state.letters.reply(what.message, now, events, result=result, errors=errors)
        path, hop = self._dispatching.passed()
        header = reply.header.model_copy(update={"path": path, "hop": hop})
        return Respond(Link.LOWER, what.token, reply.model_copy(update={"header": header}))

    def _register(
        self, member: Member, what: RequestArrived, body: EndDeviceConfig, now: datetime
    ) -> list[Effect]:
        if body.party != member.party:
            return self._state.refuse(what, now, "1.7", f"the party is {member.party}")
        if body.capability is None:
            return self._without_capability(member, what, body, now)
        if any(enrolment.party != member.party for enrolment in body.enrolments):
            return self._state.refuse(what, now, "2.14", "enrol resources of your own alone")
        most_w = self._taking.most_w
        if max(body.capability.increase_w, body.capability.decrease_w) > most_w:
            return self._state.refuse(what, now, "1.8", f"no member can do more than {most_w} W")
        known = member.capability
        effects: list[Effect] = []
        if member.standing is Standing.LEFT:
            effects.append(self._state.change(member, standing=Standing.MEMBER, since=now))
            member = self._state.members[member.party]
        if (
            known is None
            or known.revision <= body.capability.revision
            or (what.message.header.verb is Verb.CREATE)
        ):
            effects.append(self._state.change(member, capability=body.capability))
        member = self._state.members[member.party]
        told = self._state.rules.take(member.party, what.message.header.verb, body)
        effects += [*told, *(self._upholding.rebound(member.party, now) if told else [])]
        reply = EndDeviceConfig(
            party=member.party,
            admission=self._admission(member),
            **self._agreed(member, what.message.header.verb, body),
        )
        fields = (("party", member.party), ("revision", str(body.capability.revision)))
        return [*effects, self._state.ok(what, now, reply), Note("info", "capability", fields)]

    def _without_capability(
        self, member: Member, what: RequestArrived, body: EndDeviceConfig, now: datetime
    ) -> list[Effect]:
        """Admit a party that tells later what it can do, as OpenADR has it register first."""
        is_bare = not (body.admission or body.programmes or body.enrolments or body.schedules)
        if what.message.header.verb is not Verb.CREATE or not is_bare:
            return self._state.refuse(what, now, "1.7", "a registration needs a capability")
        heard = self._state.change(member, last_heard=now)
        reply = EndDeviceConfig(party=member.party, admission=self._admission(member))
        return [heard, self._state.ok(what, now, reply)]

    def _deregister(self, member: Member, what: RequestArrived, now: datetime) -> list[Effect]:
        """End a registration, as a site wants that is taken out of use; its admission stands.

        Nothing is counted on it any more, and what it had promised is divided among the others.
        """
        kept = self._state.change(member, standing=Standing.LEFT, since=now)
        changed = self._dispatching.member_changed(member.party, f"{member.party} has left", now)
        note = Note("info", "registration ended", (("party", member.party),))
        return [kept, *changed, self._state.ok(what, now), note]

    def _agreed(self, member: Member, verb: Verb, body: EndDeviceConfig) -> dict[str, Any]:
        """Return the rules for a member's resources, where it registers or tells its own word."""
        if verb is not Verb.CREATE and not body.enrolments:
            return {}
        book = self._state.rules.of(member.party)
        return {"programmes": tuple(book.programmes.values()), "enrolments": book.enrolments}

    def _admission(self, member: Member) -> Admission:
        settings = self._state.settings
        return Admission(
            domain=settings.domain,
            service=str(settings.service),
            events=(events_node(settings.domain),),
            reports=reports_node(settings.domain),
            uplink=self._state.uplink,
            watchers=tuple(sorted(settings.operators)),
            report_every_s=int(settings.report_every.total_seconds()),
            confirmed=member.capability.revision if member.capability else 0,
        )

    def _events(
        self, member: Member, what: RequestArrived, body: EndDeviceEvents, now: datetime
    ) -> list[Effect]:
        party, knows = member.party, self._dispatching.event_of
        asked = {a.event for a in body.answers if member.capability and knows(a.event, party)}
        if why := self._opting.why_full(party, body, now):
            return self._state.refuse(what, now, "3.1", why)
        strange = next((a.event for a in body.answers if a.event not in asked), None)
        if strange:
            return self._state.refuse(what, now, "2.15", f"event {strange} was not asked of you")
        whys = (self._upholding.why_barred(party, answer, now) for answer in body.answers)
        if why := next(filter(None, whys), ""):
            return self._state.refuse(what, now, "6.1", why)
        effects: list[Effect] = []
        for answer in body.answers:
            if answer.code:
                self._state.note_refusal(what.sender.bare, answer.code, answer.reason, now)
            effects += self._taking.answer(member.party, answer, now)
            effects += recall(self._state, self._dispatching, member.party, answer, now)
        effects += self._taking.statuses(member.party, body.statuses)
        effects += self._opting.take(member.party, body, now)
        shown = body.model_copy(update={"schedules": ()})  # when a customer is away is its own
        is_shown = bool(shown.answers or shown.statuses)
        published = self._publication.report(what.message, shown, now) if is_shown else []
        return [*effects, self._opting.taken(what, body, now), *published]


def _not_known(event: EventId) -> ReplyError:
    about = NamedId(text=event, kind=IdKind.UUID)
    reason = f"there is no event {event} of yours"
    return ReplyError(code="2.15", reason=reason[:1024], level=Level.WARNING, id=about)
