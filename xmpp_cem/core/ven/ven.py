"""A VEN in one domain: registration, events and answers, capability and reports."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from xmpp_cem.core.capability import Pace, offer_of
from xmpp_cem.core.commitments import kept
from xmpp_cem.core.effects import (
    Admit,
    Effect,
    Note,
    ShowPresence,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    CaughtUp,
    Decided,
    Input,
    ItemReceived,
    Link,
    LinkChanged,
    PresenceChanged,
    QueryAnswered,
    ReplyArrived,
    RequestArrived,
    Started,
    TimerFired,
    TransactionFailed,
)
from xmpp_cem.core.kept import Confirmations, Confirmed, Report
from xmpp_cem.core.programmes.agreed import Agreed, Called
from xmpp_cem.core.readings.pages import split
from xmpp_cem.core.records import Commitment, Record, VenRecord
from xmpp_cem.core.ven.catchup import (
    INDEX_TIMER,
    catch_up,
    catch_up_again,
    expect_index,
    see_again,
)
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.foretelling import tell_opts
from xmpp_cem.core.ven.ownevents import OWN_TIMER, OwnEvents
from xmpp_cem.core.ven.readingbook import ReadingBook
from xmpp_cem.core.ven.rejudging import rejudged
from xmpp_cem.core.ven.venitems import VenItems
from xmpp_cem.core.ven.venrequests import VenRequests
from xmpp_cem.core.ven.venstate import VenSettings, VenState, is_address
from xmpp_cem.core.ven.vtnwatch import VtnWatch, not_taken
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    FaultMessage,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import Status
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability, Resource


class Ven:
    """One party's life as a VEN; the answers to events come from outside as `Decided`."""

    def __init__(self, settings: VenSettings) -> None:
        self.state = VenState(settings)
        self.book = EventBook(self.state)
        self.readings = ReadingBook(self.state)
        self._requests = VenRequests(self.state, self.book, self.readings, self.register)
        self._members: tuple[int, int] = (0, 0)
        self._pace = Pace(settings.min_change_w, settings.min_change_every)
        self._watch = VtnWatch(settings.vtn)
        self._items = VenItems(self.state, self.book, self._watch)
        self._own = OwnEvents(self.state, self.book)

    @property
    def settings(self) -> VenSettings:
        """What we are configured with."""
        return self.state.settings

    @property
    def service(self) -> Jid | None:
        """The domain's pubsub service, told by the VTN."""
        told = self.state.record.admission
        return Jid.parse(told.service) if told else None

    @property
    def vtn_silent_since(self) -> datetime | None:
        """When the VTN was last heard, once that is too long ago; None as long as it is heard."""
        return self._watch.silent_since

    @property
    def patience(self) -> timedelta:
        """How long a VTN may say nothing before it counts as silent, by its heartbeat."""
        return self._watch.patience

    @property
    def report_every(self) -> timedelta:
        """Length of a reporting window, told by the VTN; 10 s until it is known."""
        admission = self.state.record.admission
        return timedelta(seconds=admission.report_every_s if admission else 10)

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart."""
        if isinstance(record, VenRecord):
            self.state.record = record
        elif isinstance(record, Confirmations):
            self.state.confirmed = record.confirmed
        elif isinstance(record, Report):
            self.readings.restore(record)
        elif isinstance(record, Commitment):
            self.book.restore(record)
        elif isinstance(record, Agreed | Called):
            self.state.rules.restore(record)

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to, and show whether the VTN is heard."""
        before = self._watch.silent_since
        effects = [*self._watch.notice(what, now), *self._handle(what, now)]
        effects += see_again(self.state, now)
        if self._watch.silent_since != before and self.state.capability and self.state.is_up:
            effects.append(self._presence(now))
        return effects

    def _handle(  # noqa: C901, PLR0911, PLR0912 one case per input
        self, what: Input, now: datetime
    ) -> list[Effect]:
        match what:
            case Started():
                begun = [self.state.start(now), self._watch.begin(now), *self.book.resume(now)]
                return begun + rejudged(self.state, self.book, now)
            case LinkChanged(is_up=is_up):
                self.state.is_up = is_up
                return self._connected(now) if is_up else []
            case CaughtUp():
                return self._items.caught_up(what, now)
            case ItemReceived():
                return self._items.take(what, now)
            case RequestArrived():
                return self._requests.handle(what, now)
            case QueryAnswered(request=asked, reply=reply):
                return self._told(asked, reply, now)
            case ReplyArrived(request=request, reply=reply):
                return self._reply(request, reply, now)
            case TransactionFailed():
                return not_taken(what)
            case Decided():
                return self.book.decided(what, now)
            case TimerFired(key=key) if key == INDEX_TIMER:
                told = self.state.record.admission if self.state.is_up else None
                return catch_up_again(told, self._watch.heartbeat_s, now)
            case TimerFired(key=key) if key == OWN_TIMER:
                return [self._own.ask(now)] if self.state.is_up else []
            case TimerFired(key=key):
                return self.book.fire(key.removeprefix("ven/"), now)
            case PresenceChanged(sender=sender, leadership=leadership):
                is_ours = sender == self.settings.vtn
                return self._led(leadership, now) if leadership and is_ours else []
            case _:
                return []

    def update(
        self,
        resources: tuple[Resource, ...],
        now: datetime,
        members: tuple[int, int] = (0, 0),
    ) -> list[Effect]:
        """Tell what our resources can do, when that has changed enough.

        `members` is, for a gateway, how many stand behind it and how many of them are reachable.
        """
        known = self.state.capability
        if known and members == self._members and not self._pace.lets(known, resources, now):
            return []
        self._members = members
        effects: list[Effect] = [self.state.can(resources, now), self._presence(now)]
        if self.state.is_up:
            verb = Verb.CREATE if known is None else Verb.CHANGE
            effects += self.register(verb, now)
        return effects

    def report(self, readings: tuple[Reading, ...], now: datetime) -> list[Effect]:
        """Send readings up by the domain's uplink (figure 18, or a transaction), and keep them."""
        effects: list[Effect] = []
        for part in split(readings):
            sent = self.state.uplink(Noun.READINGS, MeterReadings(readings=part), now)
            effects += [*sent, *(self.readings.keep(part, now) if sent else [])]
        return effects

    def told(self) -> Iterator[Reading]:
        """Yield what was reported before and is kept, also from before a restart."""
        return self.readings.told()

    def report_early(self, readings: tuple[Reading, ...], now: datetime) -> list[Effect]:
        """Send what is known of a window before it ends; its own readings follow, and are kept."""
        parts = split(readings)
        told = (self.state.uplink(Noun.READINGS, MeterReadings(readings=p), now) for p in parts)
        return [effect for each in told for effect in each]

    def tell(self, status: Status, now: datetime, *more: Status) -> list[Effect]:
        """Send status events up by the domain's uplink, in one message."""
        return [*self.state.report((status, *more), now)]

    def _connected(self, now: datetime) -> list[Effect]:
        admission = self.state.record.admission
        effects: list[Effect] = [
            *([self._admit(admission)] if admission else []),
            WatchPresence(Link.UPPER, Jid(self.state.settings.vtn.bare)),
        ]
        if self.state.capability:
            effects += [self._presence(now), *self.register(Verb.CREATE, now)]
        return [*effects, *catch_up(admission), expect_index(self._watch.heartbeat_s, now)]

    def _led(self, leadership: Leadership, now: datetime) -> list[Effect]:
        """Register anew with a VTN that has begun a new epoch: it may have lost its store."""
        notes, is_another = self._watch.led(leadership)
        is_due = is_another and self.state.capability is not None
        return notes + (self.register(Verb.CREATE, now) if is_due else [])

    def _admit(self, admission: Admission) -> Admit:
        vtn = self.state.settings.vtn.bare
        return Admit(Link.UPPER, frozenset({vtn, *admission.watchers}))

    def register(self, verb: Verb, now: datetime) -> list[Effect]:
        """Tell our VTN what we can do; a `create` also what our customer says."""
        told, party = self.state.rules.told_by_us(verb), self.settings.party
        body = EndDeviceConfig(party=party, capability=self.state.capability, **told)
        expires = now + timedelta(minutes=5)
        sent = self.state.request(verb, Noun.CONFIG, body, now, expires)
        return [*sent, *(tell_opts(self.state, now) if verb is Verb.CREATE else [])]

    def _presence(self, now: datetime) -> ShowPresence:
        sequence, since = self.state.record.sequence, self._watch.silent_since
        offer = offer_of(self.state.capability, sequence, self._members, now)
        note = f"VTN silent since {since:%H:%M:%S} UTC" if since else ""
        return ShowPresence(Link.UPPER, offer, note)

    def _reply(
        self, request: RequestMessage, reply: ResponseMessage | FaultMessage, now: datetime
    ) -> list[Effect]:
        if reply.result is Result.FAILED:
            why = "; ".join(f"{error.code} {error.reason}" for error in reply.errors)
            note = Note("warning", "the VTN refused a message", (("why", why),))
            return [note, *self.book.refused(request.body, now)]
        if not isinstance(reply, ResponseMessage) or not isinstance(reply.body, EndDeviceConfig):
            return []
        admission, asked = reply.body.admission, request.body
        if admission is None or not isinstance(asked, EndDeviceConfig):
            return []
        if not is_address(admission.service):
            return [Note("warning", "admission without a pubsub service refused")]
        effects = self._admitted(admission, asked.capability, reply.header.timestamp)
        if agreed := self.state.rules.told(reply.body, request.header.verb):
            effects += [*agreed, *rejudged(self.state, self.book, now)]
        if request.header.verb is Verb.CREATE:
            effects.append(self._own.ask(now))
        return effects

    def _told(
        self, asked: RequestMessage, reply: ResponseMessage | FaultMessage, now: datetime
    ) -> list[Effect]:
        """Take the live events that our VTN has answered with."""
        if not isinstance(reply, ResponseMessage) or not isinstance(reply.body, EndDeviceControls):
            return []
        taken = self._items.take_events(reply.body, reply.header, now)
        return [*taken, *self._own.told(asked, reply.errors, now)]

    def _admitted(
        self, admission: Admission, capability: Capability | None, at: datetime
    ) -> list[Effect]:
        record = self.state.record
        is_moved = record.admission is None or record.admission.events != admission.events
        effects: list[Effect] = [self.state.save(admission=admission)]
        if capability and admission.confirmed == capability.revision:
            live = (commitment.event for commitment in self.book.live())
            newest = Confirmed(capability=capability, at=at)
            effects.append(self.state.confirm(kept((*self.state.confirmed, newest), live)))
        effects.append(self._admit(admission))
        return effects + (catch_up(admission) if is_moved else [])
