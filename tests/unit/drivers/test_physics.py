import math
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xmpp_cem.drivers.following import BaseLoad, HeatPump, Pv
from xmpp_cem.drivers.physics import Model, Move, Room, State, advance, clamp, lasting_w, move, ramp
from xmpp_cem.drivers.profile import Profile
from xmpp_cem.drivers.storage import Battery, Ev

START = datetime(2025, 4, 10, 3, tzinfo=UTC)
ENDLESS = Room(1e9, 1e9)


def course(*values: int) -> Profile:
    return Profile(
        source="test", resource="test", start=START, step_s=86_400 // len(values), power_w=values
    )


def test_a_ramp_ends_at_its_target_and_counts_its_energy():
    assert ramp(0, 100, 3600, 10) == (100, pytest.approx(100 - 100 * 5 / 3600))


def test_a_ramp_that_is_too_slow_stops_on_the_way():
    assert ramp(100, -100, 10, 5) == (50, pytest.approx(750 / 3600))


def test_crossing_zero_counts_both_directions():
    made = move(100, -100, ENDLESS, 20, 10)
    assert made == Move(-100, pytest.approx(500 / 3600), pytest.approx(500 / 3600))


def test_power_slows_down_before_the_store_is_full():
    power, room = 0.0, 1.0
    for _ in range(200):
        made = move(power, 1000, Room(room, 0), 1, 100)
        assert abs(made.power_w - power) <= 100.001
        power, room = made.power_w, room - made.into_wh
        assert room >= -1e-9
    assert power == pytest.approx(0, abs=1e-6)
    assert room == pytest.approx(0, abs=1e-6)


@given(power=st.floats(0, 5000), room=st.floats(0, 3000), rate=st.floats(1, 5000))
def test_a_lasting_power_leaves_room_to_stop(power: float, room: float, rate: float):
    assume(power**2 / (2 * rate) <= room * 3600)
    lasting = lasting_w(power, room, 900, rate)
    assume(abs(lasting - power) <= rate * 900)
    end, energy = ramp(power, lasting, 900, rate)
    stopping = end**2 / (2 * rate) / 3600
    assert energy + stopping == pytest.approx(room, abs=1e-3)


def test_an_empty_store_gives_nothing():
    assert move(0, -1000, Room(5, 0), 5, 100) == Move(0, 0, 0)


def test_slices_end_on_a_grid_whatever_the_reading_times():
    ends: list[datetime] = []

    def note(state: State, until: datetime) -> State:
        ends.append(until)
        return replace(state, at=until)

    advance(State(START + timedelta(seconds=3), 0), START + timedelta(seconds=12), note)
    assert [(end - START).total_seconds() for end in ends] == [5, 10, 12]


def test_a_clock_that_is_set_by_decades_is_no_time_to_run_through():
    began = START - timedelta(days=20_000)
    count = 0

    def note(state, until):
        nonlocal count
        count += 1
        return replace(state, at=until)

    assert advance(State(began, 0), START, note).at == START
    assert count == 2 * 86_400 / 5


def test_clamping_keeps_what_is_inside():
    assert [clamp(value, -1, 1) for value in (-2, 0.5, 2)] == [-1, 0.5, 1]


BATTERY = Battery(5000, 4000, 1000, 9500, 5000, 0.9, 200, 500)
EV = Ev(11_000, 3, 2000, time(6), time(4), 300)
HEAT_PUMP = HeatPump(3000, 600, course(500, 900, 2000, 700), 0.5, 1800, 50)
PV = Pv(8000, course(0, -3000, -9000, -2000), 500)
BASE = BaseLoad(2000, course(300, 2500, 900, 100))

step = st.tuples(
    st.floats(0, 3000).map(lambda seconds: round(seconds, 3)),
    st.one_of(st.none(), st.integers(-20_000, 20_000)),
)


def bounds_wh(model: Model) -> tuple[float, float] | None:
    match model:
        case Battery():
            return model.lowest_wh, model.highest_wh
        case Ev():
            return 0, model.needed_wh
        case HeatPump():
            return 0, 2 * model.middle_wh
        case _:
            return None


def assert_bounded(model: Model, state: State) -> None:
    rating = model.describe().limits
    assert -rating.rated_export_w <= state.power_w <= rating.rated_import_w
    reach = model.reach(state)
    assert -rating.rated_export_w <= reach.lowest_w
    assert reach.highest_w <= rating.rated_import_w
    bounds = bounds_wh(model)
    if bounds is None:
        assert state.stored_wh is None
    else:
        assert bounds[0] <= state.stored_wh <= bounds[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [BATTERY, EV, HEAT_PUMP, PV, BASE], ids=lambda m: type(m).__name__
)
@given(steps=st.lists(step, max_size=12))
@settings(max_examples=60)
def test_no_sequence_of_set_points_leaves_the_limits(model: Model, steps: list):
    state = model.initial(START)
    for seconds, set_point in steps:
        before = state
        state = model.step(state, state.at + timedelta(seconds=seconds), set_point)
        assert_bounded(model, state)
        assert state.import_wh >= before.import_wh
        assert state.export_wh >= before.export_wh


def ramp_of(model: Model) -> float:
    """Of the two that are bound by it at every moment."""
    return model.ramp_w_per_s if isinstance(model, Battery | HeatPump) else 1e9


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [BATTERY, EV, HEAT_PUMP, PV, BASE], ids=lambda m: type(m).__name__
)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 300), st.one_of(st.none(), st.integers(-12_000, 12_000))),
        max_size=4,
    )
)
@settings(max_examples=25)
def test_registers_are_the_integral_of_power_and_the_ramp_holds(model: Model, steps: list):
    state = model.initial(START)
    integral = 0.0
    jumps = 0.0
    fine = 0.5
    for seconds, set_point in steps:
        for _ in range(int(seconds / fine)):
            before = state
            state = model.step(state, state.at + timedelta(seconds=fine), set_point)
            change = abs(state.power_w - before.power_w)
            assert change <= ramp_of(model) * fine + 1e-6
            integral += (state.power_w + before.power_w) / 2 * fine / 3600
            jumps += change * fine / 3600 / 2
    assert state.import_wh - state.export_wh == pytest.approx(integral, abs=jumps + 1e-6)


@pytest.mark.parametrize(
    "model", [BATTERY, EV, HEAT_PUMP, PV, BASE], ids=lambda m: type(m).__name__
)
@given(cuts=st.lists(st.integers(1, 3599), max_size=5), set_point=st.integers(-9000, 9000))
@settings(max_examples=25)
@pytest.mark.slow
def test_how_often_a_resource_is_read_does_not_matter(model: Model, cuts: list, set_point: int):
    end = START + timedelta(hours=1)
    at_once = model.step(model.initial(START), end, set_point)
    state = model.initial(START)
    for cut in sorted(cuts):
        state = model.step(state, START + timedelta(seconds=cut), set_point)
    state = model.step(state, end, set_point)
    # A reading splits a slice, and a slice's demand or sun counts as constant.
    assert state.power_w == pytest.approx(at_once.power_w, abs=5)
    assert state.import_wh == pytest.approx(at_once.import_wh, abs=2)
    assert state.export_wh == pytest.approx(at_once.export_wh, abs=2)


@pytest.mark.parametrize(
    "model", [BATTERY, EV, HEAT_PUMP, PV, BASE], ids=lambda m: type(m).__name__
)
def test_time_that_does_not_advance_changes_nothing(model: Model):
    state = model.initial(START)
    assert model.step(state, START, 1000) == state
    assert model.step(state, START - timedelta(hours=1), 1000) == state


def test_a_heat_pump_offers_no_increase_to_less_than_its_least_power():
    state = HEAT_PUMP.initial(START)
    for seconds, set_point in ((724, 2950), (48, None)):
        state = HEAT_PUMP.step(state, state.at + timedelta(seconds=seconds), set_point)
    highest = HEAT_PUMP.reach(state).highest_w
    assert highest == state.power_w or highest >= HEAT_PUMP.least_w


@pytest.mark.slow
@pytest.mark.parametrize("model", [BATTERY, EV, HEAT_PUMP, PV], ids=lambda m: type(m).__name__)
@given(steps=st.lists(step, max_size=4))
@settings(max_examples=60)
def test_offered_flexibility_is_kept_for_the_horizon(model: Model, steps: list):
    state = model.initial(START)
    for seconds, set_point in steps:
        state = model.step(state, state.at + timedelta(seconds=seconds), set_point)
    reach = model.reach(state)
    end = state.at + timedelta(seconds=model.horizon_s)
    highest, lowest = math.floor(reach.highest_w), math.ceil(reach.lowest_w)
    if highest > state.power_w:
        assert model.step(state, end, highest).power_w == pytest.approx(highest, abs=1)
    if lowest < state.power_w:
        assert model.step(state, end, lowest).power_w == pytest.approx(lowest, abs=1)
