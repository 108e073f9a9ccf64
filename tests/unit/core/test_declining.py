import pytest

from tests.unit.core.test_eventbook import decide, index, status, take
from tests.unit.core.test_guarding import Guarded
from xmpp_cem.core.effects import Fetch, Remember
from xmpp_cem.core.inputs import Decided
from xmpp_cem.core.life.life import BY_RULE, State
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.site.failsafe import Mode
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.signal import Level
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event, of_kind, transactions_in

LATER = Interval(start=at(200), end=at(260))


def put_off(modification=1, **changes):
    return make_event(modification=modification, active=LATER, **changes)


@pytest.fixture
def over(book):
    """A book in which the event has been promised and done."""
    take(book, make_event())
    decide(book, make_event())
    for seconds in (20, 80):
        book.fire(make_event().id, at(seconds))
    assert status(book, make_event()) is State.COMPLETED
    return book


def test_a_newer_version_of_what_is_over_is_declined_once_in_one_commit_with_what_is_kept(over):
    before = over.commitments[make_event().id]
    effects = take(over, put_off(), 90)
    (told,) = transactions_in(effects)
    (no,) = told.body.answers
    assert told.header.verb is Verb.CHANGE
    assert told.header.expires == LATER.end
    assert (no.opt, no.order, no.code, no.power_w) == (Opt.OUT, put_off().order, BY_RULE, 0)
    assert (no.id, no.sequence) == (before.answer.id, before.answer.sequence + 1)
    assert "over here" in no.reason
    kept = [e.record for e in of_kind(effects, Remember) if e.record.kind == "commitment"]
    assert kept == [before.model_copy(update={"declined": no})]
    assert transactions_in(take(over, put_off(), 91)) == []
    assert transactions_in(take(over, make_event(), 92)) == []


def test_each_newer_version_is_declined_by_itself_also_after_a_restart(over, state):
    take(over, put_off(), 90)
    again = EventBook(state)
    for commitment in over.commitments.values():
        again.restore(commitment)
    assert transactions_in(take(again, put_off(), 91)) == []
    (told,) = transactions_in(take(again, put_off(2), 92))
    assert (told.body.answers[0].order, told.body.answers[0].sequence) == (put_off(2).order, 3)


def test_what_ended_while_nobody_decided_is_declined_by_a_first_answer(book):
    take(book, make_event(answer_by=at(80)))
    book.fire(make_event().id, at(80))
    assert status(book, make_event()) is State.EXPIRED
    (told,) = transactions_in(take(book, put_off(), 90))
    assert (told.header.verb, told.body.answers[0].sequence) == (Verb.CREATE, 1)


def test_what_an_index_omitted_and_lists_anew_in_its_epoch_is_declined(book):
    take(book, make_event())
    decide(book, make_event())
    book.take_index(index(version=2, made=2), "n", at(2))
    assert status(book, make_event()) is State.CANCELLED
    newer = make_event(modification=1, created=at(3))
    (told,) = transactions_in(take(book, newer, 4))
    assert (told.body.answers[0].opt, told.body.answers[0].order) == (Opt.OUT, newer.order)


def test_what_an_index_omitted_waits_for_the_index_of_a_later_epoch(book):
    take(book, make_event())
    book.take_index(index(version=1, epoch=2, made=2), "n", at(2))
    again = make_event(epoch=2)
    assert transactions_in(take(book, again, 3)) == []
    (fetch,) = of_kind(book.take_index(index(again, version=2, epoch=2), "n", at(4)), Fetch)
    assert fetch.item_ids == (again.id,)


def test_also_what_a_party_could_not_follow_is_declined(over):
    cannot = put_off(signal=Level(level=2))
    (told,) = transactions_in(take(over, cannot, 90))
    assert told.body.answers[0].order == cannot.order


@pytest.mark.parametrize(
    "newer",
    [
        make_event(modification=1, active=LATER, wants_answer=False),
        make_event(modification=1, active=Interval(start=at(20), end=at(85))),
    ],
    ids=["wants no answer", "is over itself"],
)
def test_nothing_is_said_to_what(over, newer):
    assert transactions_in(take(over, newer, 90)) == []


def test_what_was_declined_is_not_fetched_again_and_again(over):
    (fetch,) = of_kind(over.take_index(index(put_off(), version=2), "n", at(90)), Fetch)
    assert fetch.item_ids == (put_off().id,)
    take(over, put_off(), 91)
    assert over.take_index(index(put_off(), version=3), "n", at(150))[1:] == []
    (fetch,) = of_kind(over.take_index(index(put_off(2), version=4), "n", at(160)), Fetch)
    assert fetch.item_ids == (put_off().id,)


def test_who_has_declined_a_version_knows_the_index_that_lists_it():
    """Without that its failsafe would hold for as long as the event is put off."""
    house = Guarded(longest_delay_s=0)
    house.begin()
    house.commit(make_event())
    house.tell(Decided(make_event().id, make_event().order, Opt.IN, -1000), 2)
    house.heartbeat(3, events=[make_event()])
    house.pass_to(150, 5)
    assert house.mode is Mode.FAILSAFE
    newer = put_off(created=at(100))
    house.heartbeat(151, events=[newer])
    house.set_points(152)
    assert house.mode is Mode.FAILSAFE
    house.publish(EndDeviceControls(events=(newer,)), 153)
    house.heartbeat(160, events=[newer])
    assert house.set_points(161) == {"r1": None, "r2": None}
    house.set_points(162)
    assert house.mode is Mode.NORMAL
