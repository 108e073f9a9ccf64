import itertools

import pytest
from pydantic import ValidationError

from xmpp_cem.core.timeline.bounds import FOREVER, Cap
from xmpp_cem.core.ven.site.failsafe import (
    HELD,
    MODES,
    Autonomy,
    FailsafeSettings,
    Mode,
    Sign,
    own_caps,
    turn,
)
from xmpp_cem.core.ven.site.watch import (
    is_clock_good,
    look,
    saw_index,
    saw_link,
    saw_state,
    start,
    why_held,
)
from xmpp_cem.model.signal import Direction
from xmpp_cem.testing.builders import NOW, at

SETTINGS = FailsafeSettings(import_w=4200, export_w=0)
LASTING = SETTINGS.model_copy(
    update={"autonomy": Autonomy(after_s=600, import_w=8000, is_unlimited=True)}
)


@pytest.mark.parametrize(
    ("mode", "sign"),
    list(itertools.product(Mode, Sign)),
    ids=lambda word: word.name.lower(),
)
def test_every_pair_is_taken_or_refused_with_a_reason(mode, sign):
    made = turn(mode, sign)
    assert made.why or not made.is_refused
    assert made.to is mode or not made.is_refused


def test_the_table_has_no_other_pairs():
    assert set(MODES) == set(itertools.product(Mode, Sign))


def test_every_mode_can_be_reached_and_left():
    assert {made.to for (mode, _), made in MODES.items() if made.to is not mode} == set(Mode)
    assert {mode for (mode, _), made in MODES.items() if made.to is not mode} == set(Mode)


class Box:
    """A VEN's watch, looked at every 30 s of its clock."""

    def __init__(self, settings=SETTINGS, delay_s=0, floor=NOW, begins=0):
        self.settings, self.second, self.is_limited = settings, begins, False
        self.watch = start(settings, at(begins), floor, delay_s)
        self.told = []
        self.look()

    def look(self):
        self.watch, changes = look(
            self.watch, self.settings, at(self.second), is_limited=self.is_limited
        )
        self.told += [(change.sign, change.after) for change in changes]
        return self.watch.mode

    def index(self, made=None):
        made = at(self.second if made is None else made)
        self.watch = saw_index(self.watch, self.settings, made, at(self.second))
        return self.look()

    def state(self):
        self.watch = saw_state(self.watch, at(self.second))
        return self.look()

    def link(self, is_up=True):
        self.watch = saw_link(self.watch, at(self.second), is_up=is_up)
        return self.look()

    def wait(self, seconds, is_well=False):
        for _ in range(seconds // 30):
            self.second += 30
            if is_well:
                self.index()
                self.state()
            self.look()
        return self.watch.mode

    def why(self):
        return why_held(self.watch, self.settings, at(self.second))


def well(**changes):
    box = Box(**changes)
    box.link()
    box.wait(30, is_well=True)
    assert box.watch.mode is Mode.NORMAL
    return box


def test_a_start_ends_with_index_and_state_and_with_neither_alone():
    box = Box()
    box.link()
    box.wait(30)
    assert box.why() == "no valid index has come since"
    assert box.state() is Mode.BOOT
    box.wait(30)
    assert box.index() is Mode.BOOT
    assert box.why().startswith("a heartbeat alone lifts nothing")
    assert box.state() is Mode.NORMAL
    assert box.why() == ""


def test_after_a_power_cut_the_limit_holds_until_the_delay_is_over():
    box = Box(delay_s=120)
    box.link()
    assert box.wait(90, is_well=True) is Mode.BOOT
    assert box.why() == "not before the random delay after a start is over"
    assert box.wait(30, is_well=True) is Mode.NORMAL


def test_a_delay_is_bounded_by_the_settings():
    assert Box(delay_s=99_999).watch.delay_s == 600


def test_a_clock_that_is_set_after_a_power_cut_does_not_shorten_the_delay():
    box = Box(delay_s=300)
    box.link()
    box.second += 5 * 3600
    box.look()
    assert box.wait(270, is_well=True) is not Mode.NORMAL
    assert box.wait(30, is_well=True) is Mode.NORMAL


@pytest.mark.parametrize(
    ("lose", "sign", "after_s"),
    [
        (lambda _box: None, Sign.VTN_LOST, 330),
        (lambda box: box.link(is_up=False), Sign.SERVER_LOST, 330),
    ],
)
def test_a_loss_leads_to_failsafe_after_the_time_of_the_programme(lose, sign, after_s):
    box = well(settings=SETTINGS.model_copy(update={"vtn_lost_s": 10_000}))
    if sign is Sign.VTN_LOST:
        box = well()
    lose(box)
    assert box.wait(after_s - 30, is_well=False) is Mode.NORMAL
    assert box.wait(30) is Mode.FAILSAFE
    assert box.told[-1] == (sign, Mode.FAILSAFE)


def test_heartbeats_without_the_state_they_list_are_a_loss_too():
    box = well()
    for _ in range(20):
        box.wait(30)
        box.index()
    assert box.watch.mode is Mode.NORMAL
    box.wait(30)
    assert box.told[-1] == (Sign.STATE_LOST, Mode.FAILSAFE)


def test_failsafe_is_left_by_index_and_state_after_the_loss_never_by_a_heartbeat_alone():
    box = well()
    box.wait(600)
    assert box.watch.mode is Mode.FAILSAFE
    for _ in range(5):
        box.wait(30)
        assert box.index() is Mode.FAILSAFE
    assert box.state() is Mode.NORMAL


def test_an_index_that_is_old_or_from_another_time_does_not_count():
    box = well()
    box.wait(600)
    box.index(made=box.second - 61)
    box.state()
    assert box.watch.mode is Mode.FAILSAFE
    box.index(made=box.second + 61)
    box.state()
    assert box.watch.mode is Mode.FAILSAFE


def test_a_clock_below_the_floor_holds_failsafe_until_index_and_state_come_again():
    box = well()
    right = box.second
    box.second -= 3600
    assert not is_clock_good(box.watch, at(box.second))
    assert box.look() is Mode.FAILSAFE
    assert box.wait(60, is_well=True) is Mode.FAILSAFE
    assert box.why().startswith("clock implausible")
    box.second = right + 120
    assert box.look() is Mode.FAILSAFE
    box.wait(30, is_well=True)
    assert box.watch.mode is Mode.NORMAL


def test_what_was_seen_before_a_loss_lifts_nothing_after_it():
    box = well()
    box.second -= 1
    assert box.look() is Mode.FAILSAFE
    box.second += 1
    assert box.look() is Mode.FAILSAFE
    assert box.state() is Mode.FAILSAFE
    box.index()
    assert box.state() is Mode.NORMAL


def test_a_lost_server_that_returns_lifts_nothing_by_itself():
    box = well(settings=SETTINGS.model_copy(update={"server_lost_s": 60}))
    box.link(is_up=False)
    assert box.wait(90) is Mode.FAILSAFE
    assert box.link() is Mode.FAILSAFE
    assert box.wait(30, is_well=True) is Mode.NORMAL


def test_without_a_kept_floor_a_box_waits_for_an_index_of_its_own_time():
    box = Box(floor=None, begins=-(10**9))
    box.link()
    box.index(made=0)
    box.state()
    assert box.watch.mode is Mode.BOOT
    box.second = 0
    assert box.wait(60, is_well=True) is Mode.NORMAL


def test_the_floor_rises_with_what_the_vtn_confirms_and_never_falls():
    box = well()
    assert box.watch.floor == at(30)
    box.wait(30)
    box.index(made=box.second - 50)
    assert box.watch.floor == at(30)
    box.index(made=box.second + 50)
    assert box.watch.floor == at(60)


def test_limits_come_and_go_in_normal_operation():
    box = well()
    box.is_limited = True
    assert box.look() is Mode.LIMITED
    box.is_limited = False
    assert box.look() is Mode.NORMAL
    box.wait(600)
    box.is_limited = True
    assert box.look() is Mode.FAILSAFE
    box.wait(30)
    box.index()
    assert box.state() is Mode.LIMITED


def test_a_failsafe_that_lasts_becomes_autonomous_only_where_that_is_configured():
    assert well().wait(10_000) is Mode.FAILSAFE
    box = well(settings=LASTING)
    box.wait(330)
    assert box.watch.mode is Mode.FAILSAFE
    assert box.wait(570) is Mode.FAILSAFE
    assert box.wait(30) is Mode.AUTONOMOUS
    assert box.wait(30, is_well=True) is Mode.NORMAL


def test_a_jump_of_the_clock_does_not_end_a_failsafe():
    box = well(settings=LASTING)
    box.wait(330)
    box.second += 10_000
    assert box.look() is Mode.FAILSAFE
    assert box.wait(570) is Mode.FAILSAFE


def test_the_limits_of_each_mode_hold_at_every_instant():
    for mode in (Mode.BOOT, Mode.FAILSAFE):
        caps = own_caps(mode, LASTING)
        assert [(cap.direction, cap.limit_w) for cap in caps] == [
            (Direction.IMPORT, 4200),
            (Direction.EXPORT, 0),
        ]
        assert all(cap.holds_at(at(-(10**10))) and cap.end == FOREVER for cap in caps)
    autonomous = own_caps(Mode.AUTONOMOUS, LASTING)
    assert [(cap.direction, cap.limit_w) for cap in autonomous] == [(Direction.IMPORT, 8000)]
    assert own_caps(Mode.AUTONOMOUS, SETTINGS) == tuple(
        Cap("autonomous", cap.start, cap.end, cap.direction, cap.limit_w, is_mandatory=True)
        for cap in own_caps(Mode.FAILSAFE, SETTINGS)
    )
    assert {mode for mode in Mode if not own_caps(mode, LASTING)} == set(Mode) - set(HELD)


@pytest.mark.parametrize(
    "values",
    [
        {"after_s": 600},
        {"after_s": 600, "import_w": 1},
        {"after_s": 600, "import_w": 1, "export_w": 1, "is_unlimited": True},
        {"after_s": 1, "import_w": 1, "export_w": 1},
    ],
)
def test_a_missing_limit_must_be_said(values):
    with pytest.raises(ValidationError):
        Autonomy.model_validate(values)
    assert Autonomy(after_s=600, import_w=1, is_unlimited=True).export_w is None


def test_a_failsafe_without_limits_is_no_configuration():
    with pytest.raises(ValidationError):
        FailsafeSettings.model_validate({"import_w": 4200})
