"""The audit of controls must see what is planted in the stores."""

import pytest

from xmpp_cem.chaos.audit_controls import (
    Hop,
    judge_cascade,
    judge_controls,
    judge_hop,
)
from xmpp_cem.chaos.ledger import Control, Ledger
from xmpp_cem.chaos.stores import Found
from xmpp_cem.core.records import Commitment, Dispatch, Part
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import derived_id, lower_event_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import at, make_event

EVENT = make_event().id
LOWER = lower_event_id(EVENT, "north")
DONE, GONE = EventStatus.COMPLETED, EventStatus.CANCELLED


def answer(power_w=-1000, sequence=1, opt=Opt.IN, event=EVENT):
    return Answer(
        id=derived_id("answer", event),
        event=event,
        order=Order(epoch=1, modification=0),
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=sequence,
        at=at(1),
    )


def commitment(status=DONE, given=None, event_id=EVENT, modification=0):
    return Commitment(
        event=make_event(modification=modification, id=event_id),
        digest="d",
        asked_w=-1000,
        revision=1,
        status=status,
        answer=given,
    )


def dispatch(status=DONE, event_id=EVENT, upper=None, target_w=-1000):
    event = make_event(id=event_id, status=status)
    return Dispatch(event=event, target_w=target_w, upper=upper)


def part(taken=None, party="site"):
    return Part(
        event=EVENT, party=party, capability_w=1000, limit_w=1000, asked_w=-1000, answer=taken
    )


def control(fate="accepted", cancel=None):
    return Control(EVENT, 1, Delta(power_w=-1000), at(0), make_event().active, fate, cancel)


def hop(above, below=None, taken="no part"):
    parts = {} if taken == "no part" else {(EVENT, "site"): part(taken)}
    book = Found(dispatches={EVENT: above}, parts=parts)
    member = Found(commitments={EVENT: below} if below else {})
    return Hop("north", book, {"site": member})


def ledger(*controls, harmed=(), restored=None):
    return Ledger(list(controls), {1: set(harmed)}, restored or {})


def test_a_control_that_ended_well_everywhere_is_no_finding():
    book = Found(dispatches={EVENT: dispatch()})
    assert not judge_controls(ledger(control()), 1, book)
    assert not judge_hop(ledger(), 1, hop(dispatch(), commitment(given=answer()), answer()))


def test_an_accepted_control_that_the_vtn_forgot_is_lost():
    findings = judge_controls(ledger(control()), 1, Found())
    assert len(findings.lost) == 1


@pytest.mark.parametrize("fate", ["refused", "unknown"])
def test_a_control_that_was_not_accepted_may_be_unknown(fate):
    assert not judge_controls(ledger(control(fate)), 1, Found())


def test_a_control_of_before_a_restored_store_may_be_unknown():
    restored = {"grid": [(at(-5), at(5))]}
    assert not judge_controls(ledger(control(), restored=restored), 1, Found())


@pytest.mark.parametrize(
    ("cancel", "above"),
    [
        ("accepted", dispatch(DONE)),
        (None, dispatch(GONE)),
        (None, dispatch(target_w=-999)),
    ],
)
def test_a_wrong_end_or_target_at_the_top_disagrees(cancel, above):
    book = Found(dispatches={EVENT: above})
    assert len(judge_controls(ledger(control(cancel=cancel)), 1, book).disagreements) == 1


def test_an_answered_event_that_its_member_does_not_know_is_lost_even_behind_a_fault():
    findings = judge_hop(ledger(harmed=["site"]), 1, hop(dispatch(), None, answer()))
    assert len(findings.lost) == 1


def test_an_event_that_never_reached_a_member_without_a_fault_is_lost():
    silent = hop(dispatch(), None, None)
    assert len(judge_hop(ledger(), 1, silent).lost) == 1
    assert not judge_hop(ledger(harmed=["site"]), 1, silent)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (dispatch(DONE), commitment(GONE, answer())),
        (dispatch(GONE), commitment(DONE, answer())),
        (dispatch(DONE), commitment(DONE, answer(), modification=3)),
    ],
)
def test_different_ends_or_versions_disagree(above, below):
    assert len(judge_hop(ledger(), 1, hop(above, below, answer())).disagreements) == 1


def test_a_cancel_may_come_too_late_behind_a_fault_but_a_completion_is_never_a_cancel():
    late = hop(dispatch(GONE), commitment(DONE, answer()), answer())
    assert not judge_hop(ledger(harmed=["site"]), 1, late)
    wrong = hop(dispatch(DONE), commitment(GONE, answer()), answer())
    assert judge_hop(ledger(harmed=["site"]), 1, wrong)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (answer(-1000), answer(-900)),
        (answer(0, opt=Opt.OUT), answer()),
        (answer(sequence=1), answer(sequence=2)),
    ],
)
def test_answers_that_differ_disagree_whatever_happened(given, taken):
    judged = judge_hop(ledger(harmed=["site"]), 1, hop(dispatch(), commitment(given=given), taken))
    assert len(judged.disagreements) == 1


def test_an_answer_that_another_under_the_same_address_gave_is_not_held_against_either():
    made = ledger(harmed=["site"])
    taken = answer(0, opt=Opt.OUT)
    made.doubled["site"] = [(taken.at, taken.at)]
    assert not judge_hop(made, 1, hop(dispatch(), commitment(given=answer()), taken))


@pytest.mark.parametrize("taken", [None, answer(sequence=1)])
def test_an_answer_that_did_not_arrive_disagrees_only_without_a_fault(taken):
    late = hop(dispatch(), commitment(given=answer(sequence=2)), taken)
    assert len(judge_hop(ledger(), 1, late).disagreements) == 1
    assert not judge_hop(ledger(harmed=["north"]), 1, late)


def test_an_answer_of_the_last_second_may_expire_with_its_event():
    given = answer(sequence=2).model_copy(update={"at": make_event().active.end})
    assert not judge_hop(ledger(), 1, hop(dispatch(), commitment(given=given), answer()))


def cascade(*lower, given=None):
    below = {one.event.id: one for one in lower}
    return Found({EVENT: commitment(given=given or answer())}, below)


def test_a_cascade_with_one_event_below_is_no_finding():
    made = dispatch(event_id=LOWER, upper=EVENT)
    assert not judge_cascade(ledger(), 1, "north", cascade(made))


def test_two_events_below_for_one_above_are_duplicated():
    both = (dispatch(event_id=LOWER, upper=EVENT), dispatch(event_id=EVENT, upper=EVENT))
    assert len(judge_cascade(ledger(), 1, "north", cascade(*both)).duplicated) == 1


def test_a_promise_without_an_event_below_is_lost():
    assert len(judge_cascade(ledger(), 1, "north", cascade()).lost) == 1
    refused = cascade(given=answer(0, opt=Opt.OUT))
    assert not judge_cascade(ledger(), 1, "north", refused)


@pytest.mark.parametrize(
    "made",
    [
        dispatch(GONE, event_id=LOWER, upper=EVENT),
        dispatch(event_id=LOWER, upper=EVENT, target_w=-500),
    ],
)
def test_another_end_or_target_below_disagrees(made):
    assert len(judge_cascade(ledger(), 1, "north", cascade(made)).disagreements) == 1
