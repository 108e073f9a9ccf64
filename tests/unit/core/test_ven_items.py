import pytest

from tests.unit.core.home import SERVICE, VTN, Home, controls, index, notes
from xmpp_cem.core.effects import (
    AskDecision,
    CatchUp,
    Note,
    Publish,
    Query,
    SetTimer,
)
from xmpp_cem.core.inputs import (
    CaughtUp,
    Decided,
    ItemReceived,
    Link,
    LinkChanged,
    QueryAnswered,
    RequestArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.life.life import State
from xmpp_cem.messages.envelope import (
    Noun,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    Domain,
    arrived,
    at,
    make_event,
    of_kind,
    reply_in,
    request,
    share_of,
    transactions_in,
)


@pytest.fixture
def home():
    return Home().begin()


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
