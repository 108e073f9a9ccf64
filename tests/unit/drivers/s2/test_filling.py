import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from s2python.common import (
    Commodity,
    CommodityQuantity,
    Duration,
    NumberRange,
    PowerRange,
    Timer,
    Transition,
)
from s2python.frbc import (
    FRBCActuatorDescription,
    FRBCActuatorStatus,
    FRBCOperationMode,
    FRBCOperationModeElement,
    FRBCStorageDescription,
    FRBCSystemDescription,
)

from xmpp_cem.drivers.s2.filling import System, choices, present_w, ratings, reach
from xmpp_cem.testing.clock import START

ACTUATOR, REST, WORK, BOOST, TIMER, MESSAGE = (uuid.UUID(int=n) for n in range(1, 7))
PHASES = CommodityQuantity.ELECTRIC_POWER_3_PHASE_SYMMETRIC
PER_S = 100 / 7200
"""5 kW fill a store of 10 kWh in two hours, per cent/s."""


def mode(mode_id, low_w, high_w, low_rate, high_rate, *, abnormal=False):
    element = FRBCOperationModeElement(
        fill_level_range=NumberRange(start_of_range=0, end_of_range=100),
        fill_rate=NumberRange(start_of_range=low_rate, end_of_range=high_rate),
        power_ranges=[
            PowerRange(start_of_range=low_w, end_of_range=high_w, commodity_quantity=PHASES)
        ],
    )
    return FRBCOperationMode(id=str(mode_id), elements=[element], abnormal_condition_only=abnormal)


def step(number, start, end):
    return Transition(
        **{"from": start},
        id=uuid.UUID(int=number),
        to=end,
        start_timers=[TIMER],
        blocking_timers=[TIMER],
        abnormal_condition_only=False,
    )


ACTUATORS = [
    FRBCActuatorDescription(
        id=ACTUATOR,
        supported_commodities=[Commodity.ELECTRICITY],
        operation_modes=[
            mode(REST, 0, 0, 0, 0),
            mode(WORK, -5000, 5000, -PER_S, PER_S),
            mode(BOOST, 5000, 9000, PER_S, 2 * PER_S, abnormal=True),
        ],
        transitions=[step(20, REST, WORK), step(21, WORK, REST), step(22, REST, BOOST)],
        timers=[Timer(id=TIMER, duration=Duration.from_milliseconds(60_000))],
    )
]
DESCRIPTION = FRBCSystemDescription(
    message_id=MESSAGE,
    valid_from=START,
    actuators=ACTUATORS,
    storage=FRBCStorageDescription(
        provides_leakage_behaviour=False,
        provides_fill_level_target_profile=False,
        provides_usage_forecast=False,
        fill_level_range=NumberRange(start_of_range=0, end_of_range=100),
    ),
)


def status(active, factor=0.0):
    return FRBCActuatorStatus(
        message_id=MESSAGE,
        actuator_id=ACTUATOR,
        active_operation_mode_id=active,
        operation_mode_factor=factor,
    )


RESTING = System(DESCRIPTION, 50.0, {ACTUATOR: status(REST)})
LATER = START + timedelta(seconds=1)


@given(st.integers(-20_000, 20_000))
def test_the_mode_and_factor_nearest_to_a_power_are_chosen(power_w):
    (choice,) = choices(RESTING, START, power_w)
    assert choice.power_w == pytest.approx(max(-5000, min(5000, power_w)))
    assert 0 <= choice.factor <= 1
    assert choice.mode == (REST if power_w == 0 else WORK)


def test_of_equally_good_modes_the_active_one_stays():
    working = replace(RESTING, actuators={ACTUATOR: status(WORK, 1.0)})
    assert choices(working, START, 0)[0].mode == WORK


def test_a_running_timer_keeps_the_active_mode():
    blocked = replace(RESTING, timers={(ACTUATOR, TIMER): LATER})
    assert choices(blocked, START, 3000)[0].mode == REST
    assert choices(blocked, LATER, 3000)[0].mode == WORK
    assert reach(blocked, START, 900) == (0, 0)


def test_an_unknown_status_blocks_nothing():
    assert choices(replace(RESTING, actuators={}), START, 3000)[0].mode == WORK


def test_outside_every_fill_level_there_is_nothing_to_choose():
    assert choices(replace(RESTING, fill=101.0), START, 3000) == ()
    assert choices(replace(RESTING, fill=None), START, 3000) == ()


def test_power_follows_from_the_active_mode_where_it_is_not_measured():
    assert present_w(replace(RESTING, actuators={ACTUATOR: status(WORK, 0.8)})) == 3000
    assert present_w(RESTING) == 0
    assert present_w(replace(RESTING, actuators={})) is None


def test_ratings_are_those_of_all_modes():
    assert ratings(RESTING) == (9000, 5000)


@pytest.mark.parametrize(
    ("fill", "lowest", "highest"),
    [(50.0, -5000, 5000), (95.0, -5000, 2000), (100.0, -5000, 0), (5.0, -2000, 5000)],
)
def test_flexibility_is_what_the_store_bears_for_the_horizon(fill, lowest, highest):
    assert reach(replace(RESTING, fill=fill), START, 900) == pytest.approx((lowest, highest))


@given(st.floats(0, 100), st.integers(60, 7200))
def test_a_store_that_is_used_as_offered_stays_in_its_range(fill, horizon_s):
    for power in reach(replace(RESTING, fill=fill), START, horizon_s):
        after = fill + power / 5000 * PER_S * horizon_s
        assert -1e-6 <= after <= 100 + 1e-6


def test_the_state_of_charge_is_a_share_of_the_range():
    assert RESTING.charge_permille == 500
    assert replace(RESTING, fill=None).charge_permille is None
    assert replace(RESTING, fill=120.0).charge_permille == 1000
