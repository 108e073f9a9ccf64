from dataclasses import replace

import pytest

from xmpp_cem.core.effects import AskDecision, Fetch, Forget, Note, Query, SetTimer
from xmpp_cem.core.inputs import Decided
from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.eventacts import DECIDE_WITHIN, TOMBSTONE
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.messages.controls import EventIndex, IndexEntry
from xmpp_cem.messages.envelope import Header, Noun, Verb
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.signal import Delta, Level
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    HOST,
    NOW,
    at,
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


def index(*events, version=2, epoch=1, made=1.0):
    entries = tuple(IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in events)
    return EventIndex(
        domain="grid", epoch=epoch, version=version, at=at(made), heartbeat_s=60, entries=entries
    )


def take(book, event, seconds=0.0):
    return book.take_event(event, HEADER, at(seconds))


def decide(book, event, power_w=-1000, seconds=1.0):
    opt = Opt.IN if power_w else Opt.OUT
    return book.decided(Decided(event.id, event.order, opt, power_w), at(seconds))


def status(book, event):
    return book.commitments[event.id].status


def told(note):
    assert note.what == "event not taken"
    return note.level, dict(note.fields)["cause"], dict(note.fields)["code"]


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


def test_the_same_version_with_another_content_is_refused_with_an_alarm(book):
    take(book, make_event())
    (note,) = take(book, make_event(signal=Delta(power_w=-7)))
    assert told(note) == ("error", "same version, other content", "1.8")
    assert book.commitments[make_event().id].asked_w == -1000


def test_who_has_opted_out_is_asked_again_for_a_newer_version_and_not_for_a_repeat(book):
    event = make_event()
    take(book, event)
    decide(book, event, 0)
    assert status(book, event) is State.REFUSED
    assert take(book, event) == []
    assert len(of_kind(take(book, make_event(modification=1)), AskDecision)) == 1
    assert status(book, event) is State.PENDING


def test_a_cancelled_version_ends_it_and_nothing_revives_it(book):
    event = make_event()
    take(book, event)
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    take(book, make_event(modification=2))
    assert status(book, event) is State.CANCELLED


def test_a_cancel_of_an_unknown_event_is_kept_against_a_late_original(book):
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    assert of_kind(take(book, make_event()), AskDecision) == []


def test_absence_from_a_newer_index_cancels(book):
    event = make_event()
    take(book, event)
    book.take_index(index(event, version=2), "n", at(2))
    assert status(book, event) is State.PENDING
    book.take_index(index(version=3), "n", at(2))
    assert status(book, event) is State.CANCELLED


def test_an_index_that_was_made_after_an_events_end_does_not_cancel_it(book):
    event = make_event()
    take(book, event)
    decide(book, event)
    book.take_index(index(event, version=2, made=1), "n", at(21))
    book.fire(event.id, at(21))
    book.take_index(index(version=3, made=80), "n", at(70))
    assert status(book, event) is State.COMPLETED


def test_an_event_that_an_index_omitted_is_taken_again_when_a_later_epoch_lists_it(book):
    event, again = make_event(), make_event(epoch=2)
    take(book, event)
    book.take_index(index(version=1, epoch=2), "n", at(2))
    assert status(book, event) is State.CANCELLED
    take(book, again)
    assert status(book, event) is State.CANCELLED
    effects = book.take_index(index(again, version=2, epoch=2), "n", at(2))
    assert of_kind(effects, Fetch)[0].item_ids == (event.id,)
    assert of_kind(take(book, again, 3), AskDecision)
    assert status(book, event) is State.PENDING


def test_an_explicit_cancel_is_not_taken_back_by_a_later_epoch(book):
    event, again = make_event(), make_event(epoch=2)
    take(book, event)
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    book.take_index(index(again, version=1, epoch=2), "n", at(2))
    assert take(book, again)
    assert status(book, event) is State.CANCELLED


def test_an_older_index_means_nothing(book):
    event = make_event()
    take(book, event)
    book.take_index(index(event, version=5), "n", at(2))
    assert book.take_index(index(version=4), "n", at(2)) == []
    assert status(book, event) is State.PENDING


@pytest.mark.parametrize("made", [-5.0, 0.0])
def test_an_index_from_before_an_event_says_nothing_about_it(book, made):
    event = make_event()
    take(book, event)
    book.take_index(index(version=3, made=made), "n", at(2))
    assert status(book, event) is State.PENDING


def test_an_item_that_a_server_put_back_is_not_taken_against_the_index(book, state):
    book.take_index(index(version=3, made=2), "n", at(2))
    state.index_made = at(2)
    assert of_kind(take(book, make_event(), 3), AskDecision) == []
    assert of_kind(take(book, make_event(2, created=at(2.5)), 3), AskDecision) != []
    listed = make_event()
    book.take_index(index(listed, version=4, made=4), "n", at(4))
    state.index_made = at(4)
    assert of_kind(take(book, listed, 5), AskDecision) != []


def test_an_index_that_lists_something_newer_has_only_that_fetched(book):
    known, unknown = make_event(1), make_event(2)
    take(book, known)
    (fetch,) = of_kind(book.take_index(index(known, unknown), "n", at(2)), Fetch)
    assert fetch.item_ids == (unknown.id,)


def test_what_a_node_has_not_brought_for_a_heartbeat_is_asked_of_the_vtn(book):
    known, newer = make_event(), make_event(modification=1)
    take(book, known)
    first = book.take_index(index(newer, version=2), "n", at(2))
    assert (len(of_kind(first, Fetch)), of_kind(first, Query)) == (1, [])
    take(book, known)  # what the node holds: an older item was published over it
    (asked,) = of_kind(book.take_index(index(newer, version=3), "n", at(62)), Query)
    assert (asked.to, asked.message.header.noun) == (Jid(f"vtn@{HOST}", "vtn"), Noun.CONTROLS)
    take(book, newer)
    assert not of_kind(book.take_index(index(newer, version=4), "n", at(122)), Query)


def test_without_a_confirmed_capability_a_share_is_refused(book):
    event = make_event(signal=share_of("0.5", basis=at(-100)))
    (answer,) = transactions_in(take(book, event))
    assert answer.body.answers[0].opt is Opt.OUT


def test_an_answer_that_the_vtn_refused_moves_no_power(book):
    event = make_event()
    take(book, event)
    (sent,) = transactions_in(decide(book, event))
    assert transactions_in(book.refused(sent.body, at(2))) == []
    assert book.commitments[event.id].answer.opt is Opt.OUT
    assert status(book, event) is State.REFUSED


def test_after_a_restart_what_was_not_decided_is_asked_again(book, state):
    decided, open_ = make_event(1), make_event(2)
    take(book, decided)
    take(book, open_)
    decide(book, decided)
    again = EventBook(state)
    again.commitments = book.commitments
    assert [ask.event.id for ask in of_kind(again.resume(at(2)), AskDecision)] == [open_.id]


def test_after_a_restart_newer_versions_than_were_answered_are_asked_again(book, state):
    for number, power_w in ((1, -1000), (2, 0), (3, -1000)):
        take(book, make_event(number))
        decide(book, make_event(number), power_w)
    newer = [make_event(number, modification=1) for number in (1, 2)]
    for event in newer:
        take(book, event)
    again = EventBook(state)
    again.commitments = book.commitments
    assert [ask.event for ask in of_kind(again.resume(at(2)), AskDecision)] == newer


def test_an_event_lives_by_the_clock_and_is_forgotten_a_day_after_its_end(book):
    event = make_event(active=Interval(start=at(1000), end=at(2000)))
    (timer,) = of_kind(take(book, event), SetTimer)
    assert timer == SetTimer(f"ven/{event.id}", at(10))
    seen = []
    due = of_kind(decide(book, event), SetTimer)[0].at
    while event.id in book.commitments:
        effects = book.fire(event.id, due)
        state = book.commitments[event.id].status if event.id in book.commitments else None
        seen.append((due, state))
        due = next((timer.at for timer in of_kind(effects, SetTimer)), None)
    assert seen == [
        (at(700), State.NEAR),
        (at(1000), State.ACTIVE),
        (at(2000), State.COMPLETED),
        (at(2000) + TOMBSTONE, None),
    ]
    assert of_kind(effects, Forget)[0].record.event == event


def test_a_timer_that_fires_early_is_set_again(book):
    event = make_event()
    (timer,) = of_kind(take(book, event), SetTimer)
    assert book.fire(event.id, at(1)) == [timer]
    assert book.fire(derived_id("nothing"), at(1)) == []


def test_silence_at_the_deadline_is_a_no_that_can_be_taken_back_while_the_event_lasts(book):
    event = make_event()
    take(book, event)
    (sent,) = transactions_in(book.fire(event.id, at(10)))
    (answer,) = sent.body.answers
    assert (answer.opt, answer.power_w, status(book, event)) == (Opt.OUT, 0, State.REFUSED)
    assert "nobody decided by the deadline" in answer.reason
    (late,) = transactions_in(decide(book, event, seconds=50))
    assert (late.header.verb, late.body.answers[0].opt) == (Verb.CHANGE, Opt.IN)
    assert status(book, event) is State.ACTIVE


def test_a_yes_after_the_end_is_not_taken(book):
    event = make_event()
    take(book, event)
    decide(book, event, 0)
    (note,) = decide(book, event, seconds=80)
    assert told(note) == ("warning", "opt-in, whole or in part", "4.1")
    assert status(book, event) is State.REFUSED


def test_where_silence_means_yes_it_promises_what_is_asked(state):
    state.settings = replace(state.settings, is_silence_yes=True)
    book, event = EventBook(state), make_event()
    take(book, event)
    (sent,) = transactions_in(book.fire(event.id, at(10)))
    assert (sent.body.answers[0].opt, sent.body.answers[0].power_w) == (Opt.IN, -1000)
    assert status(book, event) is State.NEAR


def test_who_hears_of_an_event_after_its_deadline_may_still_decide_and_runs_the_remainder(book):
    event = make_event()
    effects = take(book, event, 30)
    bodies = [message.body for message in transactions_in(effects)]
    assert (len(of_kind(effects, AskDecision)), [b.answers for b in bodies]) == (1, [()])
    assert [status.type for body in bodies for status in body.statuses] == [StatusType.RECEIVED]
    assert of_kind(effects, SetTimer)[0].at == at(30) + DECIDE_WITHIN
    decide(book, event, seconds=35)
    assert status(book, event) is State.ACTIVE


def test_after_a_restart_past_the_deadline_there_is_time_to_decide_again(book, state):
    event = make_event()
    take(book, event)
    again = EventBook(state)
    again.restore(book.commitments[event.id])
    effects = again.resume(at(30))
    assert len(of_kind(effects, AskDecision)) == 1
    assert of_kind(effects, SetTimer)[0].at == at(30) + DECIDE_WITHIN
    assert transactions_in(again.fire(event.id, at(40)))[0].body.answers[0].opt is Opt.OUT


def test_after_a_restart_past_its_end_nobody_is_asked_and_the_event_expires(book, state):
    event = make_event()
    take(book, event)
    again = EventBook(state)
    again.restore(book.commitments[event.id])
    assert of_kind(again.resume(at(90)), AskDecision) == []
    again.fire(event.id, at(90))
    assert status(again, event) is State.EXPIRED


@pytest.mark.parametrize(
    ("stored", "opt", "expected"),
    [
        ("far", None, State.PENDING),
        ("far", Opt.IN, State.FAR),
        ("far", Opt.OUT, State.REFUSED),
        ("cancelled", Opt.IN, State.CANCELLED),
        ("completed", None, State.COMPLETED),
    ],
)
def test_what_an_older_store_holds_is_read_in_the_state_it_means(book, stored, opt, expected):
    event = make_event()
    take(book, event)
    if opt:
        decide(book, event, -1000 if opt is Opt.IN else 0)
    older = book.commitments[event.id].model_dump(mode="json", exclude={"decide_by"})
    book.restore(Commitment.model_validate(older | {"status": stored}))
    assert status(book, event) is expected


def test_a_later_start_gives_back_what_had_begun(book):
    event = make_event()
    take(book, event)
    decide(book, event)
    book.fire(event.id, at(20))
    known = book.commitments[event.id]
    begun = {"baselines": (("r", 5000),), "limits": (("r", 9),), "shares": (("r", -9),)}
    book.keep(known.model_copy(update=begun))
    take(book, make_event(modification=1), 30)
    assert (status(book, event), book.commitments[event.id].shares) == (State.ACTIVE, (("r", -9),))
    later = Interval(start=at(400), end=at(500))
    take(book, make_event(modification=2, active=later), 31)
    moved = book.commitments[event.id]
    assert (moved.status, moved.baselines, moved.limits) == (State.FAR, None, ())
    assert moved.answer.opt is Opt.IN


def test_what_cannot_be_followed_is_answered_with_its_reason_and_a_yes_cannot_mend_it(book):
    event = make_event(signal=Level(level=1))
    effects = take(book, event)
    (sent,) = transactions_in(effects)
    assert "does not follow level signals" in sent.body.answers[0].reason
    assert told(of_kind(effects, Note)[0]) == (
        "warning",
        "newer version, cannot be followed",
        "2.29",
    )
    (note,) = decide(book, event)
    assert told(note)[2] == "6.1"
    assert status(book, event) is State.REFUSED


def test_a_transaction_learns_what_was_refused_of_it_and_why(book):
    known, newer = make_event(1), make_event(1, modification=1)
    _, errors = book.take_request((newer, known, make_event(2)), OWN, at(0))
    (error,) = errors
    assert (error.code, error.reason) == ("6.1", "a newer version of the event is known")
    assert error.id.text == known.id


def test_a_cancel_while_it_acts_ends_it_and_says_why(book):
    event = make_event()
    take(book, event)
    decide(book, event, seconds=30)
    over = make_event(modification=1, status=EventStatus.CANCELLED, reason="storm is over")
    (note,) = of_kind(take(book, over, 31), Note)
    assert (note.what, dict(note.fields)["why"]) == ("event cancelled", "storm is over")
    assert not book.commitments[event.id].is_live


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
    assert book.take_index(index(version=99, epoch=0), "n", at(2)) == []
    assert status(book, event) is State.PENDING


def test_a_change_of_leadership_keeps_what_the_new_leader_lists(book):
    event = make_event()
    take(book, event)
    book.take_index(index(event, version=1, epoch=2), "n", at(2))
    assert status(book, event) is State.PENDING
    book.take_index(index(version=2, epoch=2), "n", at(2))
    assert status(book, event) is State.CANCELLED


def test_an_index_with_another_digest_of_the_same_version_is_an_alarm(book):
    event = make_event()
    take(book, event)
    entry = IndexEntry(event=event.id, order=event.order, digest="0" * 64)
    other = index(version=3).model_copy(update={"entries": (entry,)})
    assert [n.level for n in of_kind(book.take_index(other, "n", at(2)), Note)] == ["error"]
    assert status(book, event) is State.PENDING


def test_an_event_that_is_over_is_refused_as_late(book):
    (note,) = take(book, make_event(), 80)
    assert told(note) == ("warning", "too late, over already", "4.1")
    assert book.commitments == {}


def test_an_expired_message_does_not_act(book):
    header = HEADER.model_copy(update={"expires": at(5)})
    (note,) = book.take_event(make_event(), header, at(6))
    assert told(note) == ("warning", "message expired", "4.1")


def test_a_fresh_ven_acts_on_nothing_before_it_has_seen_an_index(book, state):
    state.save(index_epoch=-1, index_version=-1)
    (note,) = take(book, make_event())
    assert told(note) == ("warning", "not in the index", "2.15")


def test_a_restart_remembers_a_cancel_and_waits_for_the_end_of_its_tombstone(book, state):
    event = make_event()
    take(book, event)
    take(book, make_event(modification=1, status=EventStatus.CANCELLED))
    again = EventBook(state)
    again.commitments = book.commitments
    (timer,) = again.resume(at(2))
    assert timer.at == event.active.end + TOMBSTONE
    take(again, make_event(modification=2))
    assert status(again, event) is State.CANCELLED


def test_an_answer_keeps_nothing_that_a_message_cannot_carry(book):
    event = make_event()
    take(book, event)
    decision = Decided(event.id, event.order, Opt.IN, -1000, "x" * 1000 + "\n\x00")
    (sent,) = transactions_in(book.decided(decision, at(1)))
    assert len(sent.body.answers[0].reason) == 256


OWN = HEADER.model_copy(update={"verb": Verb.CREATE})
TOLD = HEADER.model_copy(update={"verb": Verb.REPLY})


def test_what_came_by_transaction_needs_no_index_and_none_ends_it(book):
    book._state.save(index_epoch=-1)
    event = make_event(epoch=0)
    assert of_kind(book.take_event(event, OWN, at(0)), AskDecision) != []
    book.take_index(index(version=9), "n", at(2))
    assert status(book, event) is State.PENDING
    cancelled = make_event(modification=1, epoch=0, status=EventStatus.CANCELLED)
    book.take_event(cancelled, OWN.model_copy(update={"verb": Verb.CANCEL}), at(2))
    assert status(book, event) is State.CANCELLED


def test_what_an_index_lists_is_ended_by_a_newer_one_also_after_a_reminder(book):
    event = make_event()
    book.take_event(event, OWN, at(0))
    book.take_index(index(event, version=2), "n", at(2))
    book.take_index(index(version=3), "n", at(2))
    assert status(book, event) is State.CANCELLED


def test_a_share_of_nothing_is_taken_without_asking_and_may_rise_later(book):
    effects = take(book, make_event(signal=share_of("0")))
    (answered,) = transactions_in(effects)
    assert (answered.body.answers[0].opt, answered.body.answers[0].power_w) == (Opt.IN, 0)
    assert of_kind(effects, AskDecision) == []
    risen = take(book, make_event(modification=1, signal=share_of("0.5")), 1)
    assert of_kind(risen, AskDecision)[0].power_w == -2000


def test_what_was_told_in_answer_and_then_came_by_transaction_needs_no_index(book):
    event = make_event(signal=Delta(power_w=-1000))
    book.take_event(event, TOLD, at(0))
    book.take_event(event, OWN, at(1))
    book.take_index(index(made=2), "n", at(2))
    assert book.commitments[event.id].is_live


def test_what_is_told_in_answer_but_by_no_index_from_before_is_ours_alone(book, state):
    event = make_event(signal=Delta(power_w=-1000), created=at(0))
    state.index_made = at(1)
    book.take_event(event, TOLD.model_copy(update={"timestamp": at(2)}), at(2))
    book.take_index(index(made=3), "n", at(3))
    assert book.commitments[event.id].is_live


def test_what_is_told_in_answer_before_an_index_could_list_it_follows_the_index(book, state):
    event = make_event(signal=Delta(power_w=-1000), created=at(0))
    state.index_made = at(-1)
    book.take_event(event, TOLD.model_copy(update={"timestamp": at(2)}), at(2))
    book.take_index(index(made=3), "n", at(3))
    assert book.commitments[event.id].status is State.CANCELLED
