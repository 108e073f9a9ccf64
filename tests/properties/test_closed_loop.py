"""What holds of the closed loop whatever members do: few divisions, and rest when faults stop."""

from hypothesis import given, settings
from hypothesis import strategies as st

from xmpp_cem.core.call import Call
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.readings.metering import Counted, Window
from xmpp_cem.core.vtn.dispatch.closedloop import MOST_RETURNS, MOST_RISES, MOST_STRIKES
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, at

MEMBERS = ("a", "b", "c")
EVENT = derived_id("closed loop")
LENGTH = 5000
FALLS = 6
"""So often a promise can halve before less than the tolerance is left, and rise once."""
WINDOW = 10

faults = st.tuples(
    st.sampled_from(MEMBERS),
    st.sampled_from(["out", "less", "in", "gone", "back", "weak", "well"]),
)


class Play:
    """A domain whose members fail as they are told, and report every ten seconds."""

    def __init__(self):
        self.domain = Domain(*MEMBERS)
        self.domain.lead()
        for member in MEMBERS:
            self.domain.register(member, 3000)
            self.domain.presence(member)
        self.loop = self.domain.vtn.dispatching
        active = Interval(start=at(20), end=at(20 + LENGTH))
        call = Call(event=EVENT, signal=Delta(power_w=-4500), active=active, answer_by=at(10))
        self.loop.create(call, at(0))
        self.sequence = 1
        self.weak = dict.fromkeys(MEMBERS, False)
        self.gone = set()
        for member in MEMBERS:
            self.say(member, 1500, 5)
            before = Window(Interval(start=at(0), end=at(10)), 5000, None, None, 1, 1)
            self.loop.measured(member, [Counted(before)], at(12))

    @property
    def dispatch(self):
        return self.loop.dispatches[EVENT]

    def part(self, member):
        return self.loop.parts[EVENT][member]

    def say(self, member, power_w, seconds):
        self.sequence += 1
        self.domain.answer(member, self.dispatch.event, -power_w, self.sequence, seconds)

    def fail(self, member, fault, seconds):
        match fault:
            case "out":
                self.say(member, 0, seconds)
            case "less":
                self.say(member, abs(self.part(member).asked_w) // 2, seconds)
            case "in":
                self.say(member, 3000, seconds)
            case "gone":
                self.gone.add(member)
                self.domain.presence(member, Availability.UNREACHABLE, seconds)
            case "back":
                self.gone.discard(member)
                self.domain.presence(member, seconds=seconds)
            case _:
                self.weak[member] = fault == "weak"

    def window(self, seconds):
        """Let everybody who is there answer what is asked now, and report a window."""
        for member in MEMBERS:
            part = self.part(member)
            if member in self.gone:
                continue
            is_in = part.answer and part.answer.opt is Opt.IN
            if is_in and part.answer.order != self.dispatch.event.order:
                self.say(member, min(3000, abs(part.asked_w) or 1), seconds)
            done = abs(self.part(member).asked_w) // (3 if self.weak[member] else 1)
            interval = Interval(start=at(seconds - WINDOW), end=at(seconds))
            made = Window(interval, 5000 - (done if is_in else 0), None, None, 1, 1)
            self.loop.measured(member, [Counted(made)], at(seconds))
        self.domain.tell(TimerFired(f"vtn/again/{EVENT}"), seconds + 2)


@settings(max_examples=150)
@given(st.lists(faults, max_size=60))
def test_divisions_are_bounded_and_end_when_faults_end(plan):
    play, seconds = Play(), 20
    for member, fault in plan:
        seconds += WINDOW
        play.fail(member, fault, seconds - 5)
        play.window(seconds)
    own = MOST_STRIKES * 2 + MOST_RETURNS * 2 + (MOST_RISES + 1) * FALLS + 2
    assert play.dispatch.redivisions <= 2 * len(MEMBERS) * own
    assert all(play.part(member).conduct.strikes <= MOST_STRIKES for member in MEMBERS)
    for _ in range(30):
        seconds += WINDOW
        play.window(seconds)
    settled = play.dispatch.event.order
    for _ in range(20):
        seconds += WINDOW
        play.window(seconds)
    assert play.dispatch.event.order == settled


def test_who_promises_less_and_more_for_ever_is_soon_left_at_the_less():
    play, seconds = Play(), 20
    for number in range(300):
        seconds += WINDOW
        play.fail("a", "in" if number % 2 else "less", seconds - 5)
        play.window(seconds)
    assert play.part("a").limit_w <= 750
    assert play.dispatch.redivisions <= 2 * MOST_RISES + FALLS


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["gone", "back", "weak", "well"]), min_size=100, max_size=140))
def test_one_restless_member_does_not_keep_the_others_busy(plan):
    play, seconds = Play(), 20
    for fault in plan:
        seconds += WINDOW
        play.fail("a", fault, seconds - 5)
        play.window(seconds)
    assert play.dispatch.redivisions <= 4 * (MOST_RETURNS + MOST_STRIKES + 1)
