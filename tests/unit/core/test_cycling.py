import pytest

from xmpp_cem.core.timeline.bounds import Range
from xmpp_cem.core.timeline.timeline import Part, Segment
from xmpp_cem.core.timeline.trajectory import Setting
from xmpp_cem.core.ven.site.cycling import Cycling
from xmpp_cem.core.ven.site.plan import Plan
from xmpp_cem.model.control import Sample
from xmpp_cem.model.limits import Limits
from xmpp_cem.testing.builders import at

PUMP = Limits(
    rated_import_w=3000, rated_export_w=0, least_import_w=1000, min_run_s=600, min_rest_s=300
)


def sample(power_w, limits=PUMP, **changes):
    return Sample(resource="pump", power_w=power_w, limits=limits, **changes)


def seen(*powers, **changes):
    cycling = Cycling()
    for seconds, power_w in powers:
        cycling.saw((sample(power_w, **changes),), at(seconds))
    return cycling


def held(cycling, power_w, seconds, limits=PUMP):
    segment = Segment(
        at(0), at(9999), power_w, at(0), Part.ACT, "event", (), Range(0, 3000), (), "asked"
    )
    wanted = Plan({"pump": Setting(power_w, segment.range, segment)})
    made = cycling.held(wanted, (sample(0, limits),), at(seconds))
    return made.settings["pump"]


def test_what_has_just_started_runs_on_at_its_least_power():
    pump = seen((0, 0), (10, 2500))
    assert held(pump, 0, 609).power_w == 1000
    assert held(pump, 0, 609).segment.why == "asked; must run on for 1 s"
    assert held(pump, 2000, 11).power_w == 2000
    assert held(pump, 0, 610).power_w == 0


def test_what_has_just_stopped_rests_on():
    pump = seen((0, 2500), (10, 0))
    assert held(pump, 2500, 309).power_w == 0
    assert held(pump, 2500, 310).power_w == 2500


@pytest.mark.parametrize("powers", [(), ((0, 2500),)])
def test_what_is_seen_for_the_first_time_may_have_run_for_long(powers):
    assert held(seen(*powers), 0, 1).power_w == 0


def test_what_is_released_follows_its_own_plan():
    assert held(seen((0, 0), (10, 2500)), None, 11).power_w is None


def test_what_a_faulty_resource_did_last_starts_no_run():
    assert held(seen((0, 0), (10, 2500), is_faulty=True), 0, 11).power_w == 0


def test_an_exporting_resource_runs_on_at_its_own_least_power():
    limits = Limits(rated_import_w=0, rated_export_w=3000, least_export_w=500, min_run_s=60)
    assert held(seen((0, 0), (10, -2000)), 0, 11, limits).power_w == -500
    free = limits.model_copy(update={"least_export_w": 0})
    assert held(seen((0, 0), (10, -2000)), 0, 11, free).power_w == -2000
