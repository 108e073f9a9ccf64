from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.test_plan import promised
from xmpp_cem.core.timeline.responding import response_w, why_no_response
from xmpp_cem.core.timeline.response import By, CurveStep, Free, ResponseCurve, ShareOfRated, Watts
from xmpp_cem.core.ven.commitments import over
from xmpp_cem.core.ven.site.alarming import Alarming
from xmpp_cem.core.ven.site.claiming import set_points
from xmpp_cem.core.ven.site.plan import plan
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.control import Sample
from xmpp_cem.model.event import Change
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.resource import Resource
from xmpp_cem.model.signal import Direction, Level, Limit, Place, Price, TargetPower
from xmpp_cem.testing.builders import at, make_event

EV = Sample(
    resource="ev",
    kind="ev",
    power_w=7000,
    decrease_w=7000,
    increase_w=4000,
    limits=Limits(rated_import_w=11_000, rated_export_w=0),
)
PUMP = Sample(resource="pump", kind="heat-pump", power_w=2000, decrease_w=2000)
BASE = Sample(resource="base", power_w=1000)
HOUSE = (EV, PUMP, BASE)
FREE = {"ev": 7000, "pump": 2000, "base": 1000}
CURVES = {
    "ev": (
        ResponseCurve(
            by=By.PRICE,
            unit="EUR",
            steps=(
                CurveStep(at_least=Decimal("0.30"), do=ShareOfRated(share=Decimal("0.5"))),
                CurveStep(at_least=Decimal("0.50"), do=ShareOfRated(share=Decimal(0))),
            ),
        ),
        ResponseCurve(
            by=By.LEVEL,
            steps=(
                CurveStep(at_least=Decimal(1), do=Free()),
                CurveStep(at_least=Decimal(2), do=Watts(power_w=1500)),
            ),
        ),
    )
}


def price(amount, currency="EUR"):
    return Price(per_kwh=Decimal(amount), currency=currency)


def responding(signal, changes=()):
    return promised(make_event(signal=signal, changes=changes), shares=(), baselines=None)


def powers(commitments, seconds, samples=HOUSE):
    newest = sorted(commitments, key=over, reverse=True)
    made = plan(newest, (), samples, FREE, at(seconds), CURVES)
    return {name: setting.power_w for name, setting in made.settings.items()}


@pytest.mark.parametrize(
    ("signal", "power_w"),
    [
        (price("0.20"), None),
        (price("0.30"), 5500),
        (price("0.60"), 0),
        (price("0.60", "CHF"), None),
        (Level(level=1), None),
        (Level(level=3), 1500),
    ],
)
def test_a_resource_responds_by_its_own_curve_and_the_others_are_free(signal, power_w):
    assert powers([responding(signal)], 30) == {"ev": power_w, "pump": None, "base": None}


def test_a_price_that_changes_within_the_event_is_followed():
    changes = (Change(start=at(50), signal=price("0.60")),)
    commitment = responding(price("0.30"), changes)
    assert powers([commitment], 49)["ev"] == 5500
    assert powers([commitment], 51)["ev"] == 0
    assert powers([commitment], 81)["ev"] is None


def test_a_response_stays_inside_the_limits_in_force():
    limit = Limit(limit_w=2000, direction=Direction.IMPORT)
    bound = promised(make_event(9, signal=limit), shares=())
    made = powers([responding(price("0.30")), bound], 30)
    assert 0 < made["ev"] < 5500


def test_who_has_no_curve_for_it_says_so():
    resources = (Resource(id="ev", kind="ev"),)
    assert why_no_response(make_event(signal=price("0.3")), resources, CURVES) == ""
    why = why_no_response(make_event(signal=price("0.3", "CHF")), resources, CURVES)
    assert why == "no resource of this party responds to prices in CHF"
    why = why_no_response(make_event(signal=Level(level=1)), resources, {})
    assert why == "no resource of this party responds to levels"


def test_what_a_response_changes_is_what_is_promised():
    resources = (Resource(id="ev", kind="ev", power_w=7000, rated_import_w=11_000),)
    assert response_w(make_event(signal=price("0.30")), resources, CURVES) == 5500 - 7000
    assert response_w(make_event(signal=price("0.10")), resources, CURVES) == 0


def set_point(power_w, at_=Place.TERMINALS, **changes):
    event = make_event(signal=TargetPower(power_w=power_w, at=at_))
    values = {
        "asked_w": power_w - 10_000,
        "shares": (),
        "rooms": (("ev", 7000, 4000), ("pump", 2000, 0)),
    } | changes
    commitment = promised(event, **values)
    answer = commitment.answer.model_copy(update={"power_w": values["asked_w"]})
    return commitment.model_copy(update={"answer": answer})


@pytest.mark.parametrize("place", list(Place))
def test_a_set_point_is_the_power_of_all_together(place):
    commitment = set_point(5500, place)
    made = powers([commitment], 30)
    assert made["ev"] + made["pump"] + 1000 == 5500


def test_at_the_connection_point_the_others_make_room_for_what_nobody_controls():
    risen = (EV, PUMP, BASE.model_copy(update={"power_w": 3000}))
    made = powers([set_point(5500, Place.CONNECTION_POINT)], 30, risen)
    assert made["ev"] + made["pump"] + 3000 == 5500
    made = powers([set_point(5500, Place.TERMINALS)], 30, risen)
    assert made["ev"] + made["pump"] + 1000 == 5500


def test_a_set_point_that_changes_from_less_to_more_is_followed():
    commitment = set_point(5500)
    change = Change(start=at(50), signal=TargetPower(power_w=13_000))
    event = commitment.event.model_copy(update={"changes": (change,)})
    commitment = commitment.model_copy(update={"event": event})
    early, late = powers([commitment], 40), powers([commitment], 60)
    assert sum(w for w in early.values() if w is not None) + 1000 == 5500
    assert late["ev"] == 10_000
    assert late["pump"] == 2000


@given(
    st.integers(-20_000, 30_000),
    st.lists(st.integers(-9000, 9000), min_size=3, max_size=3),
    st.sampled_from(Place),
)
def test_parts_of_a_set_point_sum_exactly_or_reach_as_far_as_they_can(target, flows, place):
    samples = tuple(s.model_copy(update={"power_w": w}) for s, w in zip(HOUSE, flows, strict=True))
    commitment = set_point(target, place)
    made = set_points(commitment, commitment.event.signal, samples)
    rest = flows[2] if place is Place.CONNECTION_POINT else 1000
    wanted = target - rest
    lowest, highest = 9000 - 9000, 9000 + 4000
    assert sum(made.values()) == max(lowest, min(highest, wanted))
    assert 0 <= made["ev"] <= 11_000
    assert 0 <= made["pump"] <= 2000


def mandatory(limit_w, **changes):
    signal = Limit(limit_w=limit_w, direction=Direction.IMPORT, is_mandatory=True, **changes)
    return promised(make_event(9, signal=signal), shares=())


def test_a_mandatory_limit_that_the_owner_s_hand_breaks_is_told_once_and_again_after_it_was_kept():
    held = (EV.model_copy(update={"is_overridden": True, "reason": "guests"}), PUMP, BASE)
    alarming = Alarming("site")
    assert alarming.look([mandatory(4000)], held, at(30)) == []
    told = alarming.look([mandatory(4000)], held, at(41))
    assert [(s.type, s.power_w) for s in told] == [(StatusType.FAILED, 5000)]
    assert "guests" in told[0].reason
    assert alarming.look([mandatory(4000)], held, at(42)) == []
    assert alarming.look([mandatory(40_000)], held, at(43)) == []
    assert alarming.look([mandatory(4000)], held, at(44)) == []
    assert len(alarming.look([mandatory(4000)], held, at(55))) == 1


def test_what_nobody_controls_counts_at_the_connection_point_alone():
    base = BASE.model_copy(update={"power_w": 9000})
    still = (EV.model_copy(update={"power_w": 0}), base)
    at_point = mandatory(4000, at=Place.CONNECTION_POINT)
    for commitment, count in ((mandatory(4000), 0), (at_point, 1)):
        alarming = Alarming("site")
        alarming.look([commitment], still, at(30))
        assert len(alarming.look([commitment], still, at(41))) == count
