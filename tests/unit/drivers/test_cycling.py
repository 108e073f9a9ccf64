from datetime import datetime, timedelta

from xmpp_cem.drivers.cycling import Cycling
from xmpp_cem.model.limits import Limits
from xmpp_cem.testing.clock import START

PUMP = Limits(
    rated_import_w=3000, rated_export_w=0, least_import_w=1000, min_run_s=600, min_rest_s=300
)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def seen(*powers: tuple[int, int]) -> Cycling:
    cycling = Cycling()
    for seconds, power_w in powers:
        cycling.saw(power_w, at(seconds))
    return cycling


def test_what_has_just_started_runs_on_at_its_least_power():
    pump = seen((0, 0), (10, 2500))
    assert pump.allowed(0, PUMP, at(609)) == 1000
    assert pump.allowed(2000, PUMP, at(11)) == 2000
    assert pump.allowed(0, PUMP, at(610)) == 0


def test_what_has_just_stopped_rests_on():
    pump = seen((0, 2500), (10, 0))
    assert pump.allowed(2500, PUMP, at(309)) == 0
    assert pump.allowed(2500, PUMP, at(310)) == 2500


def test_what_is_seen_for_the_first_time_may_have_run_for_long():
    assert Cycling().allowed(0, PUMP, at(0)) == 0
    assert seen((0, 2500)).allowed(0, PUMP, at(1)) == 0


def test_an_exporting_resource_runs_on_at_its_own_least_power():
    limits = Limits(rated_import_w=0, rated_export_w=3000, least_export_w=500, min_run_s=60)
    assert seen((0, 0), (10, -2000)).allowed(0, limits, at(11)) == -500
    free = limits.model_copy(update={"least_export_w": 0})
    assert seen((0, 0), (10, -2000)).allowed(0, free, at(11)) == -2000
