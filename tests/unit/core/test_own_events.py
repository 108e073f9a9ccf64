"""Events that came to a VEN alone, in no index that it saw: no cancel of them may be missed."""

import pytest

from tests.unit.core.home import VTN, Home
from tests.unit.core.test_eventbook import HEADER, OWN, index, status, take
from tests.unit.core.test_individual import EVENT, created, led
from xmpp_cem.allocations.in_order import MERIT_ORDER
from xmpp_cem.core.effects import Query, SetTimer
from xmpp_cem.core.inputs import Link, QueryAnswered, RequestArrived, TimerFired
from xmpp_cem.core.life.life import State
from xmpp_cem.core.questions import MOST_NAMED
from xmpp_cem.core.ven.catchup import ask_for_events
from xmpp_cem.core.ven.ownevents import GRACE
from xmpp_cem.core.vtn.dispatch.individual import share_id
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Level, Noun, ReplyError, ResponseMessage, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.naming import IdKind, NamedId
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, make_event, of_kind, reply_in, request
from xmpp_cem.testing.builders import transactions_in as sent

LATER = Interval(start=at(300), end=at(360))


def reminded(number=1):
    return make_event(number, active=LATER, answer_by=at(280))


def cancelled(number=1, **changes):
    return reminded(number).model_copy(
        update={"status": EventStatus.CANCELLED, "order": make_event(modification=1).order}
        | changes
    )


def test_a_cancel_from_before_its_vtns_new_epoch_ends_what_lives_here(book):
    book.take_event(reminded(), OWN, at(0))
    book.take_index(index(version=1, epoch=2, made=3), "n", at(3))
    assert status(book, reminded()) is State.PENDING
    take(book, cancelled(), 4)
    assert status(book, reminded()) is State.CANCELLED


def test_a_cancel_from_before_a_new_epoch_of_what_is_not_known_is_not_remembered(book):
    """A VTN whose store was put back may make it again."""
    book.take_index(index(version=1, epoch=2, made=3), "n", at(3))
    take(book, cancelled(), 4)
    assert reminded().id not in book.commitments


@pytest.fixture
def home():
    return Home().begin()


def alone(home, *events):
    """Let events come by transaction, as reminders do."""
    for event in events:
        message = request(Verb.CREATE, Noun.CONTROLS, "vtn", EndDeviceControls(events=(event,)))
        home.tell(RequestArrived(Link.UPPER, VTN, event.id, message), 1)


def asked_again(home, seconds=5):
    """Register anew, as after a new connection, and return what is asked about events."""
    home.ven.register(Verb.CREATE, at(seconds))
    (query,) = of_kind(home.confirm(home.registrations[-1], seconds), Query)
    return query.message


def answered(home, query, *events, errors=(), seconds=6):
    header = query.header.model_copy(update={"verb": Verb.REPLY, "timestamp": at(seconds)})
    result = Result.PARTIAL if errors else Result.OK
    body = EndDeviceControls(events=events)
    reply = ResponseMessage(header=header, result=result, body=body, errors=errors)
    return home.tell(QueryAnswered(Link.UPPER, query, reply), seconds)


def unknown(event):
    about = NamedId(text=event.id, kind=IdKind.UUID)
    return ReplyError(code="2.15", reason="no such event", level=Level.WARNING, id=about)


def state(home, event):
    return home.ven.book.commitments[event.id].status


def test_after_each_connection_a_ven_asks_about_what_came_to_it_alone(home):
    alone(home, reminded(2), reminded(1))
    home.tell(home.item(index(reminded(3))))
    home.tell(home.item(EndDeviceControls(events=(reminded(3),))))
    query = asked_again(home)
    assert set(query.names) == {reminded(1).id, reminded(2).id}
    answered(home, query, cancelled(1))
    assert [state(home, reminded(n)) for n in (1, 2)] == [State.CANCELLED, State.PENDING]
    assert asked_again(home, 7).names == (reminded(2).id,)


def test_what_its_vtn_has_not_known_for_a_while_is_ended(home):
    alone(home, reminded(1), reminded(2))
    home.tell(home.item(index(reminded(3))))
    home.tell(home.item(EndDeviceControls(events=(reminded(3),))))
    errors = (unknown(reminded(1)), unknown(reminded(3)))
    (timer,) = of_kind(answered(home, asked_again(home), errors=errors), SetTimer)
    assert timer == SetTimer("ven/own", at(6) + GRACE)
    assert state(home, reminded(1)) is State.PENDING
    bare = ask_for_events(home.ven.state.letters, VTN, at(30)).message
    answered(home, bare, seconds=30)  # which says nothing of them
    (query,) = of_kind(home.tell(TimerFired("ven/own"), 66), Query)
    answered(home, query.message, errors=errors, seconds=66)
    states = [state(home, reminded(n)) for n in (1, 2, 3)]
    assert states == [State.CANCELLED, State.PENDING, State.PENDING]


def test_what_its_vtn_makes_again_meanwhile_goes_on(home):
    """As a gateway does whose store was put back, once it has heard from above."""
    alone(home, reminded(1))
    answered(home, asked_again(home), errors=(unknown(reminded(1)),))
    again = make_event(1, epoch=2, active=LATER, answer_by=at(280))
    alone(home, again)
    (query,) = of_kind(home.tell(TimerFired("ven/own"), 66), Query)
    answered(home, query.message, again, seconds=66)
    known = home.ven.book.commitments[again.id]
    assert (known.status, known.event.order) == (State.PENDING, again.order)


def test_what_ended_so_begins_again_where_its_vtn_tells_it_in_a_later_epoch(home):
    alone(home, reminded(1))
    answered(home, asked_again(home), errors=(unknown(reminded(1)),))
    (query,) = of_kind(home.tell(TimerFired("ven/own"), 66), Query)
    answered(home, query.message, errors=(unknown(reminded(1)),), seconds=66)
    assert state(home, reminded(1)) is State.CANCELLED
    alone(home, make_event(1, epoch=2, active=LATER, answer_by=at(280)))
    assert state(home, reminded(1)) is State.PENDING


def test_not_more_is_asked_about_than_fits(home):
    alone(home, *map(reminded, range(MOST_NAMED + 1)))
    assert len(asked_again(home).names) == MOST_NAMED


@pytest.fixture
def individual():
    made = led(allocation=MERIT_ORDER)
    created(made)
    return made


def asks(domain, member, *ids):
    return reply_in(domain.tell(arrived(request(Verb.GET, Noun.CONTROLS, member, ids=ids), member)))


def test_a_vtn_tells_who_asks_what_is_cancelled_and_what_it_does_not_know(individual):
    mine, others = (share_id(EVENT, member) for member in ("a", "b"))
    assert asks(individual, "a", mine).result is Result.OK
    individual.vtn.dispatching.cancel(EVENT, "storm", at(1))
    assert asks(individual, "a").body.events == ()
    reply = asks(individual, "a", mine, others)
    assert [(event.id, event.is_cancelled) for event in reply.body.events] == [(mine, True)]
    assert (reply.result, [e.id.text for e in reply.errors]) == (Result.PARTIAL, [others])
    assert {error.code for error in reply.errors} == {"2.15"}


def says(domain, member, event, opt=Opt.IN, seconds=2.0, number=1):
    answer = Answer(
        id=derived_id("answer", number),
        event=event.id,
        order=event.order,
        opt=opt,
        power_w=-1000 if opt is Opt.IN else 0,
        revision=1,
        sequence=number,
        at=at(seconds),
    )
    body = EndDeviceEvents(answers=(answer,))
    return domain.tell(arrived(request(Verb.CREATE, Noun.EVENTS, member, body), member), seconds)


def recalled(effects):
    return [
        (m.header.verb, m.body.events[0].id, m.body.events[0].status)
        for m in sent(effects)
        if m.header.noun is Noun.CONTROLS
    ]


def test_who_says_yes_to_what_is_cancelled_is_told_by_transaction(domain):
    event = make_event(signal=Delta(power_w=-9000))
    message = request(Verb.CREATE, Noun.CONTROLS, "op", EndDeviceControls(events=(event,)))
    domain.tell(arrived(message, "op", "op"))
    event = domain.vtn.dispatching.dispatches[event.id].event
    assert recalled(says(domain, "a", event)) == []
    domain.vtn.dispatching.cancel(event.id, "storm", at(2))
    assert recalled(says(domain, "b", event, Opt.OUT)) == []
    effects = says(domain, "a", event, seconds=3, number=2)
    assert recalled(effects) == [(Verb.CANCEL, event.id, "cancelled")]
    newest = domain.vtn.dispatching.dispatches[event.id].event
    assert recalled(says(domain, "a", newest, seconds=4, number=3)) == []
    assert recalled(says(domain, "c", event, seconds=81)) == []


def test_such_a_cancel_ends_it_at_the_ven(book):
    book.take_event(reminded(), OWN, at(0))
    verb = HEADER.model_copy(update={"verb": Verb.CANCEL})
    book.take_request((cancelled(),), verb, at(2))
    assert status(book, reminded()) is State.CANCELLED


def test_a_cancel_by_transaction_makes_nothing_ours_alone_that_an_index_has_listed(book):
    book.take_index(index(reminded(), version=2), "n", at(1))
    take(book, reminded(), 1)
    book.take_index(index(version=3, made=2), "n", at(2))
    verb = HEADER.model_copy(update={"verb": Verb.CANCEL})
    book.take_request((cancelled(),), verb, at(3))
    known = book.commitments[reminded().id]
    assert (known.event.is_cancelled, known.is_own) == (True, False)
