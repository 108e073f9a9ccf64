"""The audit of power must see what is planted in a site's store."""

from datetime import timedelta

from xmpp_cem.chaos.audit_acts import judge_acts
from xmpp_cem.chaos.stores import Found, Window
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Direction, Limit
from xmpp_cem.testing.builders import at, make_event

EVENT = make_event().id
DONE, GONE = EventStatus.COMPLETED, EventStatus.CANCELLED


def answer(power_w=-1000, sequence=1, opt=Opt.IN):
    return Answer(
        id=derived_id("answer", EVENT),
        event=EVENT,
        order=Order(epoch=1, modification=0),
        opt=opt,
        power_w=power_w,
        revision=1,
        sequence=sequence,
        at=at(1),
    )


def commitment(status=DONE, given=None, **changes):
    return Commitment(
        event=make_event(**changes),
        digest="d",
        asked_w=-1000,
        revision=1,
        status=status,
        answer=given,
    )


def acts(powers, given=None, *, calm=True, status=DONE):
    """Judge a site whose windows since the event's start had these powers."""
    active = make_event().active
    windows = {active.start + timedelta(seconds=n): Window(w) for n, w in powers.items()}
    held = commitment(status, given or answer())
    found = Found({EVENT: held} if calm else {})
    return judge_acts("site", found, () if calm else [held], windows)


def test_a_site_that_moved_what_it_promised_is_no_finding():
    assert not acts({-5: 0, 0: -500, 1: -1000, 2: -1000, 70: 0})


def test_a_promise_that_did_not_move_power_is_lost_unless_a_fault_came_between():
    assert len(acts({0: 0, 1: 0}).lost) == 1
    assert not acts({0: 0, 1: 0}, calm=False)
    assert not acts({0: 0, 1: 0}, status=GONE)
    assert not acts({0: 0, 1: 0}, answer(0, opt=Opt.OUT))


def test_moving_twice_what_was_promised_is_a_duplicate():
    assert len(acts({0: -500, 1: -2000}).duplicated) == 1


def test_power_outside_of_every_event_is_a_duplicate_whatever_happened():
    assert len(acts({1: -1000, 70: -1000}, calm=False).duplicated) == 1


def test_a_changed_answer_need_only_move_something():
    assert not acts({0: -500, 1: -2000}, answer(sequence=3))
    assert len(acts({0: 0, 1: 0}, answer(sequence=3)).lost) == 1


def limited(powers, status=DONE, given=None, direction=Direction.IMPORT):
    """Judge a site that has taken a limit of 600 W beside its event."""
    limit = Limit(limit_w=600, direction=direction, is_mandatory=True)
    bound = commitment(status, given or answer(0), number=2, signal=limit)
    acting = commitment(given=answer(1000))
    start = acting.event.active.start
    windows = {start + timedelta(seconds=n): Window(w) for n, w in powers.items()}
    return judge_acts("site", Found({"limit": bound, EVENT: acting}), (), windows)


def test_power_under_a_limit_is_no_finding_and_a_promise_yields_to_it():
    assert not limited({0: 1000, 1: 600, 2: 600})


def test_power_beyond_a_limit_that_was_taken_is_a_finding_from_its_second_window_on():
    assert len(limited({0: 1000, 1: 600, 2: 900}).duplicated) == 1
    assert len(limited({1: 600, 2: 900}, given=answer(0, opt=Opt.OUT)).duplicated) == 0
    assert not limited({1: 600, 2: 900}, status=GONE)
    assert not limited({1: 600, 2: 900}, direction=Direction.EXPORT)


def test_a_limit_that_was_changed_may_have_held_everything_back():
    assert len(limited({0: 0, 1: 0}).lost) == 1
    assert not limited({0: 0, 1: 0}, given=answer(0, sequence=3))


def test_a_limit_does_not_excuse_power_outside_of_every_event():
    limit = Limit(limit_w=600, direction=Direction.IMPORT)
    bound = commitment(given=answer(0), signal=limit)
    window = {bound.event.active.start + timedelta(seconds=2): Window(500)}
    assert len(judge_acts("site", Found({EVENT: bound}), (), window).duplicated) == 1
