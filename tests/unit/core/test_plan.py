from datetime import timedelta
from decimal import Decimal

import pytest

from xmpp_cem.core.life.life import State
from xmpp_cem.core.life.spread import Offsets
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.timeline.bounds import FOREVER, Cap
from xmpp_cem.core.ven.commitments import over
from xmpp_cem.core.ven.site.plan import plan
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Change, Targets
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.signal import Delta, Direction, Limit, Place
from xmpp_cem.testing.builders import at, make_event, share_of

EV = Sample(resource="ev", kind="ev", power_w=7000, decrease_w=7000, increase_w=4000)
PUMP = Sample(resource="pump", kind="heat-pump", power_w=2000, decrease_w=2000)
BASE = Sample(resource="base", power_w=1000)
HOUSE = (EV, PUMP, BASE)
FREE = {"ev": 7000, "pump": 2000, "base": 1000}


def promised(event, **changes):
    answer = Answer(
        id=derived_id("answer", event.id),
        event=event.id,
        order=event.order,
        opt=Opt.IN,
        power_w=-3000,
        revision=1,
        sequence=1,
        at=at(1),
    )
    values = {
        "event": event,
        "digest": "0" * 64,
        "asked_w": -3000,
        "revision": 1,
        "status": State.FAR,
        "answer": answer,
        "taken": at(0),
        "offsets": Offsets(),
        "baselines": tuple(FREE.items()),
        "shares": (("ev", -2000), ("pump", -1000)),
    }
    return Commitment(**values | changes)


def powers(commitments, seconds, own=(), samples=HOUSE):
    newest = sorted(commitments, key=over, reverse=True)
    made = plan(newest, own, samples, FREE, at(seconds))
    return {name: setting.power_w for name, setting in made.settings.items()}


def limit(limit_w, direction=Direction.IMPORT, **changes):
    signal = Limit(limit_w=limit_w, direction=direction, **changes)
    return promised(make_event(9, signal=signal), shares=())


@pytest.mark.parametrize(("seconds", "ev"), [(19, None), (20, 5000), (79, 5000), (80, None)])
def test_an_event_acts_from_its_start_to_its_end(seconds, ev):
    assert powers([promised(make_event())], seconds)["ev"] == ev


def test_the_highest_priority_decides_and_the_other_goes_on_afterwards():
    long = promised(make_event(1, priority=9))
    event = make_event(2, priority=1)
    short = event.model_copy(
        update={"active": event.active.model_copy(update={"end": at(40)}), "answer_by": at(10)}
    )
    urgent = promised(short, shares=(("ev", -6000), ("pump", 0)))
    assert powers([long, urgent], 30)["ev"] == 1000
    assert powers([urgent, long], 50)["ev"] == 5000


def test_a_randomised_start_is_put_off_and_a_release_is_held():
    spread = promised(make_event(randomise_s=60), offsets=Offsets(start_s=10, stop_s=15))
    found = [powers([spread], seconds)["ev"] for seconds in (25, 30, 85, 95)]
    assert found == [None, 5000, 5000, None]


def test_power_ramps_to_its_goal_and_back():
    ramped = promised(make_event(ramp_s=20, recovery_s=20))
    over = ramped.model_copy(update={"status": State.COMPLETED})
    assert [powers([ramped], seconds)["ev"] for seconds in (25, 30, 45)] == [6500, 6000, 5000]
    assert [powers([over], seconds)["ev"] for seconds in (85, 90, 101)] == [5500, 6000, None]


def test_what_is_asked_may_change_within_the_event():
    changes = (Change(start=at(40), signal=Delta(power_w=-1500)),)
    delta = promised(make_event(signal=Delta(power_w=-3000), changes=changes))
    assert [powers([delta], seconds)["ev"] for seconds in (30, 50)] == [5000, 6000]
    half = (Change(start=at(40), signal=share_of("0.25")),)
    share = promised(make_event(signal=share_of("0.5"), changes=half))
    assert share.event.signal.multiplier == Decimal("0.5")
    assert [powers([share], seconds)["ev"] for seconds in (30, 50)] == [5000, 6000]


def test_a_limit_binds_what_is_free_and_what_is_dispatched():
    assert powers([limit(4500)], 30) == {"ev": 3808, "pump": 692, "base": None}
    assert sum(w for w in powers([limit(4500)], 30).values() if w) <= 4500
    both = powers([limit(4500), promised(make_event())], 30)
    assert both == {"ev": 3808, "pump": 692, "base": None}
    assert powers([limit(4500)], 80) == {"ev": None, "pump": None, "base": None}


@pytest.mark.parametrize("flaw", [{"is_overridden": True}, {"is_faulty": True}])
@pytest.mark.parametrize("own", [False, True])
def test_what_the_customer_keeps_or_does_not_answer_comes_out_of_a_limit_first(flaw, own):
    kept = EV.model_copy(update={"power_w": 3000, "increase_w": 0, "decrease_w": 0, **flaw})
    caps = (Cap("own", at(0), FOREVER, Direction.IMPORT, 5000),) if own else ()
    asked = [] if own else [limit(4000)]
    assert powers(asked, 30, caps, samples=(kept, PUMP, BASE))["pump"] == 1000


def test_what_the_customer_keeps_is_balanced_over_the_phases():
    kept = EV.model_copy(update={"power_w": 3000, "increase_w": 0, "is_overridden": True})
    made = powers([limit(1500, phase="A")], 30, samples=(kept, PUMP))
    assert made == {"ev": None, "pump": 1500}


def test_a_wide_limit_leaves_everything_free():
    assert powers([limit(60_000)], 30) == {"ev": None, "pump": None, "base": None}


def test_a_limit_holds_nothing_below_itself_after_an_event_has_moved_it():
    low = EV.model_copy(update={"power_w": 2000, "decrease_w": 2000, "increase_w": 1000})
    assert powers([limit(8000)], 30, samples=(low,))["ev"] is None
    assert powers([limit(6500)], 30, samples=(low,))["ev"] == 6500


def test_at_the_connection_point_counts_what_nobody_controls():
    point = powers([limit(4500, at=Place.CONNECTION_POINT)], 30)
    assert point["ev"] + point["pump"] <= 3500


def test_a_limit_for_one_kind_binds_no_other():
    event = make_event(
        9,
        signal=Limit(limit_w=4200, direction=Direction.IMPORT),
        targets=Targets(kinds=("ev",)),
    )
    assert powers([promised(event, shares=())], 30) == {"ev": 4200, "pump": None, "base": None}


def test_a_limit_of_export_leaves_import_alone():
    assert powers([limit(0, Direction.EXPORT)], 30)["ev"] is None


def test_what_the_ven_holds_by_itself_binds_at_any_time_and_says_so():
    own = (Cap("failsafe", at(-999), FOREVER, Direction.IMPORT, 4200, is_mandatory=True),)
    held = plan([], own, HOUSE, FREE, at(500))
    total = sum(setting.power_w for setting in held.settings.values() if setting.power_w)
    assert total <= 4200 - 1000
    assert held.is_limited
    assert held.causes == frozenset()


def test_events_that_decide_are_named():
    event = make_event()
    assert plan([promised(event)], (), HOUSE, FREE, at(30)).causes == {event.id}
    assert plan([promised(event)], (), HOUSE, FREE, at(90)).causes == frozenset()


def test_a_cancelled_event_gives_back_at_once():
    made = promised(make_event(recovery_s=60), status=State.CANCELLED)
    assert powers([made], 30)["ev"] is None


def test_nothing_is_held_longer_than_the_recovery():
    made = promised(make_event(recovery_s=20), status=State.COMPLETED)
    assert powers([made], 80 + 21)["ev"] is None
    assert timedelta(seconds=20) == timedelta(seconds=made.event.recovery_s)


@pytest.mark.parametrize(("decrease_w", "power_w"), [(2000, 4830), (3000, 0), (9000, 0)])
def test_a_set_point_is_what_the_resource_can_do_and_never_more_than_asked(decrease_w, power_w):
    limits = Limits(rated_import_w=11_040, rated_export_w=0, least_import_w=4140, step_w=690)
    car = EV.model_copy(update={"limits": limits})
    asked = promised(make_event(), shares=(("ev", -decrease_w),))
    assert powers([asked], 30, samples=(car,))["ev"] == power_w
