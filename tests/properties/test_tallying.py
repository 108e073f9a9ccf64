"""What an event's members have said: counted one by one, the same as counted over all of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.gateway import LOWER_ID, UPPER_EVENT, Cascade
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.vtn.dispatch.tallying import Tallying
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Order
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, make_event, request, share_of

MEMBERS = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.one_of(
    st.tuples(st.just("can"), MEMBERS, st.integers(0, 5000)),
    st.tuples(st.just("shows"), MEMBERS, st.sampled_from(Availability)),
    st.tuples(st.just("reads"), MEMBERS, st.integers(-5000, 5000)),
    st.tuples(st.just("says"), MEMBERS, st.integers(-4000, 0)),
    st.tuples(st.just("says until"), MEMBERS, st.integers(15, 70)),
    st.tuples(st.just("asks"), st.just("vtn"), st.integers(1, 9)),
    st.tuples(st.just("holds"), MEMBERS, st.booleans()),
)


class Told(Cascade):
    """A gateway of four, in an event."""

    def __init__(self):
        super().__init__("c", "d")
        self.up()
        for member in ("c", "d"):
            self.register(member, 3000, -12)
            self.presence(member, seconds=-12)
        self.tell(TimerFired("cascade/tick"), -1)
        self.ask()
        self.sequence = self.modification = 0

    def step(self, kind, member, what, seconds):
        match kind:
            case "can":
                self.register(member, what, seconds)
            case "shows":
                self.presence(member, what, seconds)
            case "reads":
                window = Interval(start=at(seconds - 4), end=at(seconds))
                body = MeterReadings(readings=(Reading(resource="r", window=window, power_w=what),))
                message = request(Verb.CREATE, Noun.READINGS, member, body)
                self.tell(arrived(message, member), seconds)
            case "asks":
                self.modification += 1
                newer = {"modification": self.modification, "signal": share_of(f"0.{what}")}
                self.ask(make_event(**newer), seconds)
            case "holds":
                held = {LOWER_ID: frozenset({member})} if what else {}
                self.gateway.vtn.dispatching.hold(held, at(seconds))
            case _:
                self.says(kind, member, what, seconds)
        self.tell(TimerFired("cascade/tick"), seconds)

    def says(self, kind, member, what, seconds):
        self.sequence += 1
        is_until = kind == "says until"
        made = self.made_answer(member, -1000 if is_until else what, self.sequence, seconds)
        made = made.model_copy(update={"until": at(what)}) if is_until else made
        self.gateway.vtn.dispatching.answer(member, made, at(seconds))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(-2, 9)), max_size=25))
def test_a_tally_with_a_history_is_the_tally_of_all_members(steps):
    """Time passes by up to nine seconds, and may be put back."""
    told, seconds = Told(), 0
    loop = told.gateway.vtn.dispatching
    for step, later in steps:
        seconds += later
        told.step(*step, seconds)
        dispatch, parts = loop.dispatches[LOWER_ID], loop.parts[LOWER_ID]
        fresh = Tallying(loop._state).tally(dispatch, parts, at(seconds))
        assert loop.tallied(dispatch, at(seconds)) == fresh


def test_the_steps_do_answer_and_divide():
    """What the property plays is not empty."""
    told = Told()
    told.step("says", "a", -1500, 3)
    told.step("says until", "b", 60, 4)
    told.step("asks", "vtn", 9, 5)
    made = told.gateway.vtn.dispatching.tallied(told.dispatch, at(5))
    assert (made.ins, made.silent, made.count, made.until) == (2, 2, 4, at(60))
    assert told.dispatch.event.order > Order(epoch=1, modification=0)
    assert told.gateway.ven.book.commitments[UPPER_EVENT.id].answer is None
    assert told.gateway.vtn.dispatching.parts[LOWER_ID]["a"].answer.opt is Opt.IN


def test_a_promise_that_has_ended_counts_again_where_the_clock_is_put_back():
    told = Told()
    told.step("says until", "a", 30, 3)
    for seconds, until in ((29, at(30)), (30, None), (29, at(30))):
        loop = told.gateway.vtn.dispatching
        assert loop.tallied(told.dispatch, at(seconds)).until == until
