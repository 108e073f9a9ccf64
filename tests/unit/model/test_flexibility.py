from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def hours(start, end):
    return Interval(start=NOON + timedelta(hours=start), end=NOON + timedelta(hours=end))


def forecast(start, end, decrease_w, increase_w=0):
    window = hours(start, end)
    return Forecast(window=window, power_w=0, decrease_w=decrease_w, increase_w=increase_w)


def offered(until, **able):
    at = NOON + timedelta(hours=until)
    return Offered(per_kwh="0.12", currency="EUR", until=at, **able)


def capability(**values):
    resource = Resource(id="r", kind="ev", decrease_w=5000, increase_w=1000, **values)
    return Capability(revision=1, at=NOON, resources=(resource,))


def test_the_least_of_a_time_that_is_forecast_counts():
    told = capability(forecast=(forecast(1, 2, 7000), forecast(2, 3, 3000)))
    assert told.able_w(hours(1, 3), is_fall=True) == 3000
    assert told.able_w(hours(1, 2), is_fall=True) == 7000


def test_what_no_forecast_covers_is_as_now():
    told = capability(forecast=(forecast(1, 2, 7000),))
    assert told.able_w(hours(0, 2), is_fall=True) == 5000
    assert told.able_w(hours(5, 6), is_fall=True) == 5000
    assert told.able_w(hours(1, 2), is_fall=False) == 0


def test_an_offer_comes_on_top_for_events_that_end_in_its_time():
    told = capability(offered=offered(2, decrease_w=2000))
    assert told.able_w(hours(0, 2), is_fall=True) == 7000
    assert told.able_w(hours(0, 3), is_fall=True) == 5000
    assert told.able_w(hours(0, 2), is_fall=False) == 1000
    assert told.offered_w(hours(0, 2), is_fall=True) == 2000


@pytest.mark.parametrize(
    ("state", "able_w"), [(ResourceState.OPTED_OUT, 7000), (ResourceState.OUT_OF_SERVICE, 0)]
)
def test_who_is_not_ready_can_do_no_more_than_its_owner_lets_it_later(state, able_w):
    told = capability(
        state=state, forecast=(forecast(1, 2, 7000),), offered=offered(2, decrease_w=1)
    )
    assert told.able_w(hours(1, 2), is_fall=True) == able_w
    assert told.able_w(hours(0, 2), is_fall=True) == 0


@pytest.mark.parametrize("second", [(0, 1), (0.5, 2)])
def test_windows_that_overlap_or_go_back_are_no_forecast(second):
    with pytest.raises(ValidationError, match="in order"):
        capability(forecast=(forecast(0, 1, 1), forecast(*second, 1)))
