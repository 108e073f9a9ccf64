"""Sample values for tests of the core: a moment, events, members, and what effects hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from xmpp_cem.core.effects import Effect, Publish, Respond, Transact
from xmpp_cem.core.inputs import (
    Input,
    Link,
    LinkChanged,
    NodesVerified,
    PresenceChanged,
    RequestArrived,
    Started,
)
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability, Offer
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Delta, Share, Signal
from xmpp_cem.model.time import Interval

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOST = "x.example"

T = TypeVar("T")


def at(seconds: float) -> datetime:
    """Return the instant so many seconds after `NOW`."""
    return NOW + timedelta(seconds=seconds)


def plain_digest(event: Event) -> str:
    """Return a digest that tells contents apart; not the one of the wire."""
    return derived_id(event.model_dump_json()).replace("-", "") * 2


def admission() -> Admission:
    """Return what a VTN tells a member that it admits: report by transactions, every 10 s."""
    return Admission(
        domain="grid",
        service=f"pubsub.{HOST}",
        events=("n",),
        reports="r",
        uplink="transaction",
        report_every_s=10,
        confirmed=1,
    )


def make_event(
    number: int = 1,
    modification: int = 0,
    *,
    epoch: int = 1,
    signal: Signal | None = None,
    **changes: Any,
) -> Event:
    """Return an event from 20 s to 80 s after `NOW`, answers due at 10 s."""
    values: dict[str, Any] = {
        "id": derived_id("event", number),
        "order": Order(epoch=epoch, modification=modification),
        "active": Interval(start=at(20), end=at(80)),
        "signal": signal or Delta(power_w=-1000),
        "created": NOW,
        "answer_by": at(10),
    }
    return Event(**values | changes)


def share_of(multiplier: str, basis: datetime = NOW) -> Share:
    """Return a decrease by a share of what was confirmed."""
    return Share(direction="decrease", multiplier=Decimal(multiplier), basis=basis)


def capability(decrease_w: int = 3000, revision: int = 1, resource: str = "r") -> Capability:
    """Return a capability of one resource that draws 5000 W."""
    made = Resource(id=resource, kind="test", power_w=5000, decrease_w=decrease_w)
    return Capability(revision=revision, at=NOW, resources=(made,))


def request(
    verb: Verb,
    noun: Noun,
    source: str,
    body: Body | None = None,
    ids: tuple[str, ...] = (),
) -> RequestMessage:
    """Return a request; its MessageID follows from what it says."""
    header = Header(
        verb=verb,
        noun=noun,
        message_id=derived_id(source, verb, noun, body, ids),
        timestamp=NOW,
        source=source,
    )
    return RequestMessage(header=header, body=body, ids=ids)


def arrived(message: RequestMessage, account: str, connection: str = "ven") -> RequestArrived:
    """Return a request as it reaches a VTN; its token is the MessageID."""
    token = message.header.message_id
    return RequestArrived(Link.LOWER, Jid(f"{account}@{HOST}", connection), token, message)


def of_kind(effects: list[Effect], kind: type[T]) -> list[T]:
    """Return the effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def events_in(effects: list[Effect]) -> list[Event]:
    """Return the events that are published."""
    bodies = [e.message.body for e in of_kind(effects, Publish)]
    return [body.events[0] for body in bodies if isinstance(body, EndDeviceControls)]


def reply_in(effects: list[Effect]) -> ResponseMessage:
    """Return the first answer."""
    return of_kind(effects, Respond)[0].message


def transactions_in(effects: list[Effect]) -> list[RequestMessage]:
    """Return the transactions that are sent, without answers that come late."""
    messages = [effect.message for effect in of_kind(effects, Transact)]
    return [message for message in messages if isinstance(message, RequestMessage)]


class Domain:
    """A VTN, its members, and ways to speak to it."""

    def __init__(self, *members: str, **settings: Any) -> None:
        self.settings = VtnSettings(
            party="vtn",
            domain="grid",
            address=Jid(f"vtn@{HOST}", "vtn"),
            service=Jid(f"pubsub.{HOST}"),
            digest=plain_digest,
            members={m: f"{m}@{HOST}" for m in members},
            operators=frozenset({f"op@{HOST}"}),
            grace=timedelta(seconds=1),
            **settings,
        )
        self.vtn = Vtn(self.settings)

    def lead(self) -> None:
        """Start, connect and verify the nodes ten seconds before `NOW`."""
        self.tell(Started(), -10)
        self.tell(LinkChanged(Link.LOWER, is_up=True), -10)
        self.tell(NodesVerified(Link.LOWER, ()), -9)

    def tell(self, what: Input, seconds: float = 0.0) -> list[Effect]:
        """Hand the VTN an input."""
        return self.vtn.handle(what, at(seconds))

    def register(self, member: str, decrease_w: int, seconds: float = 0.0) -> list[Effect]:
        """Let a member register what it can do."""
        body = EndDeviceConfig(party=member, capability=capability(decrease_w))
        message = request(Verb.CREATE, Noun.CONFIG, member, body)
        return self.tell(arrived(message, member), seconds)

    def presence(
        self,
        member: str,
        availability: Availability = Availability.AVAILABLE,
        seconds: float = 0.0,
    ) -> list[Effect]:
        """Let a member show itself."""
        sender = Jid(f"{member}@{HOST}", "ven")
        if availability is Availability.UNREACHABLE:
            return self.tell(PresenceChanged(Link.LOWER, sender, is_available=False), seconds)
        offer = Offer(availability=availability, capability=capability(), valid_until=at(600))
        return self.tell(
            PresenceChanged(Link.LOWER, sender, is_available=True, offer=offer), seconds
        )

    def answer(
        self, member: str, event: Event, power_w: int, sequence: int = 1, seconds: float = 5.0
    ) -> list[Effect] | None:
        """Let a member answer: no with 0 W, else yes."""
        opt = Opt.IN if power_w else Opt.OUT
        made = Answer(
            id=derived_id(member, event.id),
            event=event.id,
            order=event.order,
            opt=opt,
            power_w=power_w,
            revision=1,
            sequence=sequence,
            at=at(seconds),
        )
        return self.vtn.dispatching.answer(member, made, at(seconds))
