from datetime import timedelta

import pytest

from xmpp_cem.core.records import Dispatch, Part
from xmpp_cem.core.vtn.dispatch.division import (
    divide,
    expected,
    is_in_play,
    joined,
    promised_w,
)
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import derived_id
from xmpp_cem.testing.builders import at, make_event, share_of

EVENT = make_event(signal=share_of("0.500000000"))
DISPATCH = Dispatch(event=EVENT, target_w=-9000)


def answer(power_w, order=EVENT.order):
    return Answer(
        id=derived_id("answer"),
        event=EVENT.id,
        order=order,
        opt=Opt.IN if power_w else Opt.OUT,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(0),
    )


def part(party, capability_w, **changes):
    made = Part(
        event=EVENT.id,
        party=party,
        capability_w=capability_w,
        limit_w=capability_w,
        asked_w=-capability_w // 2,
    )
    return made.model_copy(update=changes)


@pytest.fixture
def state(domain):
    return domain.vtn._state


def parts(**changes):
    made = {"a": 3000, "b": 6000, "c": 9000}
    return {name: part(name, w, **changes.get(name, {})) for name, w in made.items()}


def test_the_rest_carries_what_one_cannot(state):
    division = divide(state, DISPATCH, parts(c={"limit_w": 1500}), "c can do less", at(5))
    assert {p.party: p.asked_w for p in division.parts} == {"a": -2500, "b": -5000, "c": -1500}
    assert division.dispatch.redivisions == 1
    assert division.dispatch.replanned == at(5)
    assert division.dispatch.event.order.modification == EVENT.order.modification + 1
    assert division.dispatch.event.signal.basis == EVENT.signal.basis


def test_a_division_that_changes_nothing_is_no_new_version(state):
    division = divide(state, DISPATCH, parts(), "again", at(5))
    assert division.dispatch.event == EVENT
    assert division.dispatch.why == "again; nobody can do more"


def test_when_nobody_is_in_play_the_event_stays_as_it_is(state):
    division = divide(state, DISPATCH, parts(), "silence", at(10))
    assert (division.dispatch.event, division.parts) == (EVENT, ())
    assert "nobody is left" in division.dispatch.why


def test_a_reason_of_any_length_fits(state):
    division = divide(state, DISPATCH, parts(c={"limit_w": 1500}), "x" * 1000, at(5))
    assert len(division.dispatch.why) == 256


def test_an_event_is_not_modified_for_ever(state):
    order = EVENT.order.model_copy(update={"modification": 1000})
    worn = DISPATCH.model_copy(update={"event": EVENT.model_copy(update={"order": order})})
    division = divide(state, worn, parts(c={"limit_w": 1500}), "again", at(5))
    assert "too many modifications" in division.dispatch.why


@pytest.mark.parametrize(
    ("availability", "given", "seconds", "expected"),
    [
        (Availability.AVAILABLE, None, 9, True),
        (Availability.AVAILABLE, None, 10, False),
        (Availability.AVAILABLE, answer(-1500), 60, True),
        (Availability.LIMITED, answer(-1500), 60, True),
        (Availability.AVAILABLE, answer(0), 5, False),
        (Availability.OPTED_OUT, answer(-1500), 5, False),
        (Availability.OUT_OF_SERVICE, answer(-1500), 5, False),
        (Availability.UNREACHABLE, answer(-1500), 5, False),
    ],
)
def test_in_play_is_who_is_here_and_has_not_said_no(domain, availability, given, seconds, expected):
    domain.presence("a", availability)
    made = part("a", 3000, answer=given)
    assert is_in_play(domain.vtn._state, DISPATCH, made, at(seconds)) is expected


def test_an_answer_to_this_version_counts_as_given_and_to_an_older_one_as_asked(state):
    newer = EVENT.order.model_copy(update={"modification": 1})
    given = part("a", 3000, answer=answer(-700))
    assert expected(state, DISPATCH, given, at(60)) == 700
    modified = DISPATCH.model_copy(update={"event": EVENT.model_copy(update={"order": newer})})
    assert expected(state, modified, given, at(60)) == 1500


def test_a_promise_counts_in_the_direction_that_was_asked():
    rise = DISPATCH.model_copy(update={"target_w": 9000})
    assert (promised_w(DISPATCH, answer(-700)), promised_w(DISPATCH, answer(700))) == (700, 0)
    assert (promised_w(rise, answer(700)), promised_w(rise, answer(-700))) == (700, 0)


def test_who_has_never_registered_cannot_join(domain):
    state = domain.vtn._state
    state.members["a"] = state.members["a"].model_copy(update={"capability": None})
    assert joined(state, DISPATCH, "a", answer(-700), at(0)) is None
    assert joined(state, DISPATCH, "b", answer(-700), at(0)).limit_w == 6000


def test_the_gap_to_the_deadline_does_not_matter_before_it(state):
    just_before = EVENT.answer_by - timedelta(microseconds=1)
    assert is_in_play(state, DISPATCH, part("a", 3000), just_before)


@pytest.mark.parametrize(("modification", "able_w"), [(0, 3000), (1, 1500)])
def test_who_joins_while_nothing_is_known_of_it_shows_what_its_share_is_of(
    domain, modification, able_w
):
    state = domain.vtn._state
    known = state.members["b"].capability
    nothing = known.model_copy(update={"resources": ()})
    state.members["b"] = state.members["b"].model_copy(update={"capability": nothing})
    order = EVENT.order.model_copy(update={"modification": modification})
    assert joined(state, DISPATCH, "b", answer(-1500, order), at(0)).capability_w == able_w
