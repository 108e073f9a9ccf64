from datetime import timedelta

from xmpp_cem.core.cascade.folding import Folding
from xmpp_cem.model.flexibility import MOST_WINDOWS, Forecast, Offered
from xmpp_cem.model.quantity import LARGEST_W, LARGEST_WH
from xmpp_cem.model.resource import Capability, Resource, ResourceState
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

HOUR = timedelta(hours=1)


def able(**values):
    resource = Resource(id="r", kind="test", **{"power_w": 5000, "decrease_w": 3000} | values)
    return Capability(revision=1, at=at(0), resources=(resource,))


def span(start, end):
    return Interval(start=at(0) + start * HOUR, end=at(0) + end * HOUR)


def forecast(start, end, power_w, decrease_w):
    return Forecast(window=span(start, end), power_w=power_w, decrease_w=decrease_w)


def offer(decrease_w, per_kwh, seconds, currency="EUR"):
    return Offered(decrease_w=decrease_w, per_kwh=per_kwh, currency=currency, until=at(seconds))


def folded(*told):
    folding = Folding()
    for number, each in enumerate(told):
        folding.put(number, each)
    return folding.told()


def test_energies_and_promises_are_added_up_and_the_first_departure_counts():
    told = [
        able(needed_wh=8000, departs=at(900), committed_w=-1000, stored_wh=100),
        able(needed_wh=2000, departs=at(600), committed_w=-500),
        able(),
    ]
    made = folded(*told)
    assert (made["needed_wh"], made["departs"], made["committed_w"]) == (10_000, at(600), -1500)
    assert made["stored_wh"] == 100


def test_what_nobody_tells_stays_unknown():
    made = folded(able(), able())
    assert (made["needed_wh"], made["departs"], made["stored_wh"]) == (None, None, None)
    assert (made["offered"], made["forecast"]) == (None, ())


def test_offers_become_one_until_the_first_ends_at_the_highest_price():
    made = folded(able(offered=offer(1000, "0.1", 900)), able(offered=offer(500, "0.3", 60)))
    assert made["offered"] == offer(1500, "0.3", 60)


def test_where_currencies_differ_the_larger_one_counts():
    told = [able(offered=offer(1000, "0.1", 900)), able(offered=offer(5000, "9", 60, "JPY"))]
    assert folded(*told)["offered"] == offer(5000, "9", 60, "JPY")


def test_a_forecast_is_the_sum_window_by_window_and_who_tells_none_stays_as_it_is():
    told = [
        able(forecast=(forecast(1, 3, 4000, 2000),)),
        able(forecast=(forecast(2, 4, 9000, 8000),)),
        able(committed_w=-1000),
    ]
    made = folded(*told)["forecast"]
    assert [(each.window, each.power_w, each.decrease_w) for each in made] == [
        (span(1, 2), 4000 + 5000 + 6000, 2000 + 3000 + 3000),
        (span(2, 3), 4000 + 9000 + 6000, 2000 + 8000 + 3000),
        (span(3, 4), 5000 + 9000 + 6000, 3000 + 8000 + 3000),
    ]


def test_a_forecast_has_no_more_windows_than_a_message_bears():
    told = [able(forecast=tuple(forecast(n, n + 1, 0, n) for n in range(24)))]
    shifted = [able(forecast=tuple(forecast(n + 0.5, n + 1.5, 0, n) for n in range(24)))]
    assert len(folded(*told, *shifted)["forecast"]) == MOST_WINDOWS


def test_who_is_out_of_service_is_in_no_sum():
    out = able(state=ResourceState.OUT_OF_SERVICE, needed_wh=1, forecast=(forecast(1, 2, 1, 1),))
    made = folded(out)
    assert (made["needed_wh"], made["forecast"]) == (None, ())


def test_whom_its_owner_keeps_counts_as_far_as_its_forecast_goes():
    kept = able(state=ResourceState.OPTED_OUT, forecast=(forecast(2, 3, 4000, 2000),))
    free = able(forecast=(forecast(1, 4, 5000, 1000),))
    made = folded(kept, free)["forecast"]
    assert [each.decrease_w for each in made] == [1000, 3000, 1000]


def test_what_many_claim_stays_within_what_a_message_can_carry():
    most = LARGEST_W
    claim = offer(most, "0.1", 900)
    ahead = (Forecast(window=span(1, 2), power_w=most, increase_w=most, decrease_w=most),)
    liar = able(offered=claim, forecast=ahead, stored_wh=LARGEST_WH, committed_w=-most)
    made = folded(liar, liar)
    assert (made["offered"], made["forecast"]) == (claim, ahead)
    assert (made["stored_wh"], made["committed_w"]) == (LARGEST_WH, -most)


def test_only_what_was_told_anew_is_folded_anew():
    folding, told = Folding(), able(needed_wh=1)
    folding.put("a", told)
    first = folding.told()
    folding.put("a", told)
    assert folding.told() is first
    folding.put("a", able(needed_wh=2))
    assert folding.told()["needed_wh"] == 2
    folding.put("a", None)
    assert folding.told()["needed_wh"] is None
