"""How a VTN answers its members and its operators."""

from datetime import datetime

from xmpp_cem.core.access import Role, is_allowed
from xmpp_cem.core.dispatching import MAX_LIVE, Call, Dispatching
from xmpp_cem.core.effects import Effect, Ignore, Note, Respond, VerifyNodes
from xmpp_cem.core.inputs import Link, NodesVerified, RequestArrived
from xmpp_cem.core.metering import Metering
from xmpp_cem.core.nodes import entries, node_specs
from xmpp_cem.core.pages import page
from xmpp_cem.core.publication import Publication
from xmpp_cem.core.records import Member
from xmpp_cem.core.recovery import Recovery
from xmpp_cem.core.vtnstate import VtnState
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    Level,
    Noun,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.operations import DomainMembers, DomainNodes, MemberEntry
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.event import Delta, Event
from xmpp_cem.model.node import events_node, reports_node


class Requests:
    """Every request that a VTN takes, by role, verb and noun; everything else is refused."""

    def __init__(
        self,
        state: VtnState,
        dispatching: Dispatching,
        publication: Publication,
        metering: Metering,
        recovery: Recovery,
    ) -> None:
        self._state = state
        self._dispatching = dispatching
        self._publication = publication
        self._metering = metering
        self._recovery = recovery
        self._verifying: dict[str, RequestMessage] = {}

    def handle(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer a request after checking who asks: authority is the server-stamped sender."""
        account, header = what.sender.bare, what.message.header
        if not self._state.is_ready:
            return [Ignore(Link.LOWER, what.token)]  # it comes again when we show that we lead
        member = self._state.member_of(account)
        is_operator = account in self._state.settings.operators
        if member is None and not is_operator:
            fields = (("account", account), ("noun", header.noun.value))
            return [Ignore(Link.LOWER, what.token), Note("warning", "unknown account", fields)]
        role = Role.VEN if member else Role.OPERATOR
        if not is_allowed(role, header.verb, header.noun):
            return self._refuse(
                what, now, "7.5", f"{role.value} may not {header.verb} {header.noun}"
            )
        if member is None:
            return self._operator(what, now)
        if header.source != member.party:
            return self._refuse(what, now, "2.14", f"Source of this account must be {member.party}")
        effects = self._member(member, what, now)
        return effects + self._recovery.heard(member.party, header, now)

    def verified(self, what: NodesVerified, now: datetime) -> list[Effect]:
        """Answer the operator who asked for the nodes to be verified."""
        request = self._verifying.pop(what.token, None)
        if request is None:
            return []
        nodes = DomainNodes(domain=self._state.settings.domain, nodes=entries(what.states))
        letters = self._state.letters
        return [Respond(Link.LOWER, what.token, letters.reply(request, now, nodes))]

    def _member(self, member: Member, what: RequestArrived, now: datetime) -> list[Effect]:
        heard = self._state.change(member, last_heard=now)
        member = self._state.members[member.party]
        match what.message.body:
            case EndDeviceConfig() as body if what.message.header.verb is not Verb.GET:
                return self._register(member, what, body, now)
            case EndDeviceEvents() as body:
                return [heard, *self._events(member, what, body, now)]
            case MeterReadings() as body:
                fresh = self._metering.take(member.party, body.readings)
                effects = self._dispatching.measured(member.party, fresh)
                published = self._publication.report(what.message, body, now)
                return [heard, *effects, self._ok(what, now), *published]
            case None if what.message.header.noun is Noun.CONTROLS:
                events = tuple(d.event for d in self._dispatching.live())
                return [heard, self._ok(what, now, EndDeviceControls(events=events))]
            case None if what.message.header.noun is Noun.CONFIG:
                own = EndDeviceConfig(party=member.party, admission=self._admission(member))
                return [heard, self._ok(what, now, own)]
            case _:
                return self._refuse(what, now, "1.7", "the payload does not fit the noun")

    def _register(
        self, member: Member, what: RequestArrived, body: EndDeviceConfig, now: datetime
    ) -> list[Effect]:
        if body.capability is None or body.party != member.party:
            return self._refuse(what, now, "1.7", "a registration needs party and capability")
        most_w = self._metering.most_w
        if max(body.capability.increase_w, body.capability.decrease_w) > most_w:
            return self._refuse(what, now, "1.8", f"no member can do more than {most_w} W")
        known = member.capability
        effects: list[Effect] = []
        if (
            known is None
            or known.revision <= body.capability.revision
            or (what.message.header.verb is Verb.CREATE)
        ):
            effects.append(self._state.change(member, capability=body.capability))
        member = self._state.members[member.party]
        reply = EndDeviceConfig(party=member.party, admission=self._admission(member))
        fields = (("party", member.party), ("revision", str(body.capability.revision)))
        return [*effects, self._ok(what, now, reply), Note("info", "capability", fields)]

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
        known = self._dispatching.dispatches if member.capability else {}
        strange = next((a.event for a in body.answers if a.event not in known), None)
        if strange:
            return self._refuse(what, now, "2.15", f"event {strange} was not asked of you")
        effects: list[Effect] = []
        for answer in body.answers:
            effects += self._dispatching.answer(member.party, answer, now) or []
        published = self._publication.report(what.message, body, now)
        return [*effects, self._ok(what, now), *published]

    def _operator(  # noqa: PLR0911 one case per request
        self, what: RequestArrived, now: datetime
    ) -> list[Effect]:
        header, body = what.message.header, what.message.body
        match header.verb, header.noun:
            case Verb.CREATE, Noun.CONTROLS if isinstance(body, EndDeviceControls):
                return self._create(what, body, now)
            case Verb.CANCEL, Noun.CONTROLS:
                return self._cancel(what, now)
            case Verb.GET, Noun.CONTROLS:
                events = tuple(d.event for d in self._dispatching.live())
                return [self._ok(what, now, EndDeviceControls(events=events))]
            case Verb.GET, Noun.DISPATCH:
                return self._show(what, now)
            case Verb.GET, Noun.READINGS:
                return self._readings(what, now)
            case Verb.GET, Noun.MEMBERS:
                return [self._ok(what, now, self._members())]
            case _, Noun.NODES:
                return self._nodes(what)
            case _:
                return self._refuse(what, now, "1.7", "the payload does not fit the noun")

    def _create(self, what: RequestArrived, body: EndDeviceControls, now: datetime) -> list[Effect]:
        if len(body.events) != 1:
            return self._refuse(what, now, "3.1", "one event at a time")
        event = body.events[0]
        problem = self._problem(event, now)
        if problem:
            return self._refuse(what, now, "2.15", problem)
        signal = event.signal
        target_w = signal.power_w if isinstance(signal, Delta) else 0
        call = Call(
            event=event.id,
            target_w=target_w,
            active=event.active,
            answer_by=event.answer_by,
            mode=event.mode,
            priority=event.priority,
            reason=event.reason,
        )
        effects = self._dispatching.create(call, now)
        dispatch = self._dispatching.dispatches[event.id]
        can = self._dispatching.expected_w(dispatch, now)
        short = abs(target_w) - can
        if short <= self._state.settings.tolerance_w:
            return [*effects, self._ok(what, now)]
        reason = f"members can change {kilowatts(can)} of {kilowatts(abs(target_w))}"
        error = ReplyError(code="0.2", reason=reason, level=Level.WARNING)
        reply = self._state.letters.reply(what.message, now, result=Result.PARTIAL, errors=(error,))
        return [*effects, Respond(Link.LOWER, what.token, reply)]

    def _problem(  # noqa: PLR0911 one return per reason
        self, event: Event, now: datetime
    ) -> str:
        """Return why an operator's event cannot be taken, or nothing."""
        known = self._dispatching.dispatches.get(event.id)
        signal = event.signal
        if known:
            same = isinstance(signal, Delta) and signal.power_w == known.target_w
            return "" if same and event.active == known.active else "this event id is taken"
        if not isinstance(signal, Delta) or signal.power_w == 0:
            return "an operator asks for a change of power in W, other than 0"
        if event.active.end <= now:
            return "the event would already be over"
        if event.answer_by <= now:
            return "the deadline for answers has passed"
        if len(self._dispatching.live()) >= MAX_LIVE:
            return f"{MAX_LIVE} events live already"
        if not any(True for _ in self._state.usable()):
            return "no member is reachable and ready"
        return ""

    def _cancel(self, what: RequestArrived, now: datetime) -> list[Effect]:
        ids, known = what.message.ids, self._dispatching.dispatches
        strange = next((event_id for event_id in ids if event_id not in known), None)
        if strange:
            return self._refuse(what, now, "2.15", f"there is no event {strange}")
        if not ids:
            return self._refuse(what, now, "1.6", "name the event in Request/ID")
        effects: list[Effect] = []
        reason = dict(what.message.options).get("reason", "cancelled by the operator")
        for event_id in ids:
            effects += self._dispatching.cancel(event_id, reason)
        return [*effects, self._ok(what, now)]

    def _show(self, what: RequestArrived, now: datetime) -> list[Effect]:
        dispatches = self._dispatching.dispatches
        wanted = what.message.ids[0] if what.message.ids else next(reversed(dispatches), "")
        if wanted not in dispatches:
            return self._refuse(what, now, "2.15", f"there is no event {wanted}".rstrip())
        record = self._dispatching.record(dispatches[wanted], now)
        return [self._ok(what, now, record)]

    def _readings(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Tell the members' last windows in the order in which they came (figure 16)."""
        holdings = self._metering.holdings(self._state.record.epoch, self._state.began or now)
        reply = page(self._state.letters, what.message, holdings, now)
        return [Respond(Link.LOWER, what.token, reply)]

    def _members(self) -> DomainMembers:
        entries = []
        for member in self._state.members.values():
            capability = member.capability
            power_w = self._metering.power(member.party)
            entries.append(
                MemberEntry(
                    party=member.party,
                    account=member.account,
                    availability=member.availability,
                    power_w=power_w if power_w is not None else 0,
                    increase_w=capability.increase_w if capability else 0,
                    decrease_w=capability.decrease_w if capability else 0,
                    revision=capability.revision if capability else 0,
                    last_heard=member.last_heard,
                )
            )
        return DomainMembers(domain=self._state.settings.domain, members=tuple(entries))

    def _nodes(self, what: RequestArrived) -> list[Effect]:
        """Verify the nodes; a get only looks, an execute also repairs what has drifted."""
        self._verifying[what.token] = what.message
        settings = self._state.settings
        specs = node_specs(settings, self._state.uplink)
        repair = what.message.header.verb is Verb.EXECUTE
        return [VerifyNodes(Link.LOWER, settings.service, specs, repair, what.token)]

    def _ok(self, what: RequestArrived, now: datetime, body: Body | None = None) -> Respond:
        reply = self._state.letters.reply(what.message, now, body)
        return Respond(Link.LOWER, what.token, reply)

    def _refuse(self, what: RequestArrived, now: datetime, code: str, reason: str) -> list[Effect]:
        refusal: ResponseMessage = self._state.letters.refusal(what.message, now, code, reason)
        fields = (("account", what.sender.bare), ("code", code), ("why", reason))
        return [Respond(Link.LOWER, what.token, refusal), Note("warning", "refused", fields)]
