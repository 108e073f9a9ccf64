from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from xmpp_cem.core.timeline.bounds import Physical, Range
from xmpp_cem.core.timeline.response import By, CurveStep, Free, ResponseCurve, ShareOfRated, Watts

BATTERY = Physical(Range(-4000, 5000))
CHARGER = Physical(Range(0, 11_040), least_import_w=4140)


def by_price(*steps):
    return ResponseCurve(
        by=By.PRICE,
        unit="EUR",
        steps=tuple(CurveStep(at_least=Decimal(price), do=do) for price, do in steps),
    )


def share(text):
    return ShareOfRated(share=Decimal(text))


SPREAD = by_price(("-1", share("1")), ("0.10", Free()), ("0.35", share("0")), ("0.5", share("-1")))


@pytest.mark.parametrize(
    ("price", "power_w"),
    [
        ("-2", None),
        ("-1", 5000),
        ("0.09", 5000),
        ("0.10", None),
        ("0.35", 0),
        ("0.499999", 0),
        ("0.5", -4000),
        ("9", -4000),
    ],
)
def test_a_battery_charges_when_cheap_and_gives_back_when_dear(price, power_w):
    assert SPREAD.power_w(Decimal(price), BATTERY) == power_w


@pytest.mark.parametrize(("level", "power_w"), [(0, None), (1, 5000), (2, 0), (3, 0)])
def test_levels_shed_more_and_more_and_a_charger_rests_below_its_least(level, power_w):
    steps = tuple(
        CurveStep(at_least=Decimal(at_least), do=Watts(power_w=most))
        for at_least, most in ((1, 5000), (2, 4000), (3, 0))
    )
    curve = ResponseCurve(by=By.LEVEL, steps=steps)
    assert curve.power_w(Decimal(level), CHARGER) == power_w


@given(st.decimals(-2, 2, places=4), st.decimals(-2, 2, places=4))
def test_power_never_rises_with_the_price_and_is_what_the_resource_can_do(one, other):
    curve = by_price(("-2", Watts(power_w=9000)), ("0", share_w(700)), ("1", share_w(-9000)))
    low, high = (curve.power_w(price, BATTERY) for price in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert low >= high
    assert BATTERY.range.holds(low)
    assert BATTERY.range.holds(high)


def share_w(power_w):
    return Watts(power_w=power_w)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (by_price, "at least 1"),
        (lambda: by_price(("1", Free()), ("1", Free())), "must rise"),
        (lambda: by_price(("1", Watts(power_w=1)), ("2", share("0"))), "not of both"),
        (lambda: by_price(("1", Watts(power_w=1)), ("2", Watts(power_w=2))), "must not rise"),
        (lambda: by_price(("1", share("0")), ("2", Free()), ("3", share("1"))), "must not rise"),
        (lambda: ResponseCurve(by=By.LEVEL, unit="EUR", steps=SPREAD.steps), "names none"),
        (lambda: ResponseCurve(by=By.PRICE, steps=SPREAD.steps), "names its currency"),
    ],
)
def test_a_curve_that_works_against_the_signal_or_says_nothing_is_refused(make, why):
    with pytest.raises(ValidationError, match=why):
        make()
