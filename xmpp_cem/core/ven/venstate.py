"""What the parts of a VEN share: settings, the record that survives, the writer of headers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.core.capability import MOST_FORECAST, MOST_FORECAST_REPORTED, reportable, thinned
from xmpp_cem.core.effects import Publish, Remember, Respond, Transact
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.kept import Confirmations, Confirmed
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.records import Commitment, VenRecord
from xmpp_cem.core.timeline.responding import Responses
from xmpp_cem.core.ven.ownrules import OwnRules
from xmpp_cem.core.ven.stages import told
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    EventMessage,
    Noun,
    ReplyError,
    RequestMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import DomainId, Jid, PartyId, ResourceId
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.position import Position
from xmpp_cem.model.programme import Enrolment
from xmpp_cem.model.resource import Capability, Failsafe, Resource
from xmpp_cem.model.schedule import OptSchedule

_STATUS_LIFE = timedelta(hours=1)
_LEAST_READINGS_LIFE = timedelta(seconds=10)
_WINDOWS_LIVE = 3
_SKEW = timedelta(seconds=60)
"""By so much clocks may differ."""
_FLOOR_EVERY = timedelta(minutes=10)
"""The time floor is kept no more often: a disk must not be worn by heartbeats."""
"""So many windows long readings are sent again; the VTN asks for what it missed by then."""

Sending = list[Remember | Transact | Publish]


@dataclass(frozen=True)
class VenSettings:
    """What a VEN is configured with.

    Args:
        party: who we are.
        domain: the domain we belong to.
        vtn: full address of its VTN.
        digest: content digest of an event, as the index lists it.
        follows: kinds of signals that this party can follow.
        seed: random text, kept from the first start on, so that randomised starts differ.
        boot: names this start of the machine, so that a power cut is told from a restart.
        min_change_w, min_change_every: a new capability revision is sent when flexibility has
            changed by at least this much, and no more often.
        report_change_w, report_change_every: a power that has changed by at least this much, W, is
            told before its window ends, and no more often; None: by the schedule alone.
        reports, reports_for: how many reports are kept for a VTN that missed them, and how long.
        reported_for: so long they are kept even when the VTN has them: it may lose its own store.
        responses: how its resources respond to prices and levels.
        has_members: whether members are asked, who answer what it does.
        failsafe: what this party keeps by itself without its VTN.
        is_silence_yes: what it means that nobody decides by the deadline of an event without a
            programme.
        enrolments: in which programmes our customer takes part, with its word on each.
        schedules: when we answer in our owner's name.
        tells_rules: whether both can be said in the domain's payload profile, and prices of offers.
        statuses: what that profile can say of how events go; readings and answers show the rest.
    """

    party: PartyId
    domain: DomainId
    vtn: Jid
    digest: Callable[[Event], str]
    follows: frozenset[str] = frozenset({"delta", "multiplier"})
    seed: str = ""
    boot: str = ""
    min_change_w: int = 200
    min_change_every: timedelta = timedelta(seconds=10)
    report_change_w: int | None = None
    report_change_every: timedelta = timedelta(seconds=2)
    reports: int = 5000
    reports_for: timedelta = timedelta(hours=24)
    reported_for: timedelta = timedelta(hours=1)
    responses: Responses = field(default_factory=dict)
    has_members: bool = False
    failsafe: Failsafe | None = None
    is_silence_yes: bool = False
    enrolments: tuple[Enrolment, ...] = ()
    schedules: tuple[OptSchedule, ...] = ()
    tells_rules: bool = True
    statuses: frozenset[StatusType] = frozenset(StatusType)


class VenState:
    """The record, its sequence numbers and the requests made from it.

    `capability` is what our resources can do now, None until they have been read, `confirmed` the
    last few that our VTN has confirmed, newest last, and
    `override_ends` when their owner's overrides end by themselves, as far as that is known.
    `is_blind`: an event could not be judged, as the clock was wrong.
    """

    def __init__(self, settings: VenSettings) -> None:
        self.settings = settings
        self.letters = Letters(settings.party, settings.domain)
        self.record = VenRecord()
        self.rules = OwnRules(settings.enrolments, settings.schedules, is_told=settings.tells_rules)
        self.confirmed: tuple[Confirmed, ...] = ()
        self.capability: Capability | None = None
        self.override_ends: Mapping[ResourceId, datetime | None] = {}
        self.is_up = False
        self.index_made: datetime | None = None
        self.is_blind = False

    def start(self, now: datetime) -> Remember:
        """Begin a new epoch, higher than any before, also after the store was replaced."""
        remember = self.save(
            epoch=max(self.record.epoch + 1, int(now.timestamp())),
            sequence=0,
            seed=self.record.seed or self.settings.seed,
            boot=self.settings.boot,
        )
        self.letters.epoch = self.record.epoch
        return remember

    def can(self, resources: tuple[Resource, ...], now: datetime) -> Remember:
        """Make this what our resources can do, as a new revision.

        What the domain's profile cannot say is left out, so that both sides reckon alike.
        """
        windows = MOST_FORECAST
        if not self.settings.tells_rules:
            windows = MOST_FORECAST_REPORTED
            resources = tuple(map(reportable, resources))
        remember = self.save(revision=self.record.revision + 1)
        self.capability = Capability(
            revision=self.record.revision,
            at=now,
            resources=thinned(resources, windows),
            failsafe=self.settings.failsafe,
        )
        return remember

    @property
    def can_register(self) -> bool:
        """Whether there is something to tell our VTN, and a way to it; else it is told later."""
        return self.is_up and self.capability is not None

    @property
    def position(self) -> Position:
        """The last position that we have given to a message."""
        return Position(self.record.epoch, self.record.sequence)

    def save(self, **changes: object) -> Remember:
        """Change the record; the effect keeps it."""
        self.record = self.record.model_copy(update=changes)
        return Remember(self.record)

    def confirm(self, confirmed: tuple[Confirmed, ...]) -> Remember:
        """Make these the confirmed capabilities; the effect keeps them."""
        self.confirmed = confirmed
        return Remember(Confirmations(confirmed=confirmed))

    def passed(self, made: datetime, now: datetime) -> list[Remember]:
        """Keep, now and then, a time that the VTN has told and with which our clock agrees."""
        known, passed = self.record.floor, min(made, now)
        is_other = abs(now - made) > _SKEW or not self.is_clock_good(now)
        if is_other or (known is not None and passed < known + _FLOOR_EVERY):
            return []
        return [self.save(floor=passed)]

    def is_clock_good(self, now: datetime) -> bool:
        """Whether the clock is not below a time that has passed, but for what clocks may differ."""
        return self.record.floor is None or now >= self.record.floor - _SKEW

    def ok(self, what: RequestArrived, now: datetime, body: Body | None = None) -> Respond:
        """Return the effect that answers OK."""
        return Respond(Link.UPPER, what.token, self.letters.reply(what.message, now, body))

    def taken(self, what: RequestArrived, errors: tuple[ReplyError, ...], now: datetime) -> Respond:
        """Return the effect that answers events of a transaction by what was refused of them."""
        body = what.message.body
        count = len((*body.events, *body.unread)) if isinstance(body, EndDeviceControls) else 0
        result = Result.OK
        if errors:
            result = Result.FAILED if len(errors) == count else Result.PARTIAL
        reply = self.letters.reply(what.message, now, result=result, errors=errors)
        return Respond(Link.UPPER, what.token, reply)

    def request(
        self,
        verb: Verb,
        noun: Noun,
        body: Body | None,
        now: datetime,
        expires: datetime,
        ids: tuple[str, ...] = (),
    ) -> Sending:
        """Return the effects that send a transaction to our VTN with the next sequence number."""
        remember = self.save(sequence=self.record.sequence + 1)
        header = self.letters.header(verb, noun, now, self.record.sequence).model_copy(
            update={
                "expires": expires,
                "epoch": self.record.epoch,
                "sequence": self.record.sequence,
            }
        )
        message = RequestMessage(header=header, body=body, ids=ids)
        return [remember, Transact(Link.UPPER, self.settings.vtn, message, expires)]

    def tell(self, commitment: Commitment, stage: StatusType, why: str, now: datetime) -> Sending:
        """Return the effects that tell how far an event has come here."""
        status = told(commitment, stage, self.settings.party, now, why)
        return self.report((status,), now)

    def report(self, statuses: Iterable[Status], now: datetime) -> Sending:
        """Return the effects that tell, in one message, what the domain's profile can say."""
        sayable = tuple(self.sayable(statuses))
        return self.uplink(Noun.EVENTS, EndDeviceEvents(statuses=sayable), now) if sayable else []

    def sayable(self, statuses: Iterable[Status]) -> Iterable[Status]:
        """Return the statuses that the domain's profile can say."""
        return (status for status in statuses if status.type in self.settings.statuses)

    def uplink(self, noun: Noun, body: MeterReadings | EndDeviceEvents, now: datetime) -> Sending:
        """Return the effects that report by the domain's uplink; none before the admission."""
        admission = self.record.admission
        if admission is None:
            return []
        life = _STATUS_LIFE
        if noun is Noun.READINGS:
            windows = _WINDOWS_LIVE * timedelta(seconds=admission.report_every_s)
            life = max(windows, _LEAST_READINGS_LIFE)
        expires = now + life
        if admission.uplink is Uplink.TRANSACTION:
            return self.request(Verb.CREATE, noun, body, now, expires)
        remember = self.save(sequence=self.record.sequence + 1)
        header = self.letters.header(Verb.CREATED, noun, now, self.record.sequence).model_copy(
            update={"epoch": self.record.epoch, "sequence": self.record.sequence}
        )
        message = EventMessage(header=header, body=body)
        publish = Publish(Link.UPPER, admission.reports, header.message_id, message, expires)
        return [remember, publish]


def is_address(text: str) -> bool:
    """Whether a peer's text is an XMPP address."""
    try:
        Jid.parse(text)
    except ValueError:
        return False
    return True
