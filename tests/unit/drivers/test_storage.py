from datetime import UTC, datetime, time, timedelta

import pytest

from xmpp_cem.drivers.storage import Battery, Ev, least_charging_w

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)
BATTERY = Battery(
    charge_w=5000,
    discharge_w=4000,
    lowest_wh=1000,
    highest_wh=9000,
    start_wh=5000,
    efficiency=0.81,
    ramp_w_per_s=1000,
)
EV = Ev(
    rated_w=11_000,
    phases=3,
    needed_wh=22_000,
    plugged_from=time(10),
    plugged_until=time(18),
    ramp_w_per_s=1000,
)


def later(**span: float) -> datetime:
    return NOON + timedelta(**span)


def test_a_battery_rests_when_released():
    assert BATTERY.step(BATTERY.initial(NOON), later(hours=1), None).power_w == 0


def test_a_released_battery_follows_its_fixed_power():
    battery = Battery(5000, 4000, 1000, 9000, 5000, 0.81, 1000, released_w=-700)
    assert battery.step(battery.initial(NOON), later(minutes=1), None).power_w == -700


@pytest.mark.parametrize(("asked", "done"), [(9999, 5000), (-9999, -4000), (123, 123)])
def test_a_battery_keeps_its_ratings(asked: int, done: int):
    assert BATTERY.step(BATTERY.initial(NOON), later(minutes=1), asked).power_w == done


def test_a_battery_changes_power_no_faster_than_its_ramp():
    state = BATTERY.step(BATTERY.initial(NOON), later(seconds=2), 5000)
    assert state.power_w == pytest.approx(2000)
    state = BATTERY.step(state, later(seconds=5), -5000)
    assert state.power_w == pytest.approx(-1000)


def test_charging_stores_less_than_it_takes():
    state = BATTERY.step(BATTERY.initial(NOON), later(hours=1), 1000)
    assert state.import_wh == pytest.approx(1000, abs=1)
    assert state.stored_wh == pytest.approx(5000 + 0.9 * state.import_wh)


def test_a_full_battery_stops_charging():
    state = BATTERY.step(BATTERY.initial(NOON), later(hours=3), 5000)
    assert state.power_w == pytest.approx(0, abs=0.01)
    assert state.stored_wh == pytest.approx(9000)
    assert state.import_wh == pytest.approx(4000 / 0.9)
    assert BATTERY.reach(state).highest_w == pytest.approx(0, abs=0.01)


def test_an_empty_battery_stops_discharging():
    state = BATTERY.step(BATTERY.initial(NOON), later(hours=3), -4000)
    assert state.power_w == pytest.approx(0, abs=0.01)
    assert state.stored_wh == pytest.approx(1000)
    assert state.export_wh == pytest.approx(4000 * 0.9)
    assert BATTERY.reach(state).lowest_w == pytest.approx(0, abs=0.01)


def test_offered_power_lasts_for_the_horizon():
    state = BATTERY.step(BATTERY.initial(NOON), later(minutes=50), -4000)
    lowest = BATTERY.reach(state).lowest_w
    assert -4000 < lowest < 0
    kept = BATTERY.step(state, later(minutes=65), int(lowest))
    assert kept.power_w == int(lowest)


def test_a_slow_ramp_narrows_what_is_offered():
    battery = Battery(5000, 4000, 1000, 9000, 5000, 0.81, ramp_w_per_s=1)
    reach = battery.reach(battery.initial(NOON))
    assert (reach.lowest_w, reach.highest_w) == (-900, 900)


def test_a_released_car_charges_at_rated_power_until_it_is_full():
    state = EV.step(EV.initial(NOON), later(hours=1), None)
    assert state.power_w == 11_000
    state = EV.step(state, later(hours=3), None)
    assert state.power_w == 0
    assert state.stored_wh == pytest.approx(22_000)
    assert state.import_wh == pytest.approx(22_000)


@pytest.mark.parametrize(
    ("asked", "done"), [(4139, 0), (4140, 4140), (7000, 7000), (99_999, 11_000), (-5000, 0)]
)
def test_a_car_draws_nothing_or_at_least_six_ampere(asked: int, done: int):
    state = EV.step(EV.initial(NOON), later(minutes=1), None)
    assert EV.step(state, later(minutes=2), asked).power_w == done


def test_six_ampere_count_per_phase():
    assert [least_charging_w(phases) for phases in (1, 3)] == [1380, 4140]


def test_a_car_ramps_between_its_lowest_and_its_highest_power():
    seen = []
    state = EV.initial(NOON)
    for second in range(1, 10):
        state = EV.step(state, later(seconds=second), None)
        seen.append(state.power_w)
    assert seen[:2] == [5140, 6140]
    assert seen[-1] == 11_000
    for second in range(10, 18):
        state = EV.step(state, later(seconds=second), 0)
        seen.append(state.power_w)
    assert seen[9:15] == [10_000, 9000, 8000, 7000, 6000, 5000]
    assert seen[-1] == 0


def test_a_car_that_is_away_draws_nothing_and_offers_nothing():
    early = NOON.replace(hour=8)
    state = EV.step(EV.initial(early), early + timedelta(minutes=5), None)
    assert (state.power_w, state.stored_wh) == (0, 0)
    assert EV.reach(state).highest_w == 0


def test_a_car_that_leaves_stops_and_comes_back_hungry():
    state = EV.step(EV.initial(NOON), later(hours=6, seconds=5), None)
    assert (state.power_w, state.stored_wh) == (0, 0)
    state = EV.step(state, later(hours=23), None)
    assert state.power_w == 11_000
    assert state.stored_wh == pytest.approx(11_000, abs=10)


@pytest.mark.slow
def test_a_night_of_charging_passes_midnight():
    night = Ev(11_000, 3, 90_000, time(22), time(6), 1000)
    evening = NOON.replace(hour=22)
    state = night.step(night.initial(evening), evening + timedelta(hours=4), None)
    assert state.power_w == 11_000
    assert night.reach(state).highest_w == 11_000
    assert night.step(state, evening + timedelta(hours=8, seconds=5), None).power_w == 0


def test_a_car_that_stays_for_ever_is_charged_once():
    always = Ev(11_000, 3, 5000, time(0), time(0), 1000)
    state = always.initial(NOON)
    assert always.reach(state).highest_w == 11_000
    assert always.step(state, later(days=2), None).import_wh == pytest.approx(5000)


def test_a_car_offers_only_what_lasts_for_the_horizon():
    state = EV.step(EV.initial(NOON), later(minutes=1), 0)
    assert EV.reach(state).highest_w == 11_000
    leaving = EV.step(state, NOON.replace(hour=17, minute=50), 0)
    assert EV.reach(leaving).highest_w == 0
    nearly_full = Ev(11_000, 3, 1500, time(10), time(18), 1000)
    assert nearly_full.reach(nearly_full.initial(NOON)).highest_w == 6000
    too_full = Ev(11_000, 3, 1000, time(10), time(18), 1000)
    assert too_full.reach(too_full.initial(NOON)).highest_w == 0
