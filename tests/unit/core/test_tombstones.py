from datetime import timedelta

import pytest

from xmpp_cem.core.effects import Forget, SetTimer
from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.commitments import Commitments
from xmpp_cem.core.ven.tombstones import MOST_ENDED, forget_surplus
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event, of_kind

pytestmark = pytest.mark.slow


def commitment(number, status, seconds):
    active = Interval(start=at(seconds + 10), end=at(seconds + 20))
    event = make_event(number).model_copy(update={"active": active})
    return Commitment(event=event, digest="d", asked_w=0, revision=1, status=status)


def book(*commitments):
    held = Commitments()
    held.update({each.event.id: each for each in commitments})
    return held


def test_the_oldest_of_too_many_events_that_are_over_are_forgotten():
    held = book(*(commitment(n, State.COMPLETED, n) for n in range(MOST_ENDED + 3)))
    first = [each.event.id for each in held.values()][:3]
    gone = forget_surplus(held, at(10_000))
    assert [effect.record.event.id for effect in of_kind(gone, Forget)] == first
    assert of_kind(gone, SetTimer) == [SetTimer(f"ven/{event}", None) for event in first]
    assert len(held) == MOST_ENDED
    assert forget_surplus(held, at(10_000)) == []


def test_a_cancelled_event_is_remembered_until_its_time_is_over():
    held = book(*(commitment(n, State.CANCELLED, 10_000 + n) for n in range(MOST_ENDED + 1)))
    assert forget_surplus(held, at(9_000)) == []
    assert len(of_kind(forget_surplus(held, at(9_000) + timedelta(days=1)), Forget)) == 1


def test_what_may_still_act_is_never_forgotten():
    held = book(*(commitment(n, State.ACTIVE, n) for n in range(MOST_ENDED + 1)))
    assert forget_surplus(held, at(10_000)) == []
