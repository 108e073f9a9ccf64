from datetime import timedelta

from xmpp_cem.core.readings.onchange import OnChange
from xmpp_cem.testing.builders import at


def band(least_w=500):
    made = OnChange(least_w, timedelta(seconds=2))
    made.told({"a": 1000, "b": 0}, at(0))
    return made


def test_what_leaves_its_dead_band_is_told_and_what_stays_is_not():
    assert band().lets({"a": 1500, "b": 0}, at(2))
    assert band().lets({"a": 1000, "b": -500}, at(2))
    assert not band().lets({"a": 1499, "b": -499}, at(2))


def test_the_band_lies_around_what_was_told_last():
    made = band()
    made.told({"a": 1400, "b": 0}, at(2))
    assert not made.lets({"a": 1000, "b": 0}, at(4))
    assert made.lets({"a": 900, "b": 0}, at(4))


def test_changes_are_told_no_more_often_than_is_allowed():
    assert not band().lets({"a": 9000, "b": 0}, at(1.9))


def test_without_a_dead_band_nothing_is_told_beside_the_schedule():
    assert not band(None).lets({"a": 9000, "b": 0}, at(100))


def test_nothing_is_told_before_the_schedule_has_begun():
    assert not OnChange(1, timedelta(seconds=2)).lets({"a": 9000}, at(100))
