from datetime import timedelta

import pytest

from xmpp_cem.core.readings.sampling import Sampling, resource_of
from xmpp_cem.model.control import Sample
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

LENGTH = timedelta(seconds=10)


def sample(power_w, resource="r", **changes):
    return Sample(resource=resource, power_w=power_w, decrease_w=500, increase_w=300, **changes)


def test_a_window_is_told_when_the_next_one_begins_as_the_mean_of_its_samples():
    sampling = Sampling()
    assert sampling.take((sample(1000),), at(1), LENGTH) == ()
    assert sampling.take((sample(2000, import_wh=7),), at(9), LENGTH) == ()
    (told,) = sampling.take((sample(9),), at(10), LENGTH)
    assert told.window == Interval(start=at(0), end=at(10))
    assert (told.power_w, told.import_wh) == (1500, 7)


def test_a_window_without_samples_gives_no_reading():
    sampling = Sampling()
    sampling.take((sample(1000),), at(1), LENGTH)
    told = sampling.take((sample(1000),), at(55), LENGTH)
    assert [r.window.start for r in told] == [at(0)]


def test_a_resource_that_is_no_longer_seen_is_not_reported():
    sampling = Sampling()
    sampling.take((sample(1, "a"), sample(2, "b")), at(1), LENGTH)
    assert {r.resource for r in sampling.take((sample(1, "a"),), at(11), LENGTH)} == {"a", "b"}
    assert {r.resource for r in sampling.take((sample(1, "a"),), at(21), LENGTH)} == {"a"}


def test_the_baseline_is_the_mean_before_the_start_or_the_last_power_known():
    sampling = Sampling()
    for seconds, power_w in ((1, 9999), (15, 1000), (25, 2000), (30, 5)):
        sampling.take((sample(power_w),), at(seconds), LENGTH)
    assert sampling.baseline("r", at(30), timedelta(seconds=20)) == 1500
    assert sampling.baseline("r", at(900), timedelta(seconds=20)) == 5
    assert sampling.baseline("strange", at(30), LENGTH) is None


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, ResourceState.AVAILABLE),
        ({"is_overridden": True}, ResourceState.OPTED_OUT),
        ({"is_faulty": True}, ResourceState.OUT_OF_SERVICE),
        ({"is_overridden": True, "is_faulty": True}, ResourceState.OUT_OF_SERVICE),
    ],
)
def test_only_a_resource_that_obeys_us_offers_flexibility(changes, state):
    resource = resource_of(sample(1000, **changes), at(0))
    assert resource.state is state
    assert resource.power_w == 1000
    offers = (resource.increase_w, resource.decrease_w)
    assert offers == ((300, 500) if state is ResourceState.AVAILABLE else (0, 0))


def test_what_an_event_moves_is_no_baseline_of_another():
    sampling = Sampling()
    for seconds in range(10):
        sampling.take((sample(5000),), at(seconds), LENGTH)
    for seconds in range(10, 40):
        sampling.take((sample(3000),), at(seconds), LENGTH, frozenset({"r"}))
    assert sampling.baseline("r", at(40), timedelta(seconds=30)) == 5000
    assert sampling.baseline("r", at(35), timedelta(seconds=30)) == 5000


def test_a_register_is_told_as_it_was_at_the_end_of_the_window():
    sampling = Sampling()
    sampling.take((sample(4000, import_wh=100),), at(8), LENGTH)
    (told,) = sampling.take((sample(4000, import_wh=110),), at(12), LENGTH)
    assert told.import_wh == 105
    (exact,) = sampling.take((sample(4000, import_wh=130),), at(20), LENGTH)
    assert exact.import_wh == 130


def test_a_register_long_after_a_window_says_nothing_about_its_end():
    sampling = Sampling()
    sampling.take((sample(1000, import_wh=7),), at(9), LENGTH)
    (told,) = sampling.take((sample(1000, import_wh=70),), at(60), LENGTH)
    assert told.import_wh == 7
    again = Sampling()
    again.take((sample(1000, import_wh=7),), at(9), LENGTH)
    (told,) = again.take((sample(1000, import_wh=3),), at(10), LENGTH)
    assert told.import_wh == 7


@pytest.mark.parametrize("sign", [1, -1])
def test_a_mean_is_rounded_to_the_nearest_watt(sign):
    sampling = Sampling()
    for seconds, power_w in enumerate((1000, 1000, 1001)):
        sampling.take((sample(sign * power_w),), at(seconds), LENGTH)
    (told,) = sampling.take((sample(9),), at(10), LENGTH)
    assert told.power_w == sign * 1000


def test_what_is_rated_available_forecast_offered_committed_and_needed_is_told_apart():
    span = Interval(start=at(0), end=at(3600))
    car = sample(
        1000,
        kind="ev",
        stored_wh=7,
        charge_permille=9,
        needed_wh=800,
        departs=at(7200),
        offered=Offered(decrease_w=50, per_kwh="0.3", currency="EUR", until=at(60)),
        forecast=(Forecast(window=span, power_w=3, decrease_w=2),),
        limits=Limits(rated_import_w=11_000, rated_export_w=100),
    )
    told = resource_of(car, at(0), -100)
    assert (told.rated_import_w, told.rated_export_w) == (11_000, 100)
    assert (told.increase_w, told.decrease_w, told.committed_w) == (300, 500, -100)
    assert (told.offered, told.forecast) == (car.offered, car.forecast)
    assert (told.needed_wh, told.departs) == (800, at(7200))
    assert (told.stored_wh, told.charge_permille, told.kind) == (7, 9, "ev")
