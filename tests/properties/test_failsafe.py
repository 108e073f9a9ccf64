"""A VEN is never silently unlimited, whatever is lost and however its clock jumps."""

from datetime import timedelta
from itertools import product

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from xmpp_cem.core.ven.site.failsafe import (
    HELD,
    MODES,
    Autonomy,
    FailsafeSettings,
    Mode,
    Sign,
    own_caps,
)
from xmpp_cem.core.ven.site.watch import look, saw_index, saw_link, saw_state, start, why_held
from xmpp_cem.model.signal import Direction
from xmpp_cem.testing.builders import NOW, at

AUTONOMIES = (
    None,
    Autonomy(after_s=600, import_w=9000, export_w=0),
    Autonomy(after_s=600, import_w=9000, is_unlimited=True),
    Autonomy(after_s=600, is_unlimited=True),
)
TRUSTING = {Mode.NORMAL, Mode.LIMITED}


def test_walks_of_every_kind_reach_trust_only_by_fresh_index_and_state():
    fresh = {Sign.FRESH_FREE, Sign.FRESH_LIMITED}
    for (mode, sign), made in MODES.items():
        if mode in HELD and made.to in TRUSTING:
            assert sign in fresh
        if made.to is Mode.AUTONOMOUS is not mode:
            assert (mode, sign) == (Mode.FAILSAFE, Sign.LONG_ENOUGH)
        if made.is_refused:
            assert made.to is mode
            assert made.why


def test_every_walk_of_five_signs_holds_a_limit_unless_it_is_trusting():
    limits = FailsafeSettings(import_w=4200, export_w=0, autonomy=AUTONOMIES[1])
    reached = {(mode,) for mode in Mode}
    for _ in range(5):
        reached = {(MODES[mode, sign].to,) for (mode,), sign in product(reached, Sign)}
        for (mode,) in reached:
            directions = {cap.direction for cap in own_caps(mode, limits)}
            assert directions == (set() if mode in TRUSTING else set(Direction))


class Life(RuleBasedStateMachine):
    """A box, its VTN and its clock; what may lift a limit is reckoned here independently."""

    @initialize(
        autonomy=st.sampled_from(AUTONOMIES),
        delay_s=st.integers(0, 900),
        behind_s=st.sampled_from([0, 0, 100_000]),
    )
    def begin(self, autonomy, delay_s, behind_s):
        self.settings = FailsafeSettings(import_w=4200, export_w=0, autonomy=autonomy)
        self.second, self.wrong_s, self.is_limited = 0, -behind_s, False
        self.box(delay_s, NOW)

    @property
    def now(self):
        return at(self.second + self.wrong_s)

    def box(self, delay_s, floor):
        self.watch = start(self.settings, self.now, floor, delay_s)
        self.ready_at = self.second + min(delay_s, 600)
        self.seen, self.held_at = [], self.second
        self.look()

    def look(self):
        before = self.watch.mode
        self.watch, changes = look(self.watch, self.settings, self.now, is_limited=self.is_limited)
        for change in changes:
            assert change.before is before is not change.after
            before = change.after
            self.check(change)
        assert before is self.watch.mode

    def check(self, change):
        if change.before in HELD and change.after in TRUSTING:
            assert "index" in self.seen
            assert "state" in self.seen[self.seen.index("index") :]
            assert self.second >= self.ready_at
            assert self.watch.is_up
        if change.after is Mode.AUTONOMOUS:
            assert self.settings.autonomy
            assert self.second - self.held_at >= self.settings.autonomy.after_s
        if change.after in HELD:
            self.seen, self.held_at = [], self.second

    @rule(seconds=st.integers(1, 59))
    def wait(self, seconds):
        self.second += seconds
        self.look()

    @rule(minutes=st.integers(1, 12), is_well=st.booleans())
    def wait_long(self, minutes, is_well):
        for _ in range(2 * minutes):
            self.second += 30
            if is_well:
                self.index(0)
                self.state()
            self.look()

    @rule(seconds=st.integers(100, 5000))
    def sleep_without_looks(self, seconds):
        self.second += seconds
        self.held_at += seconds  # such time does not count towards lifting
        self.ready_at += seconds
        self.look()

    @rule(age_s=st.sampled_from([0, 0, 5, 59, 61, 5000]))
    def index(self, age_s):
        made = at(self.second - age_s)
        known = self.watch
        self.watch = saw_index(self.watch, self.settings, made, self.now)
        if self.watch != known:
            assert abs(self.now - made) <= timedelta(seconds=60)
            self.seen.append("index")
        self.look()

    @rule()
    def state(self):
        self.watch = saw_state(self.watch, self.now)
        self.seen.append("state")
        self.look()

    @rule(is_up=st.booleans())
    def link(self, is_up):
        self.watch = saw_link(self.watch, self.now, is_up=is_up)
        self.look()

    @rule(by_s=st.sampled_from([-100_000, -3000, -61, -1, 61, 3000, 100_000]))
    def clock_jumps(self, by_s):
        self.wrong_s += by_s
        self.look()

    @precondition(lambda self: self.wrong_s)
    @rule()
    def clock_is_set_right(self):
        if abs(self.wrong_s) > 60:
            self.wrong_s = 0
            self.look()

    @rule(delay_s=st.integers(0, 2000))
    def power_cut(self, delay_s):
        self.box(delay_s, self.watch.floor)

    @rule(is_limited=st.booleans())
    def limit(self, is_limited):
        self.is_limited = is_limited
        self.look()

    @invariant()
    def is_never_silently_unlimited(self):
        mode, caps = self.watch.mode, own_caps(self.watch.mode, self.settings)
        bounded = {cap.direction for cap in caps if cap.holds_at(self.now)}
        autonomy = self.settings.autonomy
        if mode in TRUSTING:
            assert (mode is Mode.LIMITED) is self.is_limited
        elif mode is Mode.AUTONOMOUS:
            assert bounded == set(Direction) or autonomy.is_unlimited
        else:
            assert bounded == set(Direction)
            assert all(cap.is_mandatory for cap in caps)

    @invariant()
    def trusts_only_what_is_recent_by_a_plausible_clock(self):
        if self.watch.mode in TRUSTING:
            assert self.now >= self.watch.floor
            assert (self.now - self.watch.index_at).total_seconds() <= 300
            assert (self.now - self.watch.state_at).total_seconds() <= 600
            assert why_held(self.watch, self.settings, self.now) == ""
        else:
            assert why_held(self.watch, self.settings, self.now)

    def teardown(self):
        """A box whose world is well again always comes back to normal: failsafe is left."""
        if not hasattr(self, "watch"):
            return
        if -60 <= self.wrong_s < 0:
            self.ready_at += self.wrong_s  # a step too small to be told from time that passes
        self.wrong_s = 0
        for _ in range(25):
            self.second += 30
            self.link(is_up=True)
            self.index(0)
            self.state()
        if self.watch.floor <= self.now:
            assert self.watch.mode in TRUSTING


Life.TestCase.settings = settings(max_examples=250, stateful_step_count=25)
TestLife = Life.TestCase
