from datetime import timedelta

import pytest

from xmpp_cem.core.effects import (
    Admit,
    AskDecision,
    CatchUp,
    Ignore,
    Note,
    Publish,
    Query,
    SetTimer,
    ShowPresence,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    CaughtUp,
    Decided,
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
from xmpp_cem.core.life.life import State
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
from xmpp_cem.messages.envelope import (
    EventMessage,
    FaultMessage,
    Header,
    Noun,
    Operation,
    OperationSet,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Leadership
from xmpp_cem.model.event import EventStatus, Order, Targets
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Resource, ResourceState
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    make_event,
    of_kind,
    plain_digest,
    reply_in,
    request,
    share_of,
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


@pytest.fixture
def home():
    return Home().begin()


def index(*events, domain="grid"):
    entries = tuple(IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in events)
    return EventIndex(domain=domain, epoch=1, version=1, at=at(0), heartbeat_s=60, entries=entries)


def controls(*events):
    return EndDeviceControls(events=events)


def notes(effects):
    return [note.what for note in of_kind(effects, Note)]


def test_a_new_connection_watches_the_vtn_shows_itself_and_registers():
    home = Home()
    home.tell(Started(), -30)
    home.can(3000, -30)
    effects = home.tell(LinkChanged(Link.UPPER, is_up=True), -20)
    assert of_kind(effects, WatchPresence)[0].account == Jid(VTN.bare)
    assert of_kind(effects, ShowPresence)[0].value.availability is Availability.AVAILABLE
    (asked,) = transactions_in(effects)
    assert (asked.header.verb, asked.body.capability.decrease_w) == (Verb.CREATE, 3000)
    assert of_kind(effects, CatchUp) == []


def test_without_a_connection_nothing_is_registered():
    home = Home()
    home.tell(Started(), -30)
    assert transactions_in(home.can(3000, -30)) == []


def test_an_admission_tells_where_to_read_and_whom_to_admit():
    home = Home()
    home.tell(Started(), -30)
    home.can(3000, -30)
    home.tell(LinkChanged(Link.UPPER, is_up=True), -20)
    effects = home.confirm(home.registrations[-1], -19)
    assert of_kind(effects, CatchUp) == [CatchUp(Link.UPPER, SERVICE, "n")]
    assert of_kind(effects, Admit)[0].accounts == {VTN.bare, "op@x.example"}
    assert home.ven.service == SERVICE
    assert home.ven.report_every == timedelta(seconds=15)


def test_a_reconnection_catches_up_at_once(home):
    home.tell(LinkChanged(Link.UPPER, is_up=False), 0)
    effects = home.tell(LinkChanged(Link.UPPER, is_up=True), 5)
    assert of_kind(effects, CatchUp) == [CatchUp(Link.UPPER, SERVICE, "n")]


def test_a_confirmed_revision_counts_from_the_vtns_commit(home):
    assert [(c.capability.revision, c.at) for c in home.record.confirmed] == [(1, at(-19))]


def test_a_confirmation_that_comes_after_the_next_change_still_counts(home):
    home.can(2000, 0)
    first = home.registrations[-1]
    home.can(1000, 20)
    home.confirm(first, 21)
    assert [c.capability.decrease_w for c in home.record.confirmed] == [3000, 2000]


def test_only_the_revision_that_the_vtn_names_is_confirmed(home):
    home.can(2000, 0)
    home.confirm(home.registrations[-1], 1, confirmed=1)
    assert [c.capability.decrease_w for c in home.record.confirmed] == [3000]


def test_a_share_is_reckoned_from_what_was_confirmed_before_its_basis(home):
    home.can(1000, 5)
    home.confirm(home.registrations[-1], 6)
    home.tell(home.item(index()))
    event = make_event(signal=share_of("0.5", basis=at(0)))
    effects = home.tell(home.item(controls(event)), 7)
    assert of_kind(effects, AskDecision)[0].power_w == -1500


def test_an_admission_without_a_pubsub_service_is_refused_and_harms_nothing(home):
    effects = home.confirm(home.registrations[-1], 1, service="no address")
    assert notes(effects) == ["admission without a pubsub service refused"]
    assert home.ven.service == SERVICE


def test_small_changes_are_told_neither_soon_nor_ever(home):
    assert home.can(2900, 60) == []
    assert home.can(2000, -29) == []
    assert len(transactions_in(home.can(2000, 60))) == 1


def test_a_change_of_state_is_told_at_once(home):
    effects = home.can(3000, -29, state=ResourceState.OPTED_OUT)
    assert of_kind(effects, ShowPresence)[0].value.availability is Availability.OPTED_OUT
    assert transactions_in(effects)[0].header.verb is Verb.CHANGE


def test_a_vtn_that_begins_a_new_epoch_is_registered_with_again(home):
    def led(epoch, sender=VTN):
        leadership = Leadership(is_active=True, epoch=epoch)
        seen = PresenceChanged(Link.UPPER, sender, is_available=True, leadership=leadership)
        return transactions_in(home.tell(seen, 1))

    assert led(7) == []
    assert led(7) == []
    assert led(9, Jid(f"liar@{HOST}", "vtn")) == []
    assert [m.header.verb for m in led(8)] == [Verb.CREATE]


def test_reports_go_up_as_transactions_or_by_the_write_only_node(home):
    (sent,) = transactions_in(home.ven.report((READING,), at(10)))
    assert (sent.header.verb, sent.header.noun) == (Verb.CREATE, Noun.READINGS)
    home.confirm(home.registrations[-1], 11, uplink="publish")
    (published,) = of_kind(home.ven.report((READING,), at(20)), Publish)
    assert published.node == "r"
    assert published.item_id == published.message.header.message_id
    assert published.message.header.verb is Verb.CREATED


def test_what_is_sent_up_is_counted_and_has_ids_of_its_own(home):
    first, second = (home.ven.report((READING,), at(s)) for s in (10, 20))
    headers = [transactions_in(effects)[0].header for effects in (first, second)]
    assert headers[1].sequence == headers[0].sequence + 1
    assert headers[0].message_id != headers[1].message_id
    assert headers[0].epoch == home.record.epoch


def test_nothing_is_reported_before_admission():
    ven = Ven(VenSettings("site", "grid", VTN, plain_digest))
    status = Status(id=derived_id("s"), type=StatusType.STARTED, at=at(0))
    assert ven.report((READING,), at(0)) == []
    assert ven.tell(status, at(0)) == []


@pytest.mark.parametrize(
    ("sender", "node"),
    [
        (Jid(f"liar@{HOST}"), "n"),
        (Jid(f"pubsub.{HOST}.evil.example"), "n"),
        (SERVICE, "cem/other/events"),
    ],
)
def test_an_item_from_elsewhere_has_no_effect(home, sender, node):
    home.tell(home.item(index()))
    effects = home.tell(home.item(controls(make_event()), sender, node))
    assert [type(effect) for effect in effects] == [Note]
    assert home.ven.book.commitments == {}


def test_an_index_of_another_domain_has_no_effect(home):
    effects = home.tell(home.item(index(make_event(), domain="other")))
    assert notes(effects) == ["unexpected item refused"]
    assert home.record.index == ()


def test_a_missing_heartbeat_makes_it_subscribe_and_fetch_again_until_one_comes(home):
    waiting = of_kind(home.tell(home.item(index()), 0), SetTimer)
    assert SetTimer("ven/index", at(150)) in waiting
    effects = home.tell(TimerFired("ven/index"), 150)
    assert of_kind(effects, CatchUp) == [CatchUp(Link.UPPER, SERVICE, "n")]
    assert of_kind(effects, SetTimer) == [SetTimer("ven/index", at(300))]
    again = home.tell(home.item(index()), 200)
    assert of_kind(again, SetTimer) == [SetTimer("ven/index", at(350))]


def test_a_registered_ven_asks_its_vtn_for_the_live_events_and_takes_the_answer():
    home = Home()
    home.tell(Started(), -30)
    home.can(3000, -30)
    home.tell(LinkChanged(Link.UPPER, is_up=True), -20)
    effects = home.confirm(home.registrations[-1], -19)
    (query,) = of_kind(effects, Query)
    assert (query.to, query.message.header.noun) == (VTN, Noun.CONTROLS)
    header = query.message.header.model_copy(update={"verb": Verb.REPLY})
    event = make_event(signal=share_of("0.5"))
    reply = ResponseMessage(header=header, result=Result.OK, body=controls(event))
    home.tell(home.item(index(event)), 0)
    taken = home.tell(QueryAnswered(Link.UPPER, query.message, reply), 1)
    assert of_kind(taken, AskDecision)[0].event == event
    assert home.tell(QueryAnswered(Link.UPPER, query.message, reply), 2) == []


def test_without_a_connection_no_heartbeat_is_missed(home):
    home.tell(LinkChanged(Link.UPPER, is_up=False), 1)
    assert home.tell(TimerFired("ven/index"), 150) == []


def test_the_index_is_taken_before_the_events_that_came_with_it(home):
    event = make_event()
    items = (home.item(controls(event)), home.item(index(event)))
    items = (items[0], ItemReceived(Link.UPPER, SERVICE, "n", "index", items[1].message))
    effects = home.tell(CaughtUp(Link.UPPER, "n", items))
    assert len(of_kind(effects, AskDecision)) == 1


def test_who_comes_back_learns_why_an_event_was_cancelled_that_the_index_omits(home):
    event = make_event()
    home.tell(home.item(index(event)))
    home.tell(home.item(controls(event)))
    cancel = make_event(modification=1, status=EventStatus.CANCELLED, reason="a storm")
    newer = home.item(index().model_copy(update={"version": 2, "at": at(2)}))
    home.tell(CaughtUp(Link.UPPER, "n", (newer, home.item(controls(cancel)))), 3)
    known = home.ven.book.commitments[event.id]
    assert (known.status, known.event.reason) == (State.CANCELLED, "a storm")


@pytest.mark.parametrize("sender", [Jid(VTN.bare, "other"), Jid(f"site-2@{HOST}", "vtn")])
def test_a_request_of_anybody_but_the_vtn_is_ignored(home, sender):
    home.tell(home.item(index()))
    message = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(make_event()))
    effects = home.tell(RequestArrived(Link.UPPER, sender, "t", message))
    assert effects == [Ignore(Link.UPPER, "t")]
    assert home.ven.book.commitments == {}


def test_an_event_by_transaction_is_judged_like_an_item_and_answered_after_commit(home):
    home.tell(home.item(index()))
    message = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(make_event()))
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "t", message))
    assert len(of_kind(effects, AskDecision)) == 1
    assert reply_in(effects).result is Result.OK


def test_what_is_refused_of_a_transaction_is_answered_with_its_code_and_reason(home):
    home.tell(home.item(index()))
    known, newer = make_event(1), make_event(1, modification=1)
    for events, result in (((newer,), "OK"), ((known, make_event(2)), "PARTIAL")):
        message = request(Verb.CHANGE, Noun.CONTROLS, "vtn", controls(*events))
        reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", message)))
        assert reply.result == result
    message = request(Verb.CHANGE, Noun.CONTROLS, "vtn", controls(known))
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "t", message))
    (error,) = reply_in(effects).errors
    assert reply_in(effects).result is Result.FAILED
    assert (error.code, error.reason, error.id.text) == (
        "6.1",
        "a newer version of the event is known",
        known.id,
    )
    assert notes(effects) == ["event not taken"]


OVER = Interval(start=at(-50), end=at(-10))


@pytest.mark.parametrize(
    ("event", "changes", "code", "reason"),
    [
        (make_event(active=OVER, answer_by=at(-20)), {}, "4.1", "the event's time is over"),
        (make_event(), {"expires": at(-1)}, "4.1", "the message expired before it arrived"),
        (
            make_event(targets=Targets(resources=("another",))),
            {},
            "2.29",
            "no resource of this party is meant",
        ),
        (make_event(created=at(-5)), {}, "1.8", "the same version was known with other content"),
        (
            make_event(order=Order(epoch=0, modification=9)),
            {},
            "6.1",
            "a newer version of the event is known",
        ),
    ],
    ids=["late", "expired", "not for me", "conflicting", "out of order"],
)
def test_whoever_sends_what_is_not_taken_is_told_the_code_and_a_reason(
    home, event, changes, code, reason
):
    home.tell(home.item(index()))
    if code in {"1.8", "6.1"}:
        first = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(make_event()))
        home.tell(RequestArrived(Link.UPPER, VTN, "t", first))
    message = request(Verb.CHANGE, Noun.CONTROLS, "vtn", controls(event))
    header = message.header.model_copy(update=changes)
    message = message.model_copy(update={"header": header})
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "u", message))
    reply = reply_in(effects)
    assert (reply.result, [(e.code, e.reason) for e in reply.errors]) == (
        Result.FAILED,
        [(code, reason)],
    )
    (note,) = [n for n in of_kind(effects, Note) if n.what == "event not taken"]
    assert (dict(note.fields)["code"], dict(note.fields)["why"]) == (code, reason)
    assert of_kind(effects, AskDecision) == []


CLOCK = "the clock is not plausible, so the event cannot be judged; it is fetched again later"


def test_events_wait_for_a_clock_that_is_plausible(home):
    """No clock with a battery: the box begins in 1970, and once had a time that has passed."""
    event, earlier = make_event(), -(10.0**9)
    home.tell(home.item(index()))
    assert home.record.floor == at(0)
    message = request(Verb.CREATE, Noun.CONTROLS, "vtn", controls(event))
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "t", message), earlier)
    assert [(e.code, e.reason) for e in reply_in(effects).errors] == [("5.2", CLOCK)]
    assert (of_kind(effects, AskDecision), dict(home.ven.book.commitments)) == ([], {})
    effects = home.tell(home.item(controls(event)), earlier)
    (note,) = of_kind(effects, Note)
    assert (dict(note.fields)["code"], dict(note.fields)["why"]) == ("5.2", CLOCK)
    assert of_kind(home.tell(TimerFired("ven/vtn"), earlier + 1), Query) == []
    effects = home.tell(TimerFired("ven/vtn"), 2)
    (asked,) = of_kind(effects, Query)
    assert (asked.message.header.noun, len(of_kind(effects, CatchUp))) == (Noun.CONTROLS, 1)
    assert of_kind(home.tell(TimerFired("ven/vtn"), 3), Query) == []
    effects = home.tell(RequestArrived(Link.UPPER, VTN, "u", message), 4)
    assert reply_in(effects).result is Result.OK
    assert len(of_kind(effects, AskDecision)) == 1


def test_a_clock_that_is_off_by_no_more_than_clocks_may_differ_is_believed(home):
    home.tell(home.item(index()))
    effects = home.tell(home.item(controls(make_event())), -59)
    assert of_kind(effects, Note) == []


def timed(home, version, made, seconds):
    told = index().model_copy(update={"version": version, "at": at(made)})
    home.tell(home.item(told), seconds)
    return home.record.floor


def test_a_time_that_has_passed_is_kept_where_our_clock_agrees_and_seldom(home):
    assert timed(home, 2, 100, 0) is None
    assert timed(home, 3, 30, 20) == at(20)
    assert timed(home, 4, 600, 600) == at(20)
    assert timed(home, 5, 630, 640) == at(630)
    assert timed(home, 6, 300, 300) == at(630)


def test_in_a_set_of_operations_the_one_that_was_refused_is_named(home):
    home.tell(home.item(index()))
    events = (make_event(1, modification=1), make_event(1), make_event(2))
    operations = tuple(
        Operation(id=number, verb=Verb.CHANGE, noun=Noun.CONTROLS, body=controls(event))
        for number, event in enumerate(events)
    )
    header = Header(
        verb=Verb.EXECUTE,
        noun=Noun.OPERATION_SET,
        message_id=derived_id(operations),
        timestamp=at(0),
        source="vtn",
    )
    asked = RequestMessage(header=header, operations=OperationSet(operations=operations))
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert reply.result is Result.PARTIAL
    assert [(e.operation, e.code) for e in reply.errors] == [(1, "6.1")]


@pytest.mark.parametrize(
    ("state", "kind", "is_asked"),
    [
        (ResourceState.OPTED_OUT, "test", False),
        (ResourceState.OUT_OF_SERVICE, "test", True),
        (ResourceState.OPTED_OUT, "virtual", True),
    ],
)
def test_an_override_that_stands_is_a_no_at_once_also_to_a_newer_version(
    home, state, kind, is_asked
):
    home.tell(home.item(index()))
    overridden = resource(state=state).model_copy(update={"kind": kind})
    home.keep(home.ven.update((overridden,), at(0)))
    for modification in (0, 1):
        effects = home.tell(home.item(controls(make_event(modification=modification))), 1)
        assert bool(of_kind(effects, AskDecision)) is is_asked
        said = [a for m in transactions_in(effects) for a in m.body.answers]
        expected = [] if is_asked else [(Opt.OUT, "local override", modification + 1)]
        assert [(a.opt, a.reason, a.sequence) for a in said] == expected


def test_the_vtn_may_ask_for_the_registration_and_for_nothing_unknown(home):
    asked = request(Verb.GET, Noun.CONFIG, "vtn")
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert reply.body.capability.decrease_w == 3000
    other = request(Verb.GET, Noun.CONFIG, "vtn", ids=("another",))
    refused = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", other)))
    assert refused.errors[0].code == "2.15"
    strange = request(Verb.GET, Noun.MEMBERS, "vtn")
    refused = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", strange)))
    assert refused.errors[0].code == "2.5"


@pytest.mark.parametrize(("known", "is_new"), [("1", False), ("0", True), (None, True)])
def test_a_vtn_that_knows_another_revision_is_told_by_a_registration(home, known, is_new):
    asked = request(Verb.GET, Noun.CONFIG, "vtn", ids=("site",))
    options = () if known is None else (("known", known),)
    asked = asked.model_copy(update={"options": options})
    told = transactions_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert [m.header.verb for m in told] == ([Verb.CREATE] if is_new else [])


def status(home, *ids, after=None, seconds=2.0):
    asked = request(Verb.GET, Noun.EVENTS, "vtn", ids=ids)
    asked = asked.model_copy(update={"options": (("after", after),) if after else ()})
    return reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked), seconds))


def test_a_vtn_may_ask_how_events_stand(home):
    event = make_event()
    home.tell(home.item(index(event)))
    home.tell(home.item(controls(event)), 1)
    waiting = status(home, event.id)
    assert (waiting.body.answers, [s.type for s in waiting.body.statuses]) == (
        (),
        [StatusType.RECEIVED],
    )
    home.tell(Decided(event.id, event.order, Opt.IN, -1000), 2)
    agreed = status(home)
    assert [(a.opt, a.power_w) for a in agreed.body.answers] == [(Opt.IN, -1000)]
    assert [s.type for s in agreed.body.statuses] == [StatusType.SCHEDULED]
    partly = status(home, event.id, make_event(7).id)
    assert (partly.result, partly.errors[0].code) == (Result.PARTIAL, "2.15")
    assert status(home, make_event(7).id).result is Result.FAILED


def test_the_status_of_many_events_comes_in_pages(home):
    events = [make_event(number) for number in range(40)]
    home.tell(home.item(index(*events)))
    for event in events:
        home.tell(home.item(controls(event)), 1)
    first = status(home)
    assert (first.result, first.errors[0].code) == (Result.PARTIAL, "0.1")
    last = max(each.event for each in first.body.statuses)
    rest = status(home, after=last)
    assert rest.result is Result.OK
    told = [each.event for each in (*first.body.statuses, *rest.body.statuses)]
    assert sorted(told) == sorted(event.id for event in events)


def test_a_refusal_and_a_fault_are_told_and_change_nothing(home):
    asked, before = home.registrations[-1], home.record
    error = ReplyError(code="2.14", reason="not you")
    header = asked.header.model_copy(update={"verb": Verb.REPLY})
    failed = ResponseMessage(header=header, result=Result.FAILED, errors=(error,))
    for reply in (failed, FaultMessage(errors=(error,))):
        effects = home.tell(ReplyArrived(Link.UPPER, asked, reply))
        assert notes(effects) == ["the VTN refused a message"]
    effects = home.tell(TransactionFailed(Link.UPPER, asked, "expired", "nobody there"))
    assert notes(effects) == ["the VTN did not take a message"]
    assert home.record == before


def test_a_restart_begins_a_new_epoch_and_forgets_neither_admission_nor_revisions(home):
    again = Home()
    again.ven.restore(home.record)
    again.tell(Started(), -31)
    assert again.record.epoch == home.record.epoch + 1
    assert again.ven.service == SERVICE
    again.can(100, 10)
    assert again.record.revision == 2


def test_its_vtn_may_ask_for_what_it_has_reported_and_nobody_else():
    home = Home().begin()
    home.keep(home.ven.report((READING,), at(10)))
    asked = request(Verb.GET, Noun.READINGS, "vtn")
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked), 11))
    assert reply.body.readings == (READING,)
    assert (reply.header.epoch, reply.header.sequence) == (home.record.epoch, home.record.sequence)
    stranger = RequestArrived(Link.UPPER, Jid(f"x@{HOST}", "vtn"), "t", asked)
    assert of_kind(home.tell(stranger, 12), Ignore) != []


def test_many_windows_at_once_are_reported_in_parts_that_fit_and_each_is_kept():
    home = Home().begin()
    windows = [Interval(start=at(10 * n), end=at(10 * n + 10)) for n in range(200)]
    late = tuple(Reading(resource="r", window=w, power_w=1, import_wh=1) for w in windows)
    home.keep(home.ven.report(late, at(2000)))
    sent = [m.body.readings for m in home.requests if m.header.noun is Noun.READINGS]
    assert len(sent) == 4
    assert [reading for part in sent for reading in part] == list(late)
    asked = request(Verb.GET, Noun.READINGS, "vtn")
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked), 2001))
    assert reply.body.readings == sent[0]


def test_a_window_is_reported_whole_however_many_resources_it_has():
    home = Home().begin()
    window = Interval(start=at(0), end=at(10))
    many = tuple(Reading(resource=f"r{n}", window=window, power_w=1) for n in range(100))
    home.keep(home.ven.report(many, at(10)))
    assert [len(m.body.readings) for m in home.requests if m.header.noun is Noun.READINGS] == [100]


def test_readings_are_sent_again_for_three_windows_and_status_for_an_hour():
    home = Home().begin()
    home.keep(home.ven.report((READING,), at(10)))
    assert home.requests[-1].header.expires == at(10 + 3 * 15)
    status = Status(id=derived_id("s"), type=StatusType.STARTED, at=at(0))
    home.keep(home.ven.tell(status, at(10)))
    assert home.requests[-1].header.expires == at(3610)


def rented(zone="UTC", rule="", opt_id="opt"):
    return OptSchedule(
        id=derived_id(opt_id),
        opt=Opt.OUT,
        zone=zone,
        start=(at(3600)).replace(tzinfo=None),
        duration_s=3600,
        rule=rule,
    )


def opts_of(home):
    """Return verb and opt ids of what was told one by one."""
    told = [m for m in home.requests if m.header.noun is Noun.EVENTS]
    return [(m.header.verb, m.names or tuple(s.id for s in m.body.schedules)) for m in told]


def test_where_a_registration_cannot_tell_opt_schedules_each_is_told_by_itself():
    home = Home(schedules=(rented(), rented(rule="FREQ=DAILY", opt_id="daily")), tells_rules=False)
    home.begin()
    assert opts_of(home) == [(Verb.CREATE, (derived_id("opt"),))]
    assert home.registrations[0].body.schedules == ()


def test_an_opt_schedule_that_is_configured_no_more_is_ended():
    home = Home(schedules=(rented(),), tells_rules=False).begin()
    again = Home(schedules=(), tells_rules=False)
    again.ven.restore(home.record)
    again.begin()
    assert opts_of(again) == [(Verb.CANCEL, (derived_id("opt"),))]
    assert again.record.opts == ()


def test_no_report_can_be_ended_since_none_is_repeated(home):
    asked = request(Verb.CANCEL, Noun.READINGS, "vtn", ids=("7",))
    reply = reply_in(home.tell(RequestArrived(Link.UPPER, VTN, "t", asked)))
    assert (reply.errors[0].code, [i.type for i in reply.ids]) == ("2.15", ["ended"])


def test_an_event_published_a_day_ahead_and_fetched_hours_later_is_taken():
    hour, day = 3600, 86_400
    domain, home = Domain("site"), Home().begin()
    domain.lead()
    domain.register("site", 3000, -18)
    domain.presence("site", seconds=-18)
    active = Interval(start=at(day), end=at(day + hour))
    event = make_event(active=active, answer_by=at(day - hour), signal=Delta(power_w=-1500))
    asked = request(Verb.CREATE, Noun.CONTROLS, "op", controls(event))
    effects = domain.tell(arrived(asked, "op", "x"))
    published = {e.item_id: e.message for e in of_kind(effects, Publish)}
    told = [
        ItemReceived(Link.UPPER, SERVICE, "n", item, published[item])
        for item in ("index", event.id)
    ]
    effects = home.tell(CaughtUp(Link.UPPER, "n", tuple(told)), 9 * hour)
    (decision,) = of_kind(effects, AskDecision)
    assert (decision.event.id, decision.power_w) == (event.id, -1500)
    (answered,) = transactions_in(
        home.tell(Decided(event.id, decision.event.order, Opt.IN, -1500), 9 * hour + 1)
    )
    assert (answered.body.answers[0].opt, answered.header.expires) == (Opt.IN, active.end)
    assert home.ven.book.commitments[event.id].status is State.FAR
