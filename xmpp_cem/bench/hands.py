"""Parts played by hand, so that only the measured party runs our whole path."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from xmpp_cem.bench.place import HOST, Place
from xmpp_cem.core.vtn.nodes import node_specs
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.messages.envelope import (
    EventMessage,
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.model.availability import Availability, Offer
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.link import LinkEvent, RequestReceived
from xmpp_cem.model.node import Uplink, events_node, reports_node
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.wire.codec import Flow, decode, encode, encode_presence
from xmpp_cem.wire.digests import digest
from xmpp_cem.xmpp.stream import Stream

CLOCK = SystemClock()


def head(source: str, verb: Verb, noun: Noun, *parts: object) -> Header:
    """Return the header of a hand-made message."""
    return Header(
        verb=verb,
        noun=noun,
        message_id=derived_id(source, CLOCK.now(), *parts),
        timestamp=CLOCK.now(),
        source=source,
    )


def event(number: int, modification: int = 0, *, power_w: int = -1000, epoch: int = 1) -> Event:
    """Return an event an hour away, so that nothing acts while we measure."""
    start = datetime(2040, 1, 1, tzinfo=UTC)
    return Event(
        id=str(UUID(int=number)),
        order=Order(epoch=epoch, modification=modification),
        active=Interval(start=start, end=start + timedelta(hours=1)),
        signal=Delta(power_w=power_w),
        created=CLOCK.now(),
        answer_by=start,
    )


class HandVtn:
    """A VTN by hand: admits one VEN, answers whatever it sends, publishes what it is told."""

    def __init__(self, place: Place, domain: str, member: str) -> None:
        self._place = place
        self._domain = domain
        self._member = member
        self._stream: Stream | None = None
        self.registrations = 0
        self.answers = 0

    async def open(self) -> None:
        """Connect and create the nodes."""
        name = f"vtn-{self._domain}"
        self._stream = await self._place.connect(name, "vtn", self._take)
        settings = VtnSettings(
            party=name,
            domain=self._domain,
            address=Jid(f"{name}@{HOST}", "vtn"),
            service=self._place.service(self._domain),
            digest=digest,
            members={self._member: f"{self._member}@{HOST}"},
            operators=frozenset({f"operator@{HOST}", f"bare-{self._domain}@{HOST}"}),
        )
        for spec in node_specs(settings, Uplink.TRANSACTION, settings.members.values()):
            await self._stream.ensure_node(settings.service, spec, repair=True)
        self._stream.show_presence("", "by hand")

    async def publish(self, message: EventMessage, item: str) -> None:
        """Publish on the events node."""
        if self._stream is None:
            raise RuntimeError("open first")
        service, node = self._place.service(self._domain), events_node(self._domain)
        await self._stream.publish(service, node, item, encode(message))

    async def publish_event(self, made: Event) -> None:
        """Publish an event."""
        header = head("vtn", Verb.CHANGED, Noun.CONTROLS, made.id, made.order.modification)
        await self.publish(
            EventMessage(header=header, body=EndDeviceControls(events=(made,))), made.id
        )

    async def publish_index(self, *listed: Event, version: int) -> None:
        """Publish an index that lists these events."""
        entries = tuple(IndexEntry(event=e.id, order=e.order, digest=digest(e)) for e in listed)
        index = EventIndex(
            domain=self._domain,
            epoch=1,
            version=version,
            at=CLOCK.now(),
            heartbeat_s=60,
            entries=entries,
        )
        header = head("vtn", Verb.CHANGED, Noun.INDEX, version)
        await self.publish(EventMessage(header=header, body=index), "index")

    def _take(self, what: LinkEvent) -> None:
        if not isinstance(what, RequestReceived) or self._stream is None:
            return
        request = decode(what.payload, Flow.TRANSACTION)
        if not isinstance(request, RequestMessage):
            return
        body = self._admission(request)
        if body is None:
            self.answers += 1
        header = head("vtn", Verb.REPLY, request.header.noun, request.header.message_id)
        header = header.model_copy(update={"correlation_id": request.header.message_id})
        reply = ResponseMessage(header=header, result=Result.OK, body=body)
        self._stream.respond(what.token, encode(reply))

    def _admission(self, request: RequestMessage) -> Body | None:
        body = request.body
        if not isinstance(body, EndDeviceConfig) or body.capability is None:
            return None
        self.registrations += 1
        admission = Admission(
            domain=self._domain,
            service=str(self._place.service(self._domain)),
            events=(events_node(self._domain),),
            reports=reports_node(self._domain),
            uplink=Uplink.TRANSACTION,
            report_every_s=3600,
            confirmed=body.capability.revision,
        )
        return EndDeviceConfig(party=body.party, admission=admission)


async def hand_ven(place: Place, domain: str) -> Stream:
    """Connect a VEN by hand that registers a large resource and never answers an event."""
    stream = await place.connect("ven", "ven", lambda _: None)
    resource = Resource(id="big", kind="test", decrease_w=10**9)
    capability = Capability(revision=1, at=CLOCK.now(), resources=(resource,))
    offer = Offer(
        availability=Availability.AVAILABLE,
        capability=capability,
        valid_until=CLOCK.now() + timedelta(hours=1),
    )
    body = EndDeviceConfig(party="ven", capability=capability)
    request = RequestMessage(header=head("ven", Verb.CREATE, Noun.CONFIG), body=body)
    vtn = Jid(f"vtn-{domain}@{HOST}", "vtn")
    async with asyncio.timeout(30):
        while not await _is_taken(stream, vtn, encode(request)):  # noqa: ASYNC110 no event
            await asyncio.sleep(0.1)
    stream.show_presence("", "by hand", (encode_presence(offer),))
    return stream


async def _is_taken(stream: Stream, vtn: Jid, payload: bytes) -> bool:
    """Ask; a VTN that is still starting refuses."""
    try:
        await stream.request(vtn, payload, is_query=False, timeout=5)
    except TransportError:
        return False
    return True
