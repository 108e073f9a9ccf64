from decimal import Decimal

import pytest
from pydantic import ValidationError

from xmpp_cem.config.responding import ResponseConfig
from xmpp_cem.core.timeline.response import By, Free, ShareOfRated, Watts

STEPS = [{"at_least": 0.3, "power_w": 2000}, {"at_least": 0.5, "power_w": 0}]


def test_a_curve_is_what_the_file_says():
    made = ResponseConfig.model_validate({"by": "price", "currency": "EUR", "steps": STEPS}).curve
    assert (made.by, made.unit) == (By.PRICE, "EUR")
    assert [(s.at_least, s.do) for s in made.steps] == [
        (Decimal("0.3"), Watts(power_w=2000)),
        (Decimal("0.5"), Watts(power_w=0)),
    ]
    steps = [{"at_least": 1}, {"at_least": 2, "share": 0.25}]
    made = ResponseConfig.model_validate({"by": "level", "steps": steps}).curve
    assert [s.do for s in made.steps] == [Free(), ShareOfRated(share=Decimal("0.25"))]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"currency": ""}, "names its currency"),
        ({"steps": STEPS[::-1]}, "steps of a curve must rise"),
        ({"steps": [STEPS[1], {"at_least": 0.9, "power_w": 5}]}, "must not rise with the price"),
        ({"steps": [{"at_least": 1, "power_w": 5, "share": 0.5}]}, "power_w or share, not both"),
    ],
)
def test_what_makes_no_curve_says_why(changes, why):
    with pytest.raises(ValidationError, match=why):
        ResponseConfig.model_validate({"by": "price", "currency": "EUR", "steps": STEPS} | changes)
