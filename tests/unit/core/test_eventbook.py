import pytest

from xmpp_cem.core.effects import AskDecision, Fetch, Note
from xmpp_cem.core.eventbook import TOMBSTONE, EventBook
from xmpp_cem.core.inputs import Decided
from xmpp_cem.core.records import Confirmed
from xmpp_cem.core.venstate import VenSettings, VenState
from xmpp_cem.messages.configuration import Admission
from xmpp_cem.messages.controls import EventIndex, IndexEntry
from xmpp_cem.messages.envelope import Header, Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Delta, EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.testing.builders import (
    HOST,
    NOW,
    at,
    capability,
    make_event,
    of_kind,
    plain_digest,
    share_of,
    transactions_in,
)

HEADER = Header(
    verb=Verb.CREATED,
    noun=Noun.CONTROLS,
    message_id=derived_id("m"),
    timestamp=NOW,
    source="vtn",
)


@pytest.fixture
def state():
    settings = VenSettings("site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest)
    made = VenState(settings)
    made.save(
        admission=Admission(
            domain="grid",
            service=f"pubsub.{HOST}",
            events=("n",),
            reports="r",
            uplink="transaction",
            report_every_s=10,
            confirmed=1,
        ),
        confirmed=(Confirmed(capability=capability(4000), at=at(-1)),),
        index_epoch=1,
        index_version=1,
    )
    return made


@pytest.fixture
def book(state):
    return EventBook(state)


def index(*events, version=2, epoch=1, seconds=0.0):
    entries = tuple(IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in events)
    return EventIndex(
        domain="grid",
        epoch=epoch,
        version=version,
        at=at(seconds),
        heartbeat_s=60,
        entries=entries,
    )


def take(book, event, seconds=0.0):
    return book.take_event(event, HEADER, at(seconds))


def decide(book, event, power_w=-1000, seconds=1.0):
    opt = Opt.IN if power_w else Opt.OUT
    return book.decided(Decided(event.id, event.order, opt, power_w), at(seconds))


def status(book, event):
    return book.commitments[event.id].status


def test_a_new_event_is_asked_of_the_party_in_absolute_watts(book):
    effects = take(book, make_event(signal=share_of("0.25")))
    assert of_kind(effects, AskDecision)[0].power_w == -1000


def test_a_decision_is_answered_once_and_a_change_of_mind_changes_it(book):
    event = make_event()
    take(book, event)
    (first,) = transactions_in(decide(book, event))
    assert first.header.verb is Verb.CREATE
    assert decide(book, event) == []
    (second,) = transactions_in(decide(book, event, 0))
    assert second.header.verb is Verb.CHANGE
    assert second.body.answers[0].id == first.body.answers[0].id
    assert second.body.answers[0].sequence == 2


def test_a_decision_on_an_older_version_is_dropped(book):
    old, new = make_event(), make_event(modification=1)
    take(book, old)
    take(book, new)
    assert decide(book, old) == []


def test_the_same_version_again_does_nothing(book):
    event = make_event()
    take(book, event)
    assert take(book, event) == []


def test_the_same_version_with_another_content_is_refused(book):
    take(book, make_event())
    take(book, make_event(signal=Delta(power_w=-7)))
    assert book.commitments[make_event().id].asked_w == -1000


def test_who_has_opted_out_is_not_asked_again(book):
    event = make_event()
    take(book, event)
    decide(book, event, 0)
    assert of_kind(take(book, make_event(modification=1)), AskDecision) == []


def test_a_cancelled_version_ends_it_and_nothing_revives_it(book):
    event = make_event()
    take(book, event)
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    take(book, make_event(modification=2))
    assert status(book, event) is EventStatus.CANCELLED


def test_a_cancel_of_an_unknown_event_is_kept_against_a_late_original(book):
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    assert of_kind(take(book, make_event()), AskDecision) == []


def test_absence_from_a_newer_index_cancels(book):
    event = make_event()
    take(book, event)
    book.take_index(index(event, version=2), "n")
    assert status(book, event) is EventStatus.FAR
    book.take_index(index(version=3), "n")
    assert status(book, event) is EventStatus.CANCELLED


def test_an_index_that_was_made_after_an_events_end_completes_it_whatever_our_clock_says(book):
    event = make_event()
    take(book, event)
    book.take_index(index(version=3, seconds=80), "n")
    assert status(book, event) is EventStatus.COMPLETED


def test_an_event_that_an_index_omitted_is_taken_again_when_a_later_epoch_lists_it(book):
    event, again = make_event(), make_event(epoch=2)
    take(book, event)
    book.take_index(index(version=1, epoch=2), "n")
    assert status(book, event) is EventStatus.CANCELLED
    take(book, again)
    assert status(book, event) is EventStatus.CANCELLED
    (fetch,) = of_kind(book.take_index(index(again, version=2, epoch=2), "n"), Fetch)
    assert fetch.item_ids == (event.id,)
    assert of_kind(take(book, again), AskDecision)
    assert status(book, event) is EventStatus.FAR


def test_an_explicit_cancel_is_not_taken_back_by_a_later_epoch(book):
    event, again = make_event(), make_event(epoch=2)
    take(book, event)
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    book.take_index(index(again, version=1, epoch=2), "n")
    assert take(book, again)
    assert status(book, event) is EventStatus.CANCELLED


def test_an_older_index_means_nothing(book):
    event = make_event()
    take(book, event)
    book.take_index(index(event, version=5), "n")
    assert book.take_index(index(version=4), "n") == []
    assert status(book, event) is EventStatus.FAR


def test_an_index_that_lists_something_newer_has_only_that_fetched(book):
    known, unknown = make_event(1), make_event(2)
    take(book, known)
    (fetch,) = of_kind(book.take_index(index(known, unknown), "n"), Fetch)
    assert fetch.item_ids == (unknown.id,)


def test_without_a_confirmed_capability_a_share_is_refused(book):
    event = make_event(signal=share_of("0.5", basis=at(-100)))
    (answer,) = transactions_in(take(book, event))
    assert answer.body.answers[0].opt is Opt.OUT


def test_an_answer_that_the_vtn_refused_moves_no_power(book):
    event = make_event()
    take(book, event)
    (sent,) = transactions_in(decide(book, event))
    book.refused(sent.body)
    assert book.commitments[event.id].answer.opt is Opt.OUT


def test_after_a_restart_what_was_not_decided_is_asked_again(book, state):
    decided, open_ = make_event(1), make_event(2)
    take(book, decided)
    take(book, open_)
    decide(book, decided)
    again = EventBook(state)
    again.commitments = book.commitments
    assert [ask.event.id for ask in of_kind(again.resume(), AskDecision)] == [open_.id]


def test_an_event_ends_at_its_time_and_is_forgotten_a_day_later(book):
    event = make_event()
    take(book, event)
    book.fire(event.id, event.active.end)
    assert status(book, event) is EventStatus.COMPLETED
    book.fire(event.id, event.active.end + TOMBSTONE)
    assert book.commitments == {}


def test_a_decision_in_the_opposite_direction_is_an_opt_out(book):
    event = make_event()
    take(book, event)
    (sent,) = transactions_in(decide(book, event, 1000))
    (answer,) = sent.body.answers
    assert (answer.opt, answer.power_w) == (Opt.OUT, 0)
    assert "opposite" in answer.reason


def test_an_index_of_an_older_epoch_means_nothing_whatever_its_version(book):
    event = make_event()
    take(book, event)
    assert book.take_index(index(version=99, epoch=0), "n") == []
    assert status(book, event) is EventStatus.FAR


def test_a_change_of_leadership_keeps_what_the_new_leader_lists(book):
    event = make_event()
    take(book, event)
    book.take_index(index(event, version=1, epoch=2), "n")
    assert status(book, event) is EventStatus.FAR
    book.take_index(index(version=2, epoch=2), "n")
    assert status(book, event) is EventStatus.CANCELLED


def test_an_index_with_another_digest_of_the_same_version_is_an_alarm(book):
    event = make_event()
    take(book, event)
    entry = IndexEntry(event=event.id, order=event.order, digest="0" * 64)
    other = index(version=3).model_copy(update={"entries": (entry,)})
    assert [n.level for n in of_kind(book.take_index(other, "n"), Note)] == ["error"]
    assert status(book, event) is EventStatus.FAR


def test_an_event_that_is_over_is_refused_as_late(book):
    (note,) = take(book, make_event(), 80)
    assert note.what == "late event refused"
    assert book.commitments == {}


def test_an_expired_message_does_not_act(book):
    header = HEADER.model_copy(update={"expires": at(5)})
    (note,) = book.take_event(make_event(), header, at(6))
    assert note.what == "expired message refused"


def test_a_fresh_ven_acts_on_nothing_before_it_has_seen_an_index(book, state):
    state.save(index_epoch=-1, index_version=-1)
    (note,) = take(book, make_event())
    assert note.what == "unlisted event refused"


def test_a_restart_remembers_a_cancel_and_waits_for_the_end_of_its_tombstone(book, state):
    event = make_event()
    take(book, event)
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    again = EventBook(state)
    again.commitments = book.commitments
    (timer,) = again.resume()
    assert timer.at == event.active.end + TOMBSTONE
    take(again, make_event(modification=2))
    assert status(again, event) is EventStatus.CANCELLED


def test_an_answer_keeps_nothing_that_a_message_cannot_carry(book):
    event = make_event()
    take(book, event)
    decision = Decided(event.id, event.order, Opt.IN, -1000, "x" * 1000 + "\n\x00")
    (sent,) = transactions_in(book.decided(decision, at(1)))
    assert len(sent.body.answers[0].reason) == 256
