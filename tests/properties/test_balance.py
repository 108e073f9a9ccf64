"""The energy balance of a gateway: what it tells above is the sum of what its members told it.

Whatever order readings arrive in, however often they come, whichever are lost or corrected, and
whenever the gateway is started again: each counts once, the last correction in the place of all
before it, and what is missing is seen.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.gateway import answered
from tests.unit.core.test_sums_after_restart import Keeping
from xmpp_cem.core.effects import Query
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.readings.estimating import share_permille
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, of_kind, request

MEMBERS = ("a", "b")
WINDOWS = 5
REPORTS = st.tuples(
    st.just("report"),
    st.sampled_from(MEMBERS),
    st.integers(0, WINDOWS - 1),
    st.integers(0, 2),
)
STEPS = st.lists(
    st.one_of(REPORTS, REPORTS, REPORTS, st.sampled_from([("restart",), ("look",), ("wait",)])),
    max_size=25,
)


def power_of(member, number, revision):
    """Return a power that no other reading has, W; what is corrected may change its sign."""
    powers = {"a": 1, "b": 10}[member] * 4**number
    return powers * 1000 if revision == 0 else -powers * 100 * revision


class Play:
    """A gateway of two members, and what it has told above of each window."""

    def __init__(self):
        self.gateway = Keeping()
        self.gateway.up()
        self.now = 60
        self.sequence = dict.fromkeys(MEMBERS, 0)
        self.newest = {}
        self.ever = {member: set() for member in MEMBERS}
        self.told = {}

    def step(self, kind, *what):
        match kind:
            case "report":
                self.report(*what)
            case "restart":
                self.look()
                self.gateway = self.gateway.again(self.now, *MEMBERS)
                self.now += 3
            case "wait":
                self.now += 35
            case _:
                self.look()

    def report(self, member, number, revision):
        window = Interval(start=at(10 * number), end=at(10 * number + 10))
        power_w = power_of(member, number, revision)
        self.ever[member].add(power_w)
        reading = Reading(resource="r", window=window, power_w=power_w, revision=revision)
        self.sequence[member] += 1
        sequence = self.sequence[member]
        body = MeterReadings(readings=(reading,))
        made = request(Verb.CREATE, Noun.READINGS, member, body)
        header = made.header.model_copy(update={"epoch": 7, "sequence": sequence})
        self.gateway.tell(arrived(made.model_copy(update={"header": header}), member), self.now)
        asked = self.gateway.tell(TimerFired(f"vtn/ask/{member}"), self.now + 2)
        if of_kind(asked, Query):
            answered(self.gateway, asked, member, sequence, seconds=self.now + 2)
        known = self.newest.get((member, number))
        if known is None or revision > known[0]:
            self.newest[member, number] = (revision, power_w)
        self.now += 3

    def look(self):
        """Let the gateway tell what is due; each window's revisions must rise one by one."""
        self.gateway.tell(TimerFired("cascade/tick"), self.now)
        bodies = [m.body for m in self.gateway.sent if m.header.noun is Noun.READINGS]
        self.gateway.sent.clear()
        for reading in (r for body in bodies for r in body.readings):
            before = self.told.get(reading.window)
            assert reading.revision == (before.revision + 1 if before else 0)
            self.told[reading.window] = reading
        self.now += 1

    def check_all(self):
        for number in range(WINDOWS):
            window = Interval(start=at(10 * number), end=at(10 * number + 10))
            parts = [w for (_, n), (_, w) in self.newest.items() if n == number]
            last = self.told.get(window)
            assert (last is None) == (not parts)
            if last is not None:
                self.check(number, last, parts)

    def check(self, number, last, parts):
        """A sum is that of its parts; who is missing counts with what it did in its last window."""
        assert (last.expected, last.reporting) == (len(MEMBERS), len(parts))
        guessed_w = last.power_w - sum(parts)
        if last.reporting == last.expected:
            assert (guessed_w, last.quality) == (0, Quality.VALID)
        else:
            (missing,) = [each for each in MEMBERS if (each, number) not in self.newest]
            assert guessed_w in {0, *self.ever[missing]}
            assert last.quality is Quality.ESTIMATED
        share = share_permille(abs(guessed_w), sum(map(abs, parts)) + abs(guessed_w))
        assert last.estimated_share_permille == share
        assert last.oldest <= last.window.end

    def end(self):
        for _ in range(3):
            self.now += 40
            self.look()


@settings(max_examples=60)
@given(STEPS)
def test_what_is_told_above_is_the_sum_of_what_members_told(steps):
    play = Play()
    for step in steps:
        play.step(*step)
    play.end()
    play.check_all()
    play.gateway = play.gateway.again(play.now, *MEMBERS)
    before = dict(play.told)
    play.end()
    play.check_all()
    for window, last in play.told.items():  # what was estimated may be estimated better
        assert last == before[window] or last.reporting < last.expected
