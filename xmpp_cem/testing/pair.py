"""A VTN and its one member, driven by hand: what one sends reaches the other at once."""

from typing import Any

from xmpp_cem.core.effects import AskDecision, Effect, Publish, Respond, Transact
from xmpp_cem.core.inputs import (
    Decided,
    Input,
    ItemReceived,
    Link,
    LinkChanged,
    ReplyArrived,
    Started,
)
from xmpp_cem.core.kept import Confirmations
from xmpp_cem.core.records import Commitment, Part
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.memberrules import MemberRules
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import EventId, Jid
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.resource import Resource
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    of_kind,
    plain_digest,
    reply_in,
    request,
)

_VTN, _SERVICE = Jid(f"vtn@{HOST}", "vtn"), Jid(f"pubsub.{HOST}")


class Pair:
    """Member `a` has the resources `r` and `s`, each of 3000 W less; `now` is in s after `NOW`.

    Args:
        programmes: of the VTN.
        bound: the enrolments that the VTN has configured.
        own: of the VEN, further settings.
    """

    def __init__(
        self,
        programmes: tuple[Programme, ...] = (),
        bound: tuple[Enrolment, ...] = (),
        **own: Any,
    ) -> None:
        self.domain = Domain("a", programmes={p.id: p for p in programmes}, enrolments=bound)
        self._own = own
        self.asked: list[AskDecision] = []
        self.now = -10.0
        self.domain.lead()
        self.ven = self._begun()
        self.domain.presence("a", seconds=self.now)
        self._down(self.domain.vtn._publication.everything(at(self.now)))  # noqa: SLF001
        self.now = 0.0

    def restart(self, **own: Any) -> None:
        """Start the VEN anew with other settings and what it has kept."""
        before, self._own = self.ven, own
        state, rules = before.state, before.state.rules
        told = Confirmations(confirmed=state.confirmed)
        kept = [state.record, told, *before.book.commitments.values(), rules.agreed]
        self.ven = self._begun([*kept, *rules.calls.of()])

    def _begun(self, records: list[Any] | None = None) -> Ven:
        made = Ven(VenSettings("a", "grid", _VTN, plain_digest, **self._own))
        for record in records or []:
            made.restore(record)
        self.ven = made
        self.to_ven(Started())
        both = tuple(
            Resource(id=name, kind="test", power_w=5000, decrease_w=3000) for name in ("r", "s")
        )
        self._up(made.update(both, at(self.now)))
        self.to_ven(LinkChanged(Link.UPPER, is_up=True))
        return made

    def to_ven(self, what: Input) -> None:
        """Hand the VEN an input."""
        self._up(self.ven.handle(what, at(self.now)))

    def call(self, event: Event, verb: Verb = Verb.CREATE) -> ResponseMessage:
        """Let the operator call or change an event; returns how the VTN took it."""
        made = self.domain.tell(self._operated(verb, event), self.now)
        self._down(made)
        return reply_in(made)

    def cancel(self, event: Event) -> None:
        """Let the operator cancel an event."""
        self._down(self.domain.tell(self._operated(Verb.CANCEL, event), self.now))

    def decide(self, opt: Opt) -> None:
        """Let the site's program answer all that it was asked, as it was asked."""
        asked, self.asked = self.asked, []
        for each in asked:
            power_w = each.power_w if opt is Opt.IN else 0
            self.to_ven(Decided(each.event.id, each.event.order, opt, power_w))

    def take_back(self, event: Event) -> None:
        """Let the customer take back a yes."""
        known = self.ven.book.commitments.get(event.id)
        if known is not None and known.answer is not None:
            self._up(self.ven.book.answer(known, Opt.OUT, 0, "no more", at(self.now)))

    def pass_to(self, event: Event, seconds: float) -> None:
        """Let time pass, and both sides see what it brings for an event."""
        self.now = seconds
        self._up(self.ven.book.fire(event.id, at(self.now)))
        self._down(self.domain.vtn.dispatching.fire(event.id, at(self.now)))
        self._down(self.domain.vtn.publish_changes(at(self.now)))

    def commitment(self, event: Event) -> Commitment:
        """Return the event as the VEN knows it."""
        return self.ven.book.commitments[event.id]

    def part(self, event: Event) -> Part | None:
        """Return the member's part at the VTN."""
        return self.domain.vtn.dispatching.parts[event.id].get("a")

    def counted(self) -> tuple[dict[EventId, Any], dict[EventId, Any]]:
        """Return what counts at the VTN and at the VEN, without whose it is."""
        theirs = self.rules.calls.of("a")
        ours = self.ven.state.rules.calls.of()
        whose = {"kind", "party", "domain"}
        told = [{c.event: c.model_dump(exclude=whose) for c in calls} for calls in (theirs, ours)]
        return told[0], told[1]

    @property
    def rules(self) -> MemberRules:
        """The rules of the VTN."""
        return self.domain.vtn._state.rules  # noqa: SLF001

    def _operated(self, verb: Verb, event: Event) -> Any:
        body = None if verb is Verb.CANCEL else EndDeviceControls(events=(event,))
        message = request(verb, Noun.CONTROLS, "op", body, (event.id,) if body is None else ())
        return arrived(message, "op")

    def _up(self, effects: list[Effect]) -> None:
        self.asked += of_kind(effects, AskDecision)
        for sent in of_kind(effects, Transact):
            if not isinstance(sent.message, RequestMessage):
                continue
            told = self.domain.tell(arrived(sent.message, "a"), self.now)
            self._down(told)
            for answer in of_kind(told, Respond):
                self.to_ven(ReplyArrived(Link.UPPER, sent.message, answer.message))

    def _down(self, effects: list[Effect]) -> None:
        for each in of_kind(effects, Publish):
            if isinstance(each.message.body, EndDeviceControls | EventIndex):
                message = each.message
                item = ItemReceived(Link.UPPER, _SERVICE, each.node, each.item_id, message)
                self.to_ven(item)
