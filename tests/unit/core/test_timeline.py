from datetime import timedelta

import pytest

from xmpp_cem.core.timeline.bounds import FOREVER, Cap, Physical, Range
from xmpp_cem.core.timeline.timeline import Claim, Kind, Part, Piece, timeline
from xmpp_cem.core.timeline.trajectory import ramped, setting_at
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings, Mode, own_caps
from xmpp_cem.model.event import Order
from xmpp_cem.model.signal import Direction
from xmpp_cem.testing.builders import at

BATTERY = Physical(Range(-5000, 5000))


def claim(event, start, end, power_w=1000, priority=5, **changes):
    pieces = changes.pop("pieces", (Piece(at(start), at(end), power_w),))
    values = {"created": at(0), "order": Order(epoch=1, modification=0)}
    return Claim(event, priority, pieces=pieces, **(values | changes))


def spans(made):
    start = at(0)
    return [
        (int((s.start - start).total_seconds()), int((s.end - start).total_seconds()), s.power_w)
        for s in made.segments
    ]


def powers(made, free_w, seconds):
    return [setting_at(made, free_w, at(second)).power_w for second in seconds]


def test_a_higher_priority_interrupts_and_the_other_resumes():
    made = timeline([claim("a", 0, 60), claim("b", 20, 30, -500, priority=0)], (), BATTERY)
    assert spans(made) == [(0, 20, 1000), (20, 30, -500), (30, 60, 1000)]
    assert [segment.over for segment in made.segments] == [(), ("a",), ()]


def test_of_equal_priority_the_newest_decides_and_of_one_event_the_newest_version():
    newer = claim("b", 0, 60, 2000, created=at(1))
    changed = claim("b", 0, 60, 3000, created=at(1), order=Order(epoch=1, modification=1))
    assert spans(timeline([claim("a", 0, 60), changed, newer], (), BATTERY)) == [(0, 60, 3000)]


def test_a_price_response_yields_to_a_dispatch_only_by_priority():
    price = claim("p", 0, 60, 2000, priority=1, kind=Kind.PRICE_RESPONSE)
    made = timeline([price, claim("d", 0, 60, 0, priority=2)], (), BATTERY)
    assert spans(made) == [(0, 60, 2000)]
    assert made.segments[0].why == "price-response p of priority 1 asks for 2000 W"


def test_a_limit_cuts_what_is_dispatched_and_says_so():
    limit = Cap("dso-1", at(20), at(40), Direction.IMPORT, 600)
    loose = Cap("dso-2", at(0), at(60), Direction.IMPORT, 4000)
    made = timeline([claim("a", 0, 60)], [limit, loose], BATTERY)
    assert spans(made) == [(0, 20, 1000), (20, 40, 600), (40, 60, 1000)]
    assert made.segments[1].why.endswith("asks for 1000 W; limited to 600 W by dso-1")


def test_what_the_resource_cannot_do_is_said_to_be_its_own_limit():
    made = timeline([claim("a", 0, 60, 9000)], (), BATTERY)
    assert made.segments[0].why.endswith("limited to 5000 W by what the resource can do")


def test_a_free_resource_is_held_only_where_it_would_break_a_limit():
    failsafe = Cap("failsafe", at(10), FOREVER, Direction.IMPORT, 4200)
    made = timeline((), [failsafe], BATTERY)
    assert powers(made, 4000, (0, 20)) == [None, None]
    assert powers(made, 5000, (0, 20, 10**6)) == [None, 4200, 4200]
    assert setting_at(made, 0, at(20)).range == Range(-5000, 4200)


def test_a_day_of_intervals_follows_one_after_the_other():
    pieces = (
        Piece(at(0), at(10), 1),
        Piece(at(10), at(20), 1),
        Piece(at(20), at(30), None),
        Piece(at(40), at(50), 2),
    )
    made = timeline([claim("a", 0, 0, pieces=pieces)], (), BATTERY)
    assert spans(made) == [(0, 20, 1), (20, 30, None), (40, 50, 2)]


def test_power_ramps_up_is_held_and_comes_back_spread():
    spread = {
        "ramp": timedelta(seconds=10),
        "hold": timedelta(seconds=5),
        "recovery": timedelta(seconds=20),
    }
    made = timeline([claim("a", 10, 40, 3000, **spread)], (), BATTERY)
    assert [segment.part for segment in made.segments] == [Part.ACT, Part.HOLD, Part.RECOVER]
    seconds = (9, 10, 15, 20, 39, 44, 45, 55, 64, 65)
    expected = [None, 1000, 2000, 3000, 3000, 3000, 3000, 2000, 1100, None]
    assert powers(made, 1000, seconds) == expected
    assert made.segments[2].why == "recover after dispatch a"


def test_another_event_ends_the_recovery_and_ramps_from_where_it_is():
    one = claim("a", 0, 20, 4000, recovery=timedelta(seconds=20))
    other = claim("b", 30, 60, 0, ramp=timedelta(seconds=10))
    made = timeline([one, other], (), BATTERY)
    assert powers(made, 0, (20, 25, 30, 35, 40)) == [4000, 3000, 2000, 1000, 0]


def test_an_interrupted_event_has_no_recovery_where_another_goes_on():
    one = claim("a", 0, 20, 4000, recovery=timedelta(seconds=20))
    made = timeline([one, claim("b", 10, 60, 0, priority=0)], (), BATTERY)
    assert [(s.cause, s.part) for s in made.segments] == [("a", Part.ACT), *[("b", Part.ACT)] * 2]


def test_a_limit_applies_at_once_and_power_ramps_out_of_it():
    limit = Cap("dso", at(10), at(20), Direction.IMPORT, 500)
    slow = Physical(Range(0, 5000), ramp_w_per_s=100)
    made = timeline([claim("a", 0, 60, 5000)], [limit], slow)
    assert powers(made, 0, (9, 10, 19, 21, 40)) == [900, 500, 500, 600, 2500]


def test_power_ramps_from_what_a_limit_has_left_even_if_that_was_short():
    limit = Cap("dso", at(10), at(11), Direction.IMPORT, 500)
    slow = Physical(Range(0, 5000), ramp_w_per_s=100)
    made = timeline([claim("a", 0, 60, 5000)], [limit], slow)
    assert powers(made, 0, (9, 10, 11, 12)) == [900, 500, 500, 600]


def test_what_was_left_free_ramps_from_its_own_power_again():
    pieces = (Piece(at(0), at(10), 4000), Piece(at(10), at(12), None), Piece(at(12), at(20), 4000))
    slow = Physical(Range(0, 5000), ramp_w_per_s=100)
    made = timeline([claim("a", 0, 0, pieces=pieces)], (), slow)
    assert powers(made, 0, (9, 11, 12, 13)) == [900, None, 0, 100]


def test_the_next_change_is_where_a_segment_begins_or_ends():
    made = timeline([claim("a", 10, 20), claim("b", 30, 40)], (), BATTERY)
    changes = [made.next_change(at(second)) for second in (0, 10, 20, 39, 40)]
    assert changes == [at(10), at(20), at(30), at(40), None]
    assert made.at(at(25)).part is Part.FREE


@pytest.mark.parametrize(
    ("rate", "expected"), [(None, [0, 500, 1000, 1000]), (50, [0, 250, 500, 1000])]
)
def test_a_ramp_is_as_slow_as_the_slower_of_event_and_resource(rate, expected):
    seconds = (0, 5, 10, 30)
    assert [ramped(0, 1000, (at(0), at(10)), at(s), rate) for s in seconds] == expected
    down = [ramped(1000, 0, (at(0), at(10)), at(s), rate) for s in seconds]
    assert down == [1000 - power_w for power_w in expected]


@pytest.mark.parametrize(
    "make",
    [
        lambda: claim("a", 10, 10),
        lambda: claim("a", 0, 0, pieces=()),
        lambda: claim("a", 0, 0, pieces=(Piece(at(0), at(9), 1), Piece(at(8), at(10), 1))),
        lambda: claim("a", 0, 1, recovery=timedelta(seconds=-1)),
    ],
)
def test_what_is_no_claim_is_refused(make):
    with pytest.raises(ValueError, match=r"claim|negative"):
        make()


def test_a_failsafe_limit_bounds_what_was_accepted_at_any_time():
    limits = own_caps(Mode.FAILSAFE, FailsafeSettings(import_w=600, export_w=0))
    made = timeline([claim("a", 0, 60), claim("b", 60, 90, -2000)], limits, BATTERY)
    assert powers(made, 3000, (-(10**9), 30, 70, 10**9)) == [600, 600, 0, 600]
    assert made.segments[1].why.endswith("limited to 600 W by failsafe")


def test_a_free_resource_that_a_limit_holds_says_by_which():
    cap = Cap("dso-1", at(0), at(100), Direction.IMPORT, 600)
    made = timeline([], [cap], BATTERY)
    assert setting_at(made, 600, at(10)).segment.why == "no event decides"
    held = setting_at(made, 2000, at(10))
    assert (held.power_w, held.segment.why) == (600, "no event decides; held at 600 W by dso-1")


def test_a_free_resource_that_the_failsafe_holds_says_so():
    settings = FailsafeSettings(import_w=600, export_w=0)
    made = timeline([], own_caps(Mode.FAILSAFE, settings), BATTERY)
    why = setting_at(made, 2000, at(10)).segment.why
    assert why == "no event decides; held at 600 W by failsafe"
    why = setting_at(made, -2000, at(10)).segment.why
    assert why == "no event decides; held at 0 W by failsafe"
