"""How a VTN does what its operators command."""

from datetime import datetime

from xmpp_cem.core.call import Call, called, usual_s
from xmpp_cem.core.effects import Effect, Respond, VerifyNodes
from xmpp_cem.core.inputs import Link, NodesVerified, RequestArrived
from xmpp_cem.core.vtn.dispatch.asking import why_not_asked
from xmpp_cem.core.vtn.dispatch.calling import why_nobody
from xmpp_cem.core.vtn.dispatch.dispatchbook import MAX_LIVE
from xmpp_cem.core.vtn.dispatch.dispatching import Dispatching
from xmpp_cem.core.vtn.dispatch.following_up import FollowingUp
from xmpp_cem.core.vtn.dispatch.modifying import why_fixed
from xmpp_cem.core.vtn.dispatch.standing import lack
from xmpp_cem.core.vtn.dispatch.upholding import Upholding
from xmpp_cem.core.vtn.inquiries import Inquiries
from xmpp_cem.core.vtn.members.membership import Membership
from xmpp_cem.core.vtn.members.roll import Roll
from xmpp_cem.core.vtn.nodes import entries, node_specs
from xmpp_cem.core.vtn.vtnstate import VtnState
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    Level,
    Noun,
    ReplyError,
    RequestMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.operations import DomainNodes
from xmpp_cem.model.event import Event
from xmpp_cem.model.signal import Limit, Place


class Commands:
    """Every request that an operator may make of a VTN."""

    def __init__(
        self,
        state: VtnState,
        dispatching: Dispatching,
        following_up: FollowingUp,
        inquiries: Inquiries,
        membership: Membership,
        roll: Roll,
    ) -> None:
        self._state = state
        self._following_up = following_up
        self._dispatching = dispatching
        self._inquiries = inquiries
        self._membership = membership
        self._roll = roll
        self._upholding = Upholding(state, dispatching)
        self._verifying: dict[str, RequestMessage] = {}

    def handle(  # noqa: C901, PLR0911, PLR0912 one case per request
        self, what: RequestArrived, now: datetime
    ) -> list[Effect]:
        """Answer an operator; who asks has been checked."""
        header, body = what.message.header, what.message.body
        match header.verb, header.noun:
            case Verb.CREATE, Noun.CONTROLS if isinstance(body, EndDeviceControls):
                return self._create(what, body, now)
            case Verb.CHANGE, Noun.CONTROLS if isinstance(body, EndDeviceControls):
                return self._change(what, body, now)
            case Verb.CANCEL, Noun.CONTROLS:
                return self._cancel(what, now)
            case Verb.GET, Noun.CONTROLS:
                events = tuple(d.event for d in self._dispatching.live())
                return [self._state.ok(what, now, EndDeviceControls(events=events))]
            case Verb.GET, Noun.DISPATCH:
                return self._inquiries.record(what, now)
            case Verb.GET, Noun.READINGS:
                return self._inquiries.readings(what, now)
            case Verb.GET, Noun.EVIDENCE:
                return self._inquiries.evidence(what, now)
            case Verb.GET, Noun.CONFIG | Noun.EVENTS:
                return self._inquiries.relay(what, now)
            case Verb.GET, Noun.MEMBERS:
                return self._roll.told(what, now)
            case _, Noun.MEMBERS:
                return self._membership.handle(what, now)
            case _, Noun.NODES:
                return self._nodes(what)
            case _:
                return self._state.refuse(what, now, "1.7", "the payload does not fit the noun")

    def _create(self, what: RequestArrived, body: EndDeviceControls, now: datetime) -> list[Effect]:
        if len(body.events) != 1:
            return self._state.refuse(what, now, "3.1", "one event at a time")
        event = body.events[0]
        problem = self._problem(event, now)
        if problem:
            return self._state.refuse(what, now, "2.15", problem)
        effects = self._dispatching.create(self._call(event), now)
        return effects + self._told(what, event.id, now)

    def _change(self, what: RequestArrived, body: EndDeviceControls, now: datetime) -> list[Effect]:
        """Make an event another version of itself, before or while it acts."""
        if len(body.events) != 1:
            return self._state.refuse(what, now, "3.1", "one event at a time")
        event = body.events[0]
        known = self._dispatching.dispatches.get(event.id)
        if known is None:
            return self._state.refuse(what, now, "2.15", f"there is no event {event.id}")
        call = called(event, known.event.randomise_s or 0)
        problem = (
            why_not_asked(self._state, event)
            or why_fixed(known, call, now)
            or self._upholding.why_untimely(call, now)
        )
        if problem:
            return self._state.refuse(what, now, "2.15", problem)
        effects = self._dispatching.modify(call, "modified by the operator", now)
        return effects + self._told(what, event.id, now)

    def _call(self, event: Event) -> Call:
        """Return what is called for, with the usual random start where none was told."""
        return called(event, usual_s(event, self._state.settings.randomise_s))

    def _told(self, what: RequestArrived, event_id: str, now: datetime) -> list[Effect]:
        """Answer at once, or say that the answer comes when the members have given theirs."""
        if what.message.header.wants_async:
            return self._acknowledged(what, event_id, now)
        dispatch = self._dispatching.dispatches[event_id]
        can_w = self._dispatching.expected_w(dispatch, now)
        reason = lack(dispatch, can_w, self._state.settings.tolerance_w, "can change")
        if not reason:
            return [self._state.ok(what, now)]
        error = ReplyError(code="0.2", reason=reason, level=Level.WARNING)
        reply = self._state.letters.reply(what.message, now, result=Result.PARTIAL, errors=(error,))
        return [Respond(Link.LOWER, what.token, reply)]

    def _acknowledged(self, what: RequestArrived, event_id: str, now: datetime) -> list[Effect]:
        """Answer 0.3 now; the answer follows when the members have answered."""
        kept = self._following_up.answer_later(event_id, what)
        error = ReplyError(code="0.3", reason="the answer follows the members'", level=Level.INFORM)
        reply = self._state.letters.reply(what.message, now, errors=(error,))
        return [*kept, Respond(Link.LOWER, what.token, reply)]

    def _problem(  # noqa: PLR0911 one return per reason
        self, event: Event, now: datetime
    ) -> str:
        """Return why an operator's event cannot be taken, or nothing."""
        known = self._dispatching.dispatches.get(event.id)
        signal = event.signal
        if known:
            is_same = (signal, event.changes) == (known.signal, known.changes)
            return "" if is_same and event.active == known.active else "this event id is taken"
        if problem := why_not_asked(self._state, event) or self._unmetered(event):
            return problem
        if event.active.end <= now:
            return "the event would already be over"
        if event.answer_by <= now:
            return "the deadline for answers has passed"
        if len(self._dispatching.live()) >= MAX_LIVE:
            return f"{MAX_LIVE} events live already"
        if not any(True for _ in self._state.usable(event.active)):
            return "no member is reachable and ready"
        return why_nobody(self._state, event.model_copy(update={"created": now}), now)

    def _unmetered(self, event: Event) -> str:
        is_at_the_point = isinstance(event.signal, Limit) and event.signal.at is not Place.TERMINALS
        return self._dispatching.dividing.why_unmetered() if is_at_the_point else ""

    def _cancel(self, what: RequestArrived, now: datetime) -> list[Effect]:
        body, known = what.message.body, self._dispatching.dispatches
        named = (e.id for e in body.events) if isinstance(body, EndDeviceControls) else ()
        ids = what.message.names or tuple(named)
        strange = next((event_id for event_id in ids if event_id not in known), None)
        if strange:
            return self._state.refuse(what, now, "2.15", f"there is no event {strange}")
        if not ids:
            return self._state.refuse(what, now, "1.6", "name the event in Request/ID")
        effects: list[Effect] = []
        reason = dict(what.message.options).get("reason", "cancelled by the operator")
        for event_id in ids:
            effects += self._dispatching.cancel(event_id, reason, now)
        return [*effects, self._state.ok(what, now)]

    def _nodes(self, what: RequestArrived) -> list[Effect]:
        """Verify the nodes; a get only looks, an execute also repairs what has drifted."""
        self._verifying[what.token] = what.message
        settings = self._state.settings
        specs = node_specs(settings, self._state.uplink, self._state.readers)
        repair = what.message.header.verb is Verb.EXECUTE
        return [VerifyNodes(Link.LOWER, settings.service, specs, repair, what.token)]

    def verified(self, what: NodesVerified, now: datetime) -> list[Effect]:
        """Answer the operator who asked for the nodes to be verified."""
        request = self._verifying.pop(what.token, None)
        if request is None:
            return []
        nodes = DomainNodes(domain=self._state.settings.domain, nodes=entries(what.states))
        letters = self._state.letters
        return [Respond(Link.LOWER, what.token, letters.reply(request, now, nodes))]
