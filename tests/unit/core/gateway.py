"""A gateway, driven by hand: its domain below, and a VTN above that says what it is told to."""

from datetime import timedelta
from decimal import Decimal

from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.effects import Query
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import (
    ItemReceived,
    Link,
    LinkChanged,
    NodesVerified,
    QueryAnswered,
    ReplyArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.messages.envelope import (
    EventMessage,
    Header,
    Noun,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import Jid, derived_id, lower_event_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.signal import Direction, Limit, Price
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    admission,
    arrived,
    at,
    make_event,
    of_kind,
    plain_digest,
    request,
    share_of,
    transactions_in,
)

SERVICE = Jid(f"pubsub-upper.{HOST}")
UPPER_EVENT = make_event(signal=share_of("0.5"))
LOWER_ID = lower_event_id(UPPER_EVENT.id, "grid")
ALL = make_event(signal=share_of("1"))
"""All that the members can do."""


class Cascade(Domain):
    """A gateway over members `a` and `b`, which can do 3000 W less each, and more of no account."""

    def __init__(self, *more: str, **own) -> None:
        super().__init__("a", "b", *more)
        upper = VenSettings("gw", "upper", Jid(f"top@{HOST}", "vtn"), plain_digest, **own)
        self.gateway = Gateway(GatewaySettings(upper, self.settings, timedelta(seconds=2)))
        self.vtn = self.gateway  # what the domain's helpers speak to
        self.sent = []

    @property
    def dispatch(self):
        return self.gateway.vtn.dispatching.dispatches.get(LOWER_ID)

    def tell(self, what, seconds=0.0):
        effects = self.gateway.handle(what, at(seconds))
        self.sent += transactions_in(effects)
        return effects

    def up(self):
        self.tell(Started(), -20)
        self.tell(LinkChanged(Link.LOWER, is_up=True), -20)
        self.tell(NodesVerified(Link.LOWER, ()), -19)
        for member in ("a", "b"):
            self.register(member, 3000, -18)
            self.presence(member, seconds=-18)
        self.tell(TimerFired("cascade/tick"), -15)
        self.tell(LinkChanged(Link.UPPER, is_up=True), -14)
        self.admit(-13)
        self.publish(index(UPPER_EVENT), "index", -1)

    def admit(self, seconds):
        request = next(m for m in reversed(self.sent) if m.header.noun is Noun.CONFIG)
        confirmed = request.body.capability.revision
        told = admission().model_copy(
            update={"domain": "upper", "service": str(SERVICE), "confirmed": confirmed}
        )
        header = request.header.model_copy(update={"verb": Verb.REPLY, "timestamp": at(seconds)})
        body = EndDeviceConfig(party="gw", admission=told)
        reply = ResponseMessage(header=header, result=Result.OK, body=body)
        self.tell(ReplyArrived(Link.UPPER, request, reply), seconds)

    def publish(self, body, item, seconds=0.0, **header):
        made = Header(
            verb=Verb.CHANGED,
            noun=Noun(body.noun),
            message_id=derived_id(body),
            timestamp=at(seconds),
            source="top",
            **header,
        )
        message = EventMessage(header=made, body=body)
        return self.tell(ItemReceived(Link.UPPER, SERVICE, "n", item, message), seconds)

    def ask(self, event=UPPER_EVENT, seconds=0.0, **header):
        return self.publish(EndDeviceControls(events=(event,)), event.id, seconds, **header)

    def say(self, member, power_w, sequence=1, seconds=3.0):
        effects = self.gateway.vtn.dispatching.answer(
            member, self.made_answer(member, power_w, sequence, seconds), at(seconds)
        )
        self.tell(TimerFired("cascade/tick"), seconds)
        return effects

    def promise_all(self):
        """Begin with an event for which both members promise all that they can do."""
        self.up()
        self.ask(ALL)
        for member in ("a", "b"):
            self.say(member, -3000)
        return self

    def made_answer(self, member, power_w, sequence, seconds):
        event = self.dispatch.event
        return Answer(
            id=derived_id(member, event.id),
            event=event.id,
            order=event.order,
            opt=Opt.IN if power_w else Opt.OUT,
            power_w=power_w,
            revision=1,
            sequence=sequence,
            at=at(seconds),
        )

    @property
    def answers(self):
        bodies = [m.body for m in self.sent if m.header.noun is Noun.EVENTS]
        return [answer for body in bodies for answer in body.answers]


def index(*events, version=2, made=0):
    entries = tuple(IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in events)
    return EventIndex(
        domain="upper", epoch=1, version=version, at=at(made), heartbeat_s=60, entries=entries
    )


def measured(cascade, member, sequence, *numbers, seconds):
    """Let a member report windows, under a position that shows whether some are missing."""
    windows = [Interval(start=at(10 * n), end=at(10 * n + 10)) for n in numbers]
    body = MeterReadings(
        readings=tuple(Reading(resource="r", window=w, power_w=1000) for w in windows)
    )
    made = request(Verb.CREATE, Noun.READINGS, member, body)
    position = {"epoch": 7, "sequence": sequence}
    made = made.model_copy(update={"header": made.header.model_copy(update=position)})
    cascade.tell(arrived(made, member), seconds)


def told(cascade, seconds):
    """Return the sums told above since the last look."""
    cascade.sent.clear()
    cascade.tell(TimerFired("cascade/tick"), seconds)
    bodies = [m.body for m in cascade.sent if m.header.noun is Noun.READINGS]
    return [(r.power_w, r.reporting) for body in bodies for r in body.readings]


def answered(cascade, effects, member, until, *numbers, seconds):
    """Let a member answer the query among the effects."""
    (query,) = of_kind(effects, Query)
    windows = [Interval(start=at(10 * n), end=at(10 * n + 10)) for n in numbers]
    body = MeterReadings(
        readings=tuple(Reading(resource="r", window=w, power_w=1000) for w in windows)
    )
    reply = Letters(member).reply(query.message, at(seconds), body)
    header = reply.header.model_copy(update={"epoch": 7, "sequence": until})
    reply = reply.model_copy(update={"header": header})
    return cascade.tell(QueryAnswered(Link.LOWER, query.message, reply), seconds)


PRICE = Price(per_kwh=Decimal("0.31"), currency="EUR")


def told_below(cascade, effects=None):
    parts = cascade.gateway.vtn.dispatching.parts[LOWER_ID]
    return {p: part.told[0].limit_w for p, part in parts.items() if part.told}


def answer_share(cascade, member, opt=Opt.IN, seconds=5.0, power_w=0):
    part = cascade.gateway.vtn.dispatching.parts[LOWER_ID][member]
    event = derived_id("share", LOWER_ID, member) if part.order else LOWER_ID
    made = Answer(
        id=derived_id("answer", event, member),
        event=event,
        order=part.order or cascade.dispatch.event.order,
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(seconds),
    )
    body = EndDeviceEvents(answers=(made,))
    cascade.tell(arrived(request(Verb.CREATE, Noun.EVENTS, member, body), member), seconds)


def limit_event(limit_w, **changes):
    return make_event(signal=Limit(limit_w=limit_w, direction=Direction.IMPORT, **changes))
