from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.drivers.following import BaseLoad, HeatPump, Pv
from xmpp_cem.drivers.profile import Profile

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)


def flat(power_w: int) -> Profile:
    return Profile(source="test", resource="test", start=NOON, step_s=86_400, power_w=(power_w,))


def course(*values: int) -> Profile:
    return Profile(
        source="test", resource="test", start=NOON, step_s=86_400 // len(values), power_w=values
    )


def later(**span: float) -> datetime:
    return NOON + timedelta(**span)


PUMP = HeatPump(
    rated_w=3000, least_w=600, demand=flat(1000), store_h=2, recovery_s=3600, ramp_w_per_s=100
)


def test_a_released_heat_pump_follows_its_demand():
    pump = HeatPump(3000, 600, course(400, 2000, 400, 400), 2, 3600, 100)
    state = pump.step(pump.initial(NOON), later(hours=3), None)
    assert state.power_w == pytest.approx(1200, abs=2)
    assert state.stored_wh == pytest.approx(pump.middle_wh, abs=2)


@pytest.mark.parametrize(("asked", "done"), [(0, 0), (599, 0), (600, 600), (9999, 3000), (-50, 0)])
def test_a_heat_pump_is_off_or_between_minimum_and_rating(asked: int, done: int):
    assert PUMP.step(PUMP.initial(NOON), later(minutes=1), asked).power_w == done


def test_a_heat_pump_changes_power_no_faster_than_its_ramp():
    assert PUMP.step(PUMP.initial(NOON), later(seconds=3), 0).power_w == pytest.approx(700)


def test_a_cold_building_beats_the_set_point():
    state = PUMP.step(PUMP.initial(NOON), later(minutes=110), 0)
    assert state.power_w == 0
    state = PUMP.step(state, later(hours=3), 0)
    assert state.power_w == pytest.approx(1000)
    assert state.stored_wh == pytest.approx(0, abs=1e-6)
    assert PUMP.reach(state).lowest_w == pytest.approx(1000)


def test_a_warm_building_beats_the_set_point():
    state = PUMP.step(PUMP.initial(NOON), later(hours=2), 3000)
    assert state.power_w == pytest.approx(1000)
    assert state.stored_wh == pytest.approx(4000)
    assert PUMP.reach(state).highest_w == pytest.approx(1000)


def test_a_heat_pump_makes_up_for_what_was_missing():
    state = PUMP.step(PUMP.initial(NOON), later(hours=1), 0)
    state = PUMP.step(state, later(hours=1, minutes=1), None)
    assert state.power_w > 1900
    state = PUMP.step(state, later(hours=9), None)
    assert state.power_w == pytest.approx(1000, abs=2)
    assert state.stored_wh == pytest.approx(2000, abs=2)


def test_a_heat_pump_offers_what_lasts_for_the_horizon():
    reach = PUMP.reach(PUMP.initial(NOON))
    assert (reach.lowest_w, reach.highest_w) == (0, 3000)
    state = PUMP.step(PUMP.initial(NOON), later(minutes=110), 0)
    assert PUMP.reach(state).lowest_w == 600
    kept = PUMP.step(state, later(minutes=125), 600)
    assert kept.power_w == 600


def test_a_rising_demand_limits_the_offered_decrease():
    pump = HeatPump(3000, 0, course(0, 0, 2400, 0), 0.1, 3600, 100)
    state = pump.initial(later(hours=6))
    assert pump.reach(state).lowest_w == 0
    # 2000 W now, 2100 W at the end of the horizon; 60 Wh may be missing: 240 W for 15 minutes.
    assert pump.reach(pump.initial(later(hours=11))).lowest_w == pytest.approx(2100 - 240)


PV = Pv(rated_w=5000, production=course(0, -4000, -8000, -4000), ramp_w_per_s=100)


def test_a_released_plant_follows_the_sun_up_to_its_rating():
    state = PV.step(PV.initial(NOON), later(hours=3), None)
    assert state.power_w == pytest.approx(-2000)
    state = PV.step(state, later(hours=12), None)
    assert state.power_w == -5000
    assert state.import_wh == 0


def test_a_plant_can_be_curtailed_and_never_exceeds_the_sun():
    state = PV.initial(later(hours=6))
    state = PV.step(state, later(hours=6, minutes=5), -1500)
    assert state.power_w == -1500
    state = PV.step(state, later(hours=6, minutes=10), -9999)
    assert state.power_w == pytest.approx(-4000 - 4000 / 36, abs=1)
    state = PV.step(state, later(hours=6, minutes=15), 700)
    assert state.power_w == 0


def test_curtailing_is_an_increase_of_the_signed_power():
    state = PV.initial(later(hours=6))
    reach = PV.reach(state)
    assert (reach.lowest_w, reach.highest_w) == (-4000, 0)
    curtailed = PV.step(state, later(hours=6, minutes=5), -1500)
    assert PV.reach(curtailed).lowest_w == pytest.approx(-4000 - 4000 / 72, abs=1)


def test_a_setting_sun_limits_what_the_plant_can_promise():
    reach = PV.reach(PV.initial(later(hours=21)))
    assert reach.lowest_w == pytest.approx(-2000 + 4000 / 24)


def test_curtailment_is_bound_by_the_ramp_but_the_sun_is_not():
    state = PV.initial(later(hours=6))
    assert PV.step(state, later(hours=6, seconds=5), 0).power_w == pytest.approx(-3500, abs=5)
    slow = Pv(5000, course(0, -4000, 0, 0), 0.01)
    state = slow.initial(later(hours=6))
    assert slow.step(state, later(hours=12), None).power_w == 0


def test_a_base_load_ignores_set_points_and_offers_nothing():
    load = BaseLoad(3000, course(0, 2000, 8000, 2000))
    state = load.step(load.initial(NOON), later(hours=3), 0)
    assert state.power_w == 1000
    assert state.import_wh == pytest.approx(1500)
    reach = load.reach(state)
    assert (reach.lowest_w, reach.highest_w) == (1000, 1000)
    assert load.step(state, later(hours=12), 0).power_w == 3000
