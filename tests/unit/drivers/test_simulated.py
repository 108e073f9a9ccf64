from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from xmpp_cem.drivers.driver import Description, Reading
from xmpp_cem.drivers.following import Pv
from xmpp_cem.drivers.physics import Model
from xmpp_cem.drivers.profile import Profile
from xmpp_cem.drivers.simulated import SimulatedDriver
from xmpp_cem.drivers.storage import Battery, Ev
from xmpp_cem.model.limits import Limits

BATTERY = Battery(5000, 4000, 1000, 9000, 5000, 1.0, 1000)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2025, 4, 10, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def driver(clock: Clock, button: Path | None = None, model: Model = BATTERY) -> SimulatedDriver:
    return SimulatedDriver(model, clock, button)


async def test_a_reading_states_power_flexibility_and_registers(clock: Clock):
    battery = driver(clock)
    await battery.apply(2000)
    clock.advance(minutes=15)
    assert await battery.read() == Reading(
        power_w=2000,
        increase_w=3000,
        decrease_w=6000,
        import_wh=499,
        export_wh=0,
        stored_wh=5499,
        overridden=False,
        charge_permille=611,
    )
    limits = Limits(rated_import_w=5000, rated_export_w=4000, ramp_w_per_s=1000)
    assert await battery.describe() == Description("battery", limits)


@pytest.mark.parametrize("hours", [-4.5, 0, 8])
async def test_what_is_to_come_is_told_by_the_clock_on_the_wall_whatever_hour_is_run_through(hours):
    """Else nobody would count on a car that charges, where the model's hour lies before ours."""
    wall, offset = Clock(), timedelta(hours=hours)
    wall.now = datetime(2025, 4, 10, 16, tzinfo=UTC) - offset
    car = SimulatedDriver(Ev(11_000, 3, 45_000, time(15), time(5), 1000), wall, offset=offset)
    reading = await car.read()
    assert reading.departs == wall.now + timedelta(hours=13)
    assert reading.forecast[0].window.start == wall.now + timedelta(hours=1)
    assert [hour.power_w for hour in reading.forecast[:5]] == [11_000, 11_000, 11_000, 1000, 0]


async def test_a_set_point_takes_force_from_its_application(clock: Clock):
    battery = driver(clock)
    clock.advance(hours=1)
    await battery.apply(2000)
    assert (await battery.read()).import_wh == 0


async def test_applying_the_same_set_point_again_changes_nothing(clock: Clock):
    once, often = driver(clock), driver(clock)
    await once.apply(2000)
    for _ in range(20):
        await often.apply(2000)
        clock.advance(seconds=5)
    assert await often.read() == await once.read()


async def test_a_released_resource_goes_back_to_its_own_plan(clock: Clock):
    battery = driver(clock)
    await battery.apply(2000)
    clock.advance(minutes=1)
    await battery.release()
    clock.advance(minutes=1)
    assert (await battery.read()).power_w == 0


async def test_the_customers_override_releases_and_offers_nothing(clock: Clock, tmp_path: Path):
    button = tmp_path / "override"
    battery = driver(clock, button)
    await battery.apply(2000)
    clock.advance(minutes=1)
    assert not (await battery.read()).overridden
    button.touch()
    await battery.apply(2000)
    clock.advance(minutes=1)
    reading = await battery.read()
    assert reading.overridden
    assert (reading.power_w, reading.increase_w, reading.decrease_w) == (0, 0, 0)


async def test_the_set_point_is_back_in_force_after_the_override(clock: Clock, tmp_path: Path):
    button = tmp_path / "override"
    button.touch()
    battery = driver(clock, button)
    await battery.apply(2000)
    button.unlink()
    clock.advance(minutes=1)
    reading = await battery.read()
    assert (reading.power_w, reading.overridden) == (2000, False)


async def test_a_clock_that_steps_back_changes_nothing(clock: Clock):
    battery = driver(clock)
    await battery.apply(2000)
    clock.advance(minutes=5)
    before = await battery.read()
    clock.advance(minutes=-3)
    assert await battery.read() == before


async def test_readings_stay_inside_the_ratings_when_rounded(clock: Clock):
    battery = driver(clock)
    for set_point in (5000, -4000, 5000, 333, -9000):
        await battery.apply(set_point)
        for _ in range(30):
            clock.advance(seconds=47.3)
            reading = await battery.read()
            assert reading.power_w + reading.increase_w <= 5000
            assert reading.power_w - reading.decrease_w >= -4000


async def test_a_car_tells_what_it_needs_until_it_leaves(clock: Clock):
    car = driver(clock, model=Ev(11_000, 3, 30_000, time(11), time(18), 1000))
    await car.apply(6000)
    clock.advance(hours=1)
    reading = await car.read()
    assert 23_990 < reading.needed_wh < 24_100
    assert reading.departs == clock.now.replace(hour=18)
    clock.advance(hours=6)
    gone = await car.read()
    assert (gone.needed_wh, gone.departs) == (None, None)


async def test_a_car_that_stays_leaves_never(clock: Clock):
    reading = await driver(clock, model=Ev(11_000, 3, 500, time(0), time(0), 1000)).read()
    assert (reading.needed_wh, reading.departs) == (500, None)


async def test_a_plant_forecasts_full_hours_of_what_can_be_curtailed(clock: Clock):
    day = Profile(source="test", resource="pv", start=clock.now, step_s=43_200, power_w=(-4000, 0))
    plant = driver(clock, model=Pv(5000, day, 1000))
    clock.advance(minutes=10)
    told = (await plant.read()).forecast
    assert len(told) == 12
    assert told[0].window.start == datetime(2025, 4, 10, 13, tzinfo=UTC)
    assert (told[0].power_w, told[0].increase_w) == (-3500, 3333)
    clock.advance(seconds=59)
    assert (await plant.read()).forecast is told


async def test_a_car_forecasts_until_it_is_full_or_leaves(clock: Clock):
    car = Ev(11_000, 3, 25_000, time(8), time(15, 30), 1000)
    charger = driver(clock, model=car)
    told = (await charger.read()).forecast
    by_hour = {each.window.start.hour: (each.power_w, each.decrease_w) for each in told}
    assert by_hour[13] == (11_000, 11_000)
    assert by_hour[14] == (3000, 3000)
    assert by_hour[15] == by_hour[20] == (0, 0)


async def test_under_the_customers_control_a_forecast_goes_on(clock: Clock, tmp_path: Path):
    button = tmp_path / "button"
    button.touch()
    charger = driver(clock, button, Ev(11_000, 3, 25_000, time(8), time(15), 1000))
    reading = await charger.read()
    assert (reading.decrease_w, len(reading.forecast)) == (0, 12)
