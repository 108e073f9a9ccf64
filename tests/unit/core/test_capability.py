from datetime import timedelta

from xmpp_cem.core.capability import MOST_AT_ONCE, Pace, is_alike, moved_w
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.testing.builders import at


def resource(name="r", **changes):
    return Resource(id=name, kind="test", **changes)


def test_the_same_resources_in_the_same_state_are_alike_whatever_their_power():
    assert is_alike((resource(power_w=1),), (resource(power_w=2, decrease_w=9),))


def test_a_new_resource_or_another_state_is_not_alike():
    assert not is_alike((resource(),), (resource(), resource("s")))
    assert not is_alike((resource(),), (resource(state=ResourceState.OPTED_OUT),))


def test_how_far_flexibility_moved_is_the_larger_of_fall_and_rise():
    before = (resource(decrease_w=1000, increase_w=0), resource("s", decrease_w=500))
    after = (resource(decrease_w=0, increase_w=700), resource("s", decrease_w=1400))
    assert moved_w(before, after) == 700
    assert moved_w(before, before) == 0


def known(seconds, **changes):
    return Capability(revision=1, at=at(seconds), resources=(resource(**changes),))


def test_a_new_rating_is_told_at_once():
    pace = Pace(200, timedelta(seconds=10))
    assert pace.lets(known(0, rated_import_w=1), (resource(rated_import_w=2),), at(1))


def test_ratings_that_go_on_rising_are_told_no_more_often_than_flexibility():
    pace = Pace(200, timedelta(seconds=10))
    seconds, told = 0.0, []
    for number in range(1000):
        before, after = known(seconds, rated_import_w=number), resource(rated_import_w=number + 1)
        now = number / 10
        if pace.lets(before, (after,), at(now)):
            seconds = now
            told.append(now)
    assert len(told) <= MOST_AT_ONCE + 10
    lost = (resource(state=ResourceState.OUT_OF_SERVICE),)
    assert pace.lets(known(seconds), lost, at(seconds + 0.1))


def test_after_a_minute_without_a_new_rating_they_are_told_at_once_again():
    pace = Pace(200, timedelta(seconds=10))
    for number in range(MOST_AT_ONCE):
        assert pace.lets(known(0), (resource(rated_import_w=number),), at(1))
    assert not pace.lets(known(0), (resource(rated_import_w=99),), at(2))
    assert pace.lets(known(60), (resource(rated_import_w=99),), at(62))
