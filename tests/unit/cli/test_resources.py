from datetime import UTC, datetime, timedelta

from xmpp_cem.cli.resources import told
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.resource import Resource
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_everything_that_a_car_tells_is_a_line_of_its_own():
    car = Resource(
        id="car",
        kind="ev",
        power_w=7000,
        increase_w=4000,
        decrease_w=7000,
        charge_permille=455,
        needed_wh=18_000,
        departs=NOON + 6 * HOUR,
        rated_import_w=11_000,
        rated_export_w=0,
        committed_w=-4000,
        offered=Offered(decrease_w=2000, per_kwh="0.25", currency="EUR", until=NOON + HOUR),
        forecast=(
            Forecast(
                window=Interval(start=NOON + HOUR, end=NOON + 2 * HOUR),
                power_w=11_000,
                decrease_w=11_000,
            ),
        ),
    )
    assert dict(told(car)) == {
        "rated import": "11.0 kW",
        "rated export": "0.0 kW",
        "power": "+7.0 kW",
        "available": "up to 4.0 kW more, 7.0 kW less",
        "committed": "-4.0 kW",
        "offered": "up to 0.0 kW more, 2.0 kW less at 0.25 EUR/kWh, until 2026-01-31 13:00Z",
        "charge": "45.5 %",
        "needed": "18.0 kWh by 2026-01-31 18:00Z",
        "forecast": "2026-01-31 13:00Z to 14:00Z: +11.0 kW, up to 0.0 kW more, 11.0 kW less",
    }


def test_a_virtual_resource_says_how_many_stand_behind_it_and_how_old_it_is():
    many = Resource(id="gw", kind="virtual", expected=40, reporting=38, oldest=NOON)
    assert dict(told(many))["stands for"] == "38 of 40 parties, the oldest as of 2026-01-31 12:00Z"
    assert dict(told(many))["power"] == "0.0 kW"
    guessed = {"estimated_share_permille": 75, "quality": Quality.QUESTIONABLE}
    partly = many.model_copy(update={"power_w": 2000, **guessed})
    assert dict(told(partly))["power"] == "+2.0 kW (7.5% estimated, questionable)"
    none = Resource(id="gw", kind="virtual", expected=40, reporting=0)
    assert dict(told(none))["stands for"] == "0 of 40 parties"


def test_what_is_not_known_is_left_out():
    assert [name for name, _ in told(Resource(id="r", kind="load"))] == [
        "power",
        "available",
        "committed",
    ]
