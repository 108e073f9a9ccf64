"""What holds for the state machines in any order of any inputs."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.allocation import multiplier, pro_rata, share
from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import AskDecision
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.life.life import State
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.venstate import VenSettings, VenState
from xmpp_cem.core.vtn.vtnstate import USABLE
from xmpp_cem.messages.envelope import Header, Noun, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, NOW, Domain, at, make_event, of_kind, plain_digest

LIMITS = st.dictionaries(
    st.sampled_from("abcdefghijklmnop"), st.integers(0, 10**6), min_size=1, max_size=16
)


@st.composite
def capabilities_and_limits(draw):
    capabilities = draw(LIMITS)
    limits = {key: draw(st.integers(0, most)) for key, most in capabilities.items()}
    return capabilities, limits


@given(st.integers(0, 10**8), LIMITS)
def test_shares_sum_to_the_target_and_nobody_is_asked_beyond_its_limit(target, limits):
    shares = pro_rata(target, limits)
    assert sum(shares.values()) == min(target, sum(limits.values()))
    assert all(0 <= shares[key] <= limits[key] for key in limits)


@given(st.integers(0, 10**7), capabilities_and_limits())
def test_one_multiplier_meets_the_target_within_half_a_watt_each(target, given_):
    capabilities, limits = given_
    of = multiplier(target, capabilities, limits)
    assert 0 <= of <= 1
    met = sum(min(share(of, capabilities[key]), limits[key]) for key in capabilities)
    possible = min(target, sum(limits.values()))
    rounded = sum(capabilities.values()) * 5e-10
    assert abs(met - possible) <= len(capabilities) / 2 + rounded


HEADER = Header(
    verb=Verb.CHANGED,
    noun=Noun.CONTROLS,
    message_id=derived_id("m"),
    timestamp=NOW,
    source="vtn",
)
HISTORY = [make_event(modification=m, signal=Delta(power_w=-100 * (m + 1))) for m in range(6)]
CANCELLED = make_event(modification=6, status=EventStatus.CANCELLED)


def book():
    state = VenState(VenSettings("site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest))
    state.save(index_epoch=1, index_version=1)
    return EventBook(state)


@given(st.lists(st.sampled_from(HISTORY), min_size=1, max_size=20))
def test_modifications_in_any_order_and_number_converge_to_the_highest(arrivals):
    made = book()
    for event in arrivals:
        made.take_event(event, HEADER, NOW)
    assert made.commitments[HISTORY[0].id].event == max(arrivals, key=lambda e: e.order)


@given(st.permutations([*HISTORY, CANCELLED]))
def test_a_cancel_wins_wherever_it_arrives(arrivals):
    made = book()
    for event in arrivals:
        made.take_event(event, HEADER, NOW)
    commitment = made.commitments[CANCELLED.id]
    assert commitment.status is State.CANCELLED
    assert not of_kind(made.take_event(HISTORY[-1], HEADER, NOW), AskDecision)


def test_every_order_of_three_modifications_is_the_same_in_the_end():
    ends = set()
    for arrivals in itertools.permutations(HISTORY[:3]):
        made = book()
        for event in arrivals * 2:
            made.take_event(event, HEADER, NOW)
        end = made.commitments[HISTORY[0].id]
        ends.add((end.event, end.status, end.asked_w, end.answer.opt, end.answer.power_w))
    assert len(ends) == 1


MEMBERS = {"a": 3000, "b": 6000, "c": 9000}
EVENT = derived_id("event")
AVAILABILITIES = st.sampled_from(Availability)
PROMISES = st.sampled_from([0, -500, -1500, -3000, -9000, 2000])
STEPS = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from("abc"), PROMISES),
    st.tuples(st.just("presence"), st.sampled_from("abc"), AVAILABILITIES),
    st.tuples(st.just("again"), st.none(), st.none()),
    st.tuples(st.just("answers due"), st.none(), st.none()),
)


def dispatched(target_w=-9000):
    made = Domain(*MEMBERS)
    made.lead()
    for member, decrease_w in MEMBERS.items():
        made.register(member, decrease_w, -5)
        made.presence(member, seconds=-4)
    active = Interval(start=at(20), end=at(600))
    call = Call(event=EVENT, signal=Delta(power_w=target_w), active=active, answer_by=at(10))
    made.vtn.dispatching.create(call, at(0))
    return made


class History:
    """A domain to which things happen; who said what is kept beside it."""

    def __init__(self):
        self.domain = dispatched()
        self.dispatching = self.domain.vtn.dispatching
        self.sequence = 0

    @property
    def dispatch(self):
        return self.dispatching.dispatches[EVENT]

    def step(self, kind, member, value, seconds):
        match kind:
            case "answer":
                self.sequence += 1
                event = self.dispatch.event
                self.domain.answer(member, event, value, self.sequence, seconds)
            case "presence":
                self.domain.presence(member, value, seconds)
            case "again":
                self.domain.tell(TimerFired(f"vtn/again/{EVENT}"), seconds)
            case _:
                self.domain.tell(TimerFired(f"vtn/event/{EVENT}/answers"), seconds)

    def countable_w(self, seconds):
        """The most that may be counted on: whoever is here, has not said no, and is in time."""
        total = 0
        for party, part in self.dispatching.parts[EVENT].items():
            here = self.domain.vtn.members[party].availability in USABLE
            said_no = part.answer is not None and part.answer.opt is Opt.OUT
            is_late = part.answer is None and seconds >= 10
            if here and not said_no and not is_late:
                promised = -part.answer.power_w if part.answer else 0
                total += max(promised, -part.asked_w)
        return total


@given(st.lists(st.tuples(STEPS, st.sampled_from([0.01, 0.3, 1.0, 4.0])), max_size=40))
def test_divisions_are_bounded_and_nobody_is_counted_who_is_away_or_out(steps):
    """At most one division a second, and one more: however fast members change their minds."""
    history, seconds = History(), 1.0
    begin, versions = seconds, [history.dispatch.event.order.modification]
    for (kind, member, value), pause in steps:
        seconds += pause
        history.step(kind, member, value, seconds)
        dispatch = history.dispatch
        versions.append(dispatch.event.order.modification)
        assert dispatch.redivisions <= seconds - begin + 1
        assert dispatch.redivisions == versions[-1]
        expected = history.dispatching.expected_w(dispatch, at(seconds))
        assert 0 <= expected <= history.countable_w(seconds)
        for part in history.dispatching.parts[EVENT].values():
            assert 0 <= -part.asked_w <= part.capability_w
            assert 0 <= part.limit_w <= part.capability_w
    assert versions == sorted(versions)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), PROMISES), max_size=6),
    st.sampled_from(["a", "b", "c"]),
)
def test_a_repeated_or_late_answer_changes_nothing(answers, again):
    history = History()
    for number, (member, promise) in enumerate(answers, start=1):
        history.domain.answer(member, history.dispatch.event, promise, number, number)
    known = history.dispatching.parts[EVENT][again].answer
    before = history.dispatch, dict(history.dispatching.parts[EVENT])
    for sequence in range(1, (known.sequence if known else 0) + 1):
        history.domain.answer(again, history.dispatch.event, -77, sequence, 0)
    assert (history.dispatch, history.dispatching.parts[EVENT]) == before


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_answers_that_agree_lead_to_the_same_end_in_any_order(order):
    history = History()
    asked = {party: part.asked_w for party, part in history.dispatching.parts[EVENT].items()}
    for member in order:
        history.domain.answer(member, history.dispatch.event, asked[member], 1, 5)
    assert history.dispatch == History().dispatch
    promised = {p: part.answer.power_w for p, part in history.dispatching.parts[EVENT].items()}
    assert promised == asked


@given(
    st.sampled_from(list(itertools.combinations("abc", 2))),
    st.tuples(PROMISES, PROMISES),
)
def test_two_independent_inputs_may_be_swapped(pair, promises):
    """When all have answered the last version, none too much, it does not matter who was first."""
    ends = []
    for turn in (1, -1):
        history = History()
        parts = history.dispatching.parts[EVENT]
        said = list(zip(pair, promises, strict=True))[::turn]
        for sequence in range(1, 7):
            event = history.dispatch.event
            asked = {party: parts[party].asked_w for party in pair}
            for member, promise in said:
                offered = max(promise, asked[member])
                history.domain.answer(member, event, offered, sequence, sequence + 0.5)
            history.step("again", None, None, sequence + 1)
        ends.append(history.dispatching.expected_w(history.dispatch, at(9)))
    assert ends[0] == ends[1]


@given(st.lists(st.sampled_from([0.1, 0.9, 1.1, 30.0]), min_size=1, max_size=30))
def test_a_member_that_flickers_does_not_make_the_others_flicker_faster(pauses):
    history, seconds = History(), 11.0
    for member, decrease_w in MEMBERS.items():
        history.domain.answer(member, history.dispatch.event, -decrease_w // 2, 1, 5)
    changes = []
    for number, pause in enumerate(pauses):
        seconds += pause
        known = history.dispatch.redivisions
        state = Availability.UNREACHABLE if number % 2 == 0 else Availability.AVAILABLE
        history.domain.presence("a", state, seconds)
        if history.dispatch.redivisions > known:
            changes.append(at(seconds))
    gaps = [after - before for before, after in itertools.pairwise(changes)]
    assert all(gap >= timedelta(seconds=1) for gap in gaps)
