import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from xmpp_cem.model.partial import Partial
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at

HOUR = Interval(start=at(0), end=at(3600))
FORTY = Interval(start=at(0), end=at(2400))
PART = Partial(asked_w=-12_000, power_w=-8000, asked=HOUR, during=FORTY)


def test_a_part_is_said_as_people_say_it():
    assert str(PART) == "8 of the 12 kW, for 40 of the 60 minutes"
    assert str(Partial.whole(1500, HOUR)) == "all of 1.5 kW, for all of 60 minutes"


def test_its_energy_and_what_is_missing_are_those_of_power_and_time():
    assert PART.energy_wh == -5333
    assert PART.missing_wh == -12_000 + 5333
    assert Partial.whole(1500, HOUR).missing_wh == 0


def test_whole_part_and_nothing_are_told_apart():
    assert Partial.whole(-1, HOUR).is_whole
    assert not PART.is_whole
    nothing = PART.within(0)
    assert nothing.is_nothing
    assert not PART.is_nothing
    assert not Partial.whole(0, HOUR).is_nothing


def test_a_promise_shrinks_with_what_can_be_done():
    half = Interval(start=at(1200), end=at(9000))
    less = PART.within(5000, half)
    assert (less.power_w, less.during) == (-5000, Interval(start=at(1200), end=at(2400)))
    assert PART.within(99_999) == PART
    with pytest.raises(ValidationError):
        PART.within(5000, Interval(start=at(2400), end=at(3600)))


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_the_parts_of_resources_never_sum_to_more_than_is_promised(asked_w, most_w, share_w):
    part = Partial.whole(asked_w, HOUR).within(most_w)
    shares = [share_w, asked_w - share_w]
    if all(share * asked_w >= 0 for share in shares):
        assert abs(sum(map(part.at, shares))) <= abs(part.power_w)
    assert abs(part.power_w) <= min(most_w, abs(asked_w))


@pytest.mark.parametrize(
    "changes",
    [
        {"power_w": 8000},
        {"power_w": -12_001},
        {"during": Interval(start=at(-1), end=at(10))},
        {"during": Interval(start=at(0), end=at(3601))},
    ],
)
def test_what_is_no_part_is_refused(changes):
    with pytest.raises(ValidationError):
        Partial.model_validate(PART.model_dump() | changes)
