from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from xmpp_cem.drivers.driver import Reading
from xmpp_cem.drivers.health import Following, Look, doubt, jump
from xmpp_cem.model.limits import Limits
from xmpp_cem.testing.clock import START

LIMITS = Limits(rated_import_w=10_000, rated_export_w=5000)
GOOD = Reading(2000, 3000, 1000, 500, 40, None, overridden=False)


def look(seconds: float = 0, **changes: object) -> Look:
    return Look(START + timedelta(seconds=seconds), replace(GOOD, **changes))


def said_of(now: Look, before: Look | None) -> str:
    return doubt(now.reading, LIMITS) or jump(now, before, LIMITS)


def test_what_can_be_true_is_believed():
    assert said_of(look(), None) == ""
    later = look(10, power_w=-5400, increase_w=0, decrease_w=0, import_wh=505, stored_wh=3)
    assert said_of(later, look()) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"power_w": 12_000}, "power of 12000 W is beyond the ratings"),
        ({"power_w": -7000}, "power of -7000 W is beyond the ratings"),
        ({"increase_w": 20_000}, "power with increase of 22000 W is beyond the ratings"),
        ({"decrease_w": 20_000}, "power with decrease of -18000 W is beyond the ratings"),
        ({"decrease_w": -1}, "decrease_w is negative: -1"),
        ({"power_w": 1.5}, "power_w is 1.5 and no whole number"),
        ({"power_w": None}, "power_w is None and no whole number"),
        ({"increase_w": True}, "increase_w is True and no whole number"),
        ({"stored_wh": -4}, "stored_wh is negative: -4"),
        ({"import_wh": 400}, "import_wh fell from 500 to 400"),
        ({"export_wh": 40_000}, "export_wh rose by 39960 Wh in 10 s"),
        ({"charge_permille": 1001}, "charge_permille is above 1000: 1001"),
        ({"needed_wh": "all"}, "needed_wh is 'all' and no whole number"),
        ({"departs": datetime(2030, 1, 1)}, "departs has no time zone: 2030-01-01 00:00:00"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_true_is_doubted_with_its_reason(changes: dict[str, object], why: str):
    assert said_of(look(10, **changes), look()) == why


def test_a_register_that_appears_or_vanishes_is_no_lie():
    assert said_of(look(10), look(import_wh=None)) == ""
    assert said_of(look(10, import_wh=None), look()) == ""


def watched(*steps: tuple[float, int, int | None], limits: Limits = LIMITS, **changes: object):
    following = Following(timedelta(seconds=60))
    said = ""
    for seconds, power_w, set_point in steps:
        said = following.doubt(look(seconds, power_w=power_w, **changes), set_point, limits)
    return said


def test_who_follows_is_believed():
    assert watched((0, 9000, 8000), (61, 8100, 8000), (200, 7900, 8000)) == ""


def test_who_could_follow_and_does_not_for_long_is_doubted():
    away = (0, 9000, 5000), (60, 9000, 5000)
    assert watched(*away, decrease_w=4000) == ""
    why = "does not follow: 9000 W instead of 5000 W"
    assert watched(*away, (61, 9000, 5000), decrease_w=4000) == why


def test_who_says_that_it_cannot_move_is_believed():
    assert watched((0, 9000, 5000), (600, 9000, 5000), decrease_w=0) == ""


def test_who_is_overridden_or_free_follows_nothing():
    assert watched((0, 9000, 5000), (600, 9000, 5000), decrease_w=4000, overridden=True) == ""
    assert watched((0, 9000, None), (600, 9000, None), decrease_w=4000) == ""


def test_a_new_set_point_gets_its_own_time():
    steps = (0, 9000, 5000), (50, 9000, 4000), (100, 9000, 4000)
    assert watched(*steps, decrease_w=4000) == ""
    assert watched(*steps, (111, 9000, 4000), decrease_w=4000) != ""


def test_slow_physics_get_more_time():
    slow = LIMITS.model_copy(update={"ramp_w_per_s": 10.0, "min_run_s": 100})
    steps = (0, 9000, 5000), (500, 9000, 5000)
    assert watched(*steps, decrease_w=4000, limits=slow) == ""
    assert watched(*steps, (561, 9000, 5000), decrease_w=4000, limits=slow) != ""


def test_a_doubt_stays_when_the_set_point_goes_and_ends_with_obedience_or_time():
    lied = (0, 9000, 5000), (61, 9000, 5000)
    assert watched(*lied, (62, 9000, None), decrease_w=4000) != ""
    assert watched(*lied, (62, 9000, None), (63, 5000, 5000), decrease_w=4000) == ""
    assert watched(*lied, (62, 9000, None), (182, 9000, None), decrease_w=4000) == ""


def test_who_lies_again_is_doubted_for_longer():
    twice = (0, 9000, 5000), (61, 9000, 5000), (200, 9000, None), (300, 9000, 5000)
    twice += ((361, 9000, 5000), (362, 9000, None), (600, 9000, None))
    assert watched(*twice, decrease_w=4000) != ""
    assert watched(*twice, (602, 9000, None), decrease_w=4000) == ""
