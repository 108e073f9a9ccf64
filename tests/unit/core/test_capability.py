from datetime import timedelta

from xmpp_cem.core.capability import (
    MOST_AT_ONCE,
    MOST_FORECAST,
    Pace,
    is_alike,
    moved_w,
    reportable,
    thinned,
)
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Interval
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


def test_how_good_a_power_is_is_told_but_no_more_often_than_flexibility():
    pace = Pace(200, timedelta(seconds=10))
    before, after = known(0, quality=Quality.ESTIMATED), (resource(quality=Quality.VALID),)
    assert not pace.lets(before, after, at(9))
    assert pace.lets(before, after, at(10))
    share = (resource(quality=Quality.ESTIMATED, estimated_share_permille=1),)
    assert not pace.lets(before, share, at(60))


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


def hourly(first, *decreases_w):
    return tuple(
        Forecast(
            window=Interval(start=at(3600 * n), end=at(3600 * (n + 1))),
            power_w=0,
            decrease_w=decrease_w,
        )
        for n, decrease_w in enumerate(decreases_w, first)
    )


def test_a_promise_to_an_event_is_told_like_flexibility():
    pace = Pace(200, timedelta(seconds=10))
    assert not pace.lets(known(0), (resource(committed_w=-1000),), at(9))
    assert pace.lets(known(0), (resource(committed_w=-1000),), at(10))
    assert not pace.lets(known(0), (resource(committed_w=-199),), at(10))


def test_an_offer_and_a_new_departure_are_told():
    pace = Pace(200, timedelta(seconds=10))
    offer = Offered(decrease_w=1, per_kwh="0.1", currency="EUR", until=at(900))
    assert pace.lets(known(0), (resource(offered=offer),), at(10))
    assert not pace.lets(known(0, offered=offer), (resource(offered=offer),), at(10))
    assert pace.lets(known(0), (resource(departs=at(900)),), at(10))


def test_a_forecast_is_told_when_it_has_moved_in_a_window_that_both_know():
    pace = Pace(200, timedelta(seconds=10))
    before = known(0, forecast=hourly(1, 3000, 2000))
    assert not pace.lets(before, (resource(forecast=hourly(1, 3000, 2199)),), at(10))
    assert pace.lets(before, (resource(forecast=hourly(1, 3000, 2200)),), at(10))


def test_a_forecast_of_other_windows_is_told_after_a_quarter_of_an_hour():
    pace = Pace(200, timedelta(seconds=10))
    before = known(0, forecast=hourly(1, 3000, 2000))
    later = (resource(forecast=hourly(2, 2000, 1000)),)
    assert not pace.lets(before, later, at(899))
    assert pace.lets(before, later, at(900))


def test_forecasts_are_told_as_far_as_a_message_bears_them():
    one = resource(forecast=hourly(1, *range(24)))
    assert thinned((one,) * 8, MOST_FORECAST) == (one,) * 8
    many = thinned((one,) * 100, MOST_FORECAST)
    assert sum(len(each.forecast) for each in many) == MOST_FORECAST
    assert many[0].forecast == one.forecast[:2]


def test_what_reports_cannot_say_is_left_out_of_a_capability():
    fine = Forecast(window=Interval(start=at(0), end=at(0.5)), power_w=0)
    offer = Offered(decrease_w=1, per_kwh="0.1", currency="EUR", until=at(900))
    one = resource(offered=offer, forecast=(fine, *hourly(1, 3000)))
    assert reportable(one) == resource(forecast=hourly(1, 3000))
