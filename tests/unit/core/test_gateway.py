from datetime import timedelta
from decimal import Decimal

import pytest

from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.effects import AskDecision, Note, Query, Remember, ShowPresence
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import (
    CaughtUp,
    ItemReceived,
    Link,
    LinkChanged,
    NodesVerified,
    QueryAnswered,
    QueryFailed,
    ReplyArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.life.life import State
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
from xmpp_cem.messages.events import EndDeviceEvents, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Change, EventStatus, Mode
from xmpp_cem.model.ids import Jid, derived_id, lower_event_id
from xmpp_cem.model.quantity import LARGEST_W
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import ChargeState, Delta, Direction, Level, Limit, Price
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    events_in,
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
        admission = Admission(
            domain="upper",
            service=str(SERVICE),
            events=("n",),
            reports="r",
            uplink="transaction",
            report_every_s=10,
            confirmed=request.body.capability.revision,
        )
        header = request.header.model_copy(update={"verb": Verb.REPLY, "timestamp": at(seconds)})
        body = EndDeviceConfig(party="gw", admission=admission)
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


@pytest.fixture
def cascade():
    made = Cascade()
    made.up()
    return made


def test_an_upper_event_leads_to_one_lower_event_with_the_derived_id(cascade):
    (lower,) = events_in(cascade.ask())
    assert lower.id == LOWER_ID
    assert cascade.dispatch.target_w == -3000
    assert lower.answer_by == UPPER_EVENT.answer_by - timedelta(seconds=2)
    assert events_in(cascade.ask(seconds=1)) == []


@pytest.mark.parametrize("mode", Mode)
def test_members_are_told_mode_and_spread_and_the_gateway_puts_nothing_off_itself(cascade, mode):
    spread = {"randomise_s": 600, "ramp_s": 60, "recovery_s": 300, "priority": 7}
    cascade.ask(make_event(signal=share_of("0.5"), mode=mode, **spread))
    lower = cascade.dispatch.event
    assert lower.model_dump(include=set(spread)) == spread
    assert (lower.mode, lower.active) == (mode, UPPER_EVENT.active)
    for seconds in (10, 20, 21):
        cascade.tell(TimerFired("cascade/tick"), seconds)
    commitment = cascade.gateway.ven.book.commitments[UPPER_EVENT.id]
    assert commitment.offsets is None


def test_nobody_is_asked_for_a_decision_in_a_gateway(cascade):
    assert of_kind(cascade.ask(), AskDecision) == []


def test_it_answers_above_only_when_the_members_have(cascade):
    cascade.ask()
    cascade.say("a", -1500)
    assert cascade.answers == []
    cascade.say("b", -1500)
    assert [(a.opt, a.power_w) for a in cascade.answers] == [(Opt.IN, -3000)]


def test_what_members_cannot_do_is_answered_as_a_part(cascade):
    cascade.ask()
    cascade.say("a", -500)
    cascade.say("b", 0)
    assert cascade.answers[-1].power_w == -500


def test_when_all_members_say_no_so_does_the_gateway(cascade):
    cascade.ask()
    cascade.say("a", 0)
    cascade.say("b", 0)
    assert cascade.answers[-1].opt is Opt.OUT


def test_after_a_silence_that_was_a_no_the_members_late_yes_is_told_while_the_event_lasts(cascade):
    cascade.ask()
    cascade.tell(LinkChanged(Link.LOWER, is_up=False), 5)
    cascade.tell(TimerFired(f"ven/{UPPER_EVENT.id}"), 10)
    assert [(a.opt, a.power_w) for a in cascade.answers] == [(Opt.OUT, 0)]
    cascade.tell(LinkChanged(Link.LOWER, is_up=True), 30)
    for member in ("a", "b"):
        cascade.presence(member, seconds=31)
        cascade.say(member, -1500, seconds=32)
    cascade.tell(TimerFired("cascade/tick"), 45)
    assert cascade.answers[-1].opt is Opt.IN
    known = cascade.gateway.ven.book.commitments[UPPER_EVENT.id]
    assert known.status is State.ACTIVE
    told = len(cascade.answers)
    cascade.tell(TimerFired(f"ven/{UPPER_EVENT.id}"), 80)
    cascade.say("a", 0, sequence=2, seconds=81)
    assert len(cascade.answers) == told


def test_members_that_change_a_no_into_a_yes_change_that_of_the_gateway(cascade):
    cascade.ask()
    for sequence, power_w in ((1, 0), (2, -1500)):
        for member in ("a", "b"):
            cascade.say(member, power_w, sequence)
    opts = [answer.opt for answer in cascade.answers]
    assert (opts[0], opts[-1]) == (Opt.OUT, Opt.IN)


def test_a_version_that_cannot_be_followed_releases_the_members_and_stays_a_no(cascade):
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    cascade.ask(make_event(modification=1, signal=ChargeState(stored_wh=1)), seconds=4)
    assert cascade.dispatch.target_w == 0
    cascade.tell(TimerFired("cascade/tick"), 5)
    assert (cascade.answers[-1].opt, cascade.answers[-1].order.modification) == (Opt.OUT, 1)
    assert "does not follow charge-state signals" in cascade.answers[-1].reason


def test_a_changed_share_above_is_divided_below(cascade):
    cascade.ask()
    newer = make_event(modification=1, signal=share_of("0.8"))
    cascade.ask(newer, seconds=1)
    assert cascade.dispatch.target_w == -4800
    assert cascade.dispatch.event.order.modification == 1


def test_other_times_above_are_other_times_below(cascade):
    cascade.ask()
    longer = Interval(start=at(20), end=at(200))
    newer = make_event(
        modification=1, signal=share_of("0.5"), active=longer, answer_by=at(15), reason="longer"
    )
    cascade.ask(newer, seconds=1)
    lower = cascade.dispatch.event
    assert (lower.active, lower.answer_by, lower.reason) == (longer, at(13), "longer")
    assert lower.order.modification == 1
    cascade.tell(TimerFired("cascade/tick"), 14)
    assert cascade.dispatch.event == lower


def test_a_share_of_nothing_above_releases_the_members_below(cascade):
    cascade.ask()
    cascade.ask(make_event(modification=1, signal=share_of("0")), seconds=1)
    assert cascade.dispatch.target_w == 0
    assert cascade.dispatch.event.signal.multiplier == 0
    cascade.ask(make_event(modification=2, signal=share_of("0.8")), seconds=2)
    assert cascade.dispatch.target_w == -4800


def test_the_opposite_within_the_same_event_is_refused_and_releases_the_members(cascade):
    cascade.ask(make_event(signal=Delta(power_w=-3000)))
    cascade.ask(make_event(modification=1, signal=Delta(power_w=3000)), seconds=1)
    assert cascade.dispatch.event.is_cancelled
    assert cascade.answers[-1].opt is Opt.OUT
    assert "opposite" in cascade.answers[-1].reason


def test_a_cancel_above_is_a_cancel_below(cascade):
    cascade.ask()
    cancelled = make_event(modification=1, signal=share_of("0.5"), status=EventStatus.CANCELLED)
    cascade.ask(cancelled, seconds=1)
    assert cascade.dispatch.event.is_cancelled


def test_absence_from_a_newer_index_cascades_too(cascade):
    cascade.ask()
    cascade.publish(index(version=3, made=2), "index", 2)
    assert cascade.dispatch.event.is_cancelled


def test_an_event_that_has_passed_here_is_refused(cascade):
    cascade.ask()
    token = cascade.dispatch.path[-1]
    looped = make_event(7, signal=share_of("0.5"))
    effects = cascade.ask(looped, seconds=1, path=(token,), hop=1)
    assert cascade.answers[-1].event == looped.id
    assert cascade.answers[-1].opt is Opt.OUT
    (alarm,) = [note for note in of_kind(effects, Note) if note.level == "error"]
    assert alarm.what == "an event goes in a circle"


def test_a_domain_above_that_is_below_too_is_shown_nothing_from_then_on(cascade):
    cascade.ask()
    looped = make_event(7, signal=share_of("0.5"))
    effects = cascade.ask(looped, seconds=1, path=(cascade.dispatch.path[-1],), hop=1)
    offer = of_kind(effects, ShowPresence)[-1].value
    assert (offer.availability, offer.members) == (Availability.OUT_OF_SERVICE, 0)
    assert offer.capability.decrease_w == 0
    assert any("is below us too" in each.what for each in cascade.gateway.concerns(at(2)))


def test_an_event_from_too_far_up_is_refused(cascade):
    cascade.ask(make_event(8, signal=share_of("0.5")), hop=8)
    assert cascade.answers[-1].reason == "too many levels"


def test_a_lost_member_shows_above_as_less(cascade):
    cascade.presence("b", Availability.UNREACHABLE, seconds=5)
    offered = [m.body.capability for m in cascade.sent if m.header.noun is Noun.CONFIG][-1]
    assert offered.decrease_w == 3000


def test_restored_records_lead_to_the_same_lower_event_and_no_second_answer(cascade):
    kept = {}
    original = cascade.gateway.handle

    def remembering(what, now):
        effects = original(what, now)
        for effect in of_kind(effects, Remember):
            kept[effect.record.kind, effect.record.key] = effect.record
        return effects

    cascade.gateway.handle = remembering
    cascade.ask()
    cascade.say("a", -1500)
    cascade.say("b", -1500)
    again = Cascade()
    for record in kept.values():
        again.gateway.restore(record)
    before = cascade.dispatch.event
    again.tell(Started(), 10)
    again.tell(CaughtUp(Link.UPPER, "n", ()), 11)
    assert again.dispatch.event == before
    assert again.answers == []


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


@pytest.fixture
def reporting(cascade):
    """A gateway whose members have told their first window, up to position 1."""
    for member in ("a", "b"):
        measured(cascade, member, 1, 0, seconds=10)
    for member in ("a", "b"):
        asked = cascade.tell(TimerFired(f"vtn/ask/{member}"), 12)
        answered(cascade, asked, member, 1, seconds=12)
    assert told(cascade, 13) == [(2000, 2)]
    return cascade


def test_a_sum_waits_while_a_member_is_asked_for_what_is_missing(reporting):
    measured(reporting, "a", 2, 1, seconds=20)
    measured(reporting, "b", 3, 2, seconds=30)
    assert told(reporting, 31) == []
    asked = reporting.tell(TimerFired("vtn/ask/b"), 32)
    assert told(reporting, 33) == []
    answered(reporting, asked, "b", 3, 1, seconds=33)
    assert told(reporting, 34) == [(2000, 2)]


def test_a_sum_does_not_wait_for_a_member_that_does_not_answer(reporting):
    measured(reporting, "a", 2, 1, seconds=20)
    measured(reporting, "b", 3, 2, seconds=30)
    (query,) = of_kind(reporting.tell(TimerFired("vtn/ask/b"), 32), Query)
    reporting.tell(QueryFailed(Link.LOWER, query.message, "remote-server-timeout", ""), 42)
    assert told(reporting, 43)[0] == (2000, 1)


def test_a_gateway_that_has_just_begun_waits_for_what_members_kept(cascade):
    measured(cascade, "a", 1, -2, seconds=-9)
    answered(cascade, cascade.tell(TimerFired("vtn/ask/a"), -7), "a", 1, seconds=-7)
    assert told(cascade, -6) == []
    assert told(cascade, 5) == []
    cascade.presence("b", Availability.UNREACHABLE, 6)
    assert told(cascade, 7) == [(1000, 1)]


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


@pytest.mark.parametrize("signal", [PRICE, Level(level=2)])
def test_a_price_or_level_cascades_unchanged_and_the_answer_waits_for_the_members(cascade, signal):
    cascade.ask(make_event(signal=signal))
    assert cascade.dispatch.event.signal == signal
    assert not cascade.dispatch.is_individual
    assert cascade.answers == []
    answer_share(cascade, "a", power_w=-700)
    assert cascade.answers == []
    answer_share(cascade, "b", Opt.OUT)
    assert [(a.opt, a.power_w) for a in cascade.answers] == [(Opt.IN, -700)]


def test_a_price_that_no_member_responds_to_is_a_no(cascade):
    cascade.ask(make_event(signal=PRICE))
    answer_share(cascade, "a", Opt.OUT)
    answer_share(cascade, "b", Opt.OUT)
    assert [a.opt for a in cascade.answers] == [Opt.OUT]


def test_a_limit_cascades_as_limits_of_the_members_and_is_promised_once_they_have_confirmed(
    cascade,
):
    cascade.ask(limit_event(4000))
    assert told_below(cascade) == {"a": 2000, "b": 2000}
    answer_share(cascade, "a")
    assert cascade.answers == []
    answer_share(cascade, "b")
    assert [a.opt for a in cascade.answers] == [Opt.IN]


def test_a_limit_that_the_members_do_not_keep_is_no_promise(cascade):
    cascade.ask(limit_event(4000))
    answer_share(cascade, "a", Opt.OUT)
    answer_share(cascade, "b")
    assert [a.opt for a in cascade.answers] == [Opt.OUT]
    assert "may be exceeded by 1.0 kW" in cascade.answers[0].reason


def test_a_mandatory_limit_waits_for_the_members_too_and_what_cannot_be_kept_is_an_alarm(cascade):
    cascade.ask(limit_event(4000, is_mandatory=True))
    assert cascade.answers == []
    answer_share(cascade, "a", Opt.OUT)
    answer_share(cascade, "b")
    assert [a.opt for a in cascade.answers] == [Opt.IN]
    bodies = [m.body for m in cascade.sent if isinstance(m.body, EndDeviceEvents)]
    alarms = [s for b in bodies for s in b.statuses if s.type is not StatusType.RECEIVED]
    assert [(s.type, s.event) for s in alarms] == [(StatusType.FAILED, UPPER_EVENT.id)]
    assert "may be exceeded" in alarms[0].reason


def test_a_changing_change_of_power_cascades_in_proportion(cascade):
    changes = (Change(start=at(40), signal=share_of("0.25")),)
    cascade.ask(make_event(signal=share_of("0.5"), changes=changes))
    assert cascade.dispatch.signal == Delta(power_w=-3000)
    assert [c.signal for c in cascade.dispatch.changes] == [Delta(power_w=-1500)]
    event = cascade.dispatch.event
    assert event.changes[0].signal.multiplier == event.signal.multiplier / 2


def test_a_sum_that_leaves_its_dead_band_is_told_above_before_its_window_ends():
    cascade = Cascade(report_change_w=500)
    cascade.up()

    def told(seconds):
        sent = transactions_in(cascade.tell(TimerFired("cascade/tick"), seconds))
        return [r for m in sent if m.header.noun is Noun.READINGS for r in m.body.readings]

    def reports(member, power_w, seconds, **more):
        start = -10 if not more else seconds // 10 * 10
        window = Interval(start=at(start), end=at(start + 10))
        reading = Reading(resource="r", window=window, power_w=power_w, **more)
        message = request(Verb.CREATE, Noun.READINGS, member, MeterReadings(readings=(reading,)))
        stamped = message.model_copy(
            update={"header": message.header.model_copy(update={"timestamp": at(seconds)})}
        )
        cascade.tell(arrived(stamped, member), seconds)

    for member in ("a", "b"):
        reports(member, 5000, 1)
    (scheduled,) = told(2)
    assert (scheduled.power_w, scheduled.quality) == (10_000, Quality.VALID)
    reports("a", 4600, 5, instant_w=4600, quality=Quality.ESTIMATED)
    assert told(5) == []
    reports("b", 4800, 6, instant_w=4800, quality=Quality.ESTIMATED)
    (early,) = told(6)
    assert (early.instant_w, early.quality, early.window) == (
        9400,
        Quality.ESTIMATED,
        Interval(start=at(0), end=at(10)),
    )
    assert (early.expected, early.reporting, early.estimated_share_permille) == (2, 2, 0)
    assert told(9) == []
    cascade.presence("b", Availability.UNREACHABLE, 12)
    reports("a", 1000, 13, instant_w=1000, quality=Quality.ESTIMATED)
    (early,) = told(14)
    assert (early.instant_w, early.expected, early.reporting) == (6000, 2, 1)
    assert (early.oldest, early.estimated_share_permille) == (at(0), 834)


def test_members_that_claim_more_than_a_message_can_carry_do_not_stop_a_gateway(cascade):
    claim = Resource(id="r", kind="test", rated_import_w=LARGEST_W, rated_export_w=LARGEST_W)
    for number, member in enumerate(("a", "b")):
        told = Capability(revision=1, at=at(2), resources=(claim,))
        body = EndDeviceConfig(party=member, capability=told)
        cascade.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), 2 + number)
    (shown,) = cascade.gateway.ven.state.capability.resources
    assert shown.rated_import_w == shown.rated_export_w == LARGEST_W
