"""A VEN, driven by hand."""

from xmpp_cem.core.effects import (
    Note,
)
from xmpp_cem.core.inputs import (
    ItemReceived,
    Link,
    LinkChanged,
    ReplyArrived,
    Started,
)
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.messages.envelope import (
    EventMessage,
    Header,
    Noun,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    at,
    of_kind,
    plain_digest,
    transactions_in,
)

VTN = Jid(f"vtn@{HOST}", "vtn")
SERVICE = Jid(f"pubsub.{HOST}")
READING = Reading(resource="r", window=Interval(start=at(0), end=at(10)), power_w=1000)


def resource(decrease_w=3000, state=ResourceState.AVAILABLE):
    return Resource(id="r", kind="test", state=state, power_w=5000, decrease_w=decrease_w)


class Home:
    """A VEN, driven by hand, whose VTN confirms what it is told to."""

    def __init__(self, **settings):
        self.ven = Ven(VenSettings("site", "grid", VTN, plain_digest, **settings))
        self.requests = []

    def tell(self, what, seconds=0.0):
        return self.keep(self.ven.handle(what, at(seconds)))

    def can(self, decrease_w, seconds, **changes):
        return self.keep(self.ven.update((resource(decrease_w, **changes),), at(seconds)))

    def keep(self, effects):
        self.requests += transactions_in(effects)
        return effects

    @property
    def record(self):
        return self.ven.state.record

    @property
    def registrations(self):
        return [m for m in self.requests if m.header.noun is Noun.CONFIG]

    def begin(self):
        self.tell(Started(), -30)
        self.can(3000, -30)
        self.tell(LinkChanged(Link.UPPER, is_up=True), -20)
        self.confirm(self.registrations[-1], -19)
        return self

    def confirm(self, asked, seconds, **changes):
        values = {
            "domain": "grid",
            "service": str(SERVICE),
            "events": ("n",),
            "reports": "r",
            "uplink": "transaction",
            "watchers": ("op@x.example",),
            "report_every_s": 15,
            "confirmed": asked.body.capability.revision,
        }
        body = EndDeviceConfig(party="site", admission=Admission(**values | changes))
        header = asked.header.model_copy(update={"verb": Verb.REPLY, "timestamp": at(seconds)})
        reply = ResponseMessage(header=header, result=Result.OK, body=body)
        return self.tell(ReplyArrived(Link.UPPER, asked, reply), seconds)

    def item(self, body, sender=SERVICE, node="n"):
        header = Header(
            verb=Verb.CHANGED,
            noun=Noun(body.noun),
            message_id=derived_id(body),
            timestamp=at(0),
            source="vtn",
        )
        message = EventMessage(header=header, body=body)
        return ItemReceived(Link.UPPER, sender, node, f"{body.noun}", message)


def index(*events, domain="grid"):
    entries = tuple(IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in events)
    return EventIndex(domain=domain, epoch=1, version=1, at=at(0), heartbeat_s=60, entries=entries)


def controls(*events):
    return EndDeviceControls(events=events)


def notes(effects):
    return [note.what for note in of_kind(effects, Note)]
