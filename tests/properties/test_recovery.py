"""Whatever is lost of a member's reports, and in whatever order the rest comes, all is known."""

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.call import Call
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at
from xmpp_cem.testing.losses import STEP_S, Collector, Reporter

FATES = st.one_of(st.just("lost"), st.just("arrives"), st.integers(1, 5))
STEPS = st.one_of(
    st.tuples(st.just("report"), FATES),
    st.tuples(st.sampled_from(["restart the ven", "restart the vtn", "go deaf", "hear"])),
)
EVENT = derived_id("event")


class Line:
    """A line on which reports are lost, come late and come twice."""

    def __init__(self, uplink):
        self.line = Collector(Reporter("a", uplink))
        self.number = 0
        self.late = []

    def step(self, kind, fate=None):
        match kind:
            case "report":
                self.report(fate)
            case "restart the ven":
                self.line.ven.restart(STEP_S * self.number)
            case "restart the vtn":
                self.line.restart()
            case _:
                self.line.is_deaf = kind == "go deaf"

    def report(self, fate):
        self.line.wait(STEP_S)
        sent = self.line.ven.report(self.number)
        self.number += 1
        if fate == "arrives":
            self.line.deliver(sent)
        elif fate != "lost":
            self.late.append((self.number + fate, sent))
        for due, waiting in list(self.late):
            if due <= self.number:
                self.late.remove((due, waiting))
                self.line.deliver(waiting)
                self.line.deliver(waiting)

    def end(self):
        self.line.is_deaf = False
        self.report("arrives")
        for _, waiting in reversed(self.late):
            self.line.deliver(waiting)
        self.line.wait(600)


@given(st.sampled_from(Uplink), st.lists(STEPS, max_size=40))
def test_after_the_queries_the_vtns_windows_are_the_vens(uplink, steps):
    made = Line(uplink)
    for step in steps:
        made.step(*step)
    made.end()
    told = {window: total.power_w for window, total in made.line.windows.items()}
    assert told == made.line.ven.reported


@given(st.sampled_from(Uplink), st.lists(STEPS, max_size=25))
def test_each_window_counts_once_in_what_a_member_delivered(uplink, steps):
    made = Line(uplink)
    made.report("arrives")
    made.line.wait(3)
    line, active = made.line, Interval(start=at(STEP_S), end=at(10_000))
    line.register("a", 3000)
    call = Call(event=EVENT, signal=Delta(power_w=-9), active=active, answer_by=at(10))
    line._take(line.vtn.dispatching.create(call, at(1)))
    made.report("arrives")  # with it the baseline stands, which a VTN keeps
    for step in steps:
        made.step(*step)
    made.end()
    part = line.vtn.dispatching.parts[EVENT]["a"]
    numbers = range(1, made.number)
    assert (part.measured_s, part.gaps) == (STEP_S * len(numbers), ())
    assert part.delivered_ws == STEP_S * sum(numbers)
