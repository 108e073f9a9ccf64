import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from s2python.common import CommodityQuantity, NumberRange
from s2python.generated.gen_s2 import (
    PEBCPowerEnvelopeConsequenceType,
    PEBCPowerEnvelopeLimitType,
)
from s2python.pebc import PEBCAllowedLimitRange, PEBCPowerConstraints

from xmpp_cem.drivers.s2.envelopes import (
    Band,
    Envelope,
    bands,
    envelopes,
    forced,
    ratings,
    widest,
)
from xmpp_cem.errors import DriverError

L1, L2 = CommodityQuantity.ELECTRIC_POWER_L1, CommodityQuantity.ELECTRIC_POWER_L2
ALL = CommodityQuantity.ELECTRIC_POWER_3_PHASE_SYMMETRIC
UPPER, LOWER = PEBCPowerEnvelopeLimitType

EV = (Band(ALL, ((0, 0), (4140, 11_040)), ((0, 0),)),)
PV = (Band(ALL, ((0, 0),), ((-5000, 0),)),)
BATTERY = (Band(L1, ((-3000, 3000),), ((-3000, 3000),)),)


def constraints(*ranges):
    return PEBCPowerConstraints(
        message_id=uuid.UUID(int=1),
        id=uuid.UUID(int=2),
        valid_from=datetime(2030, 1, 1, tzinfo=UTC),
        consequence_type=PEBCPowerEnvelopeConsequenceType.DEFER,
        allowed_limit_ranges=[
            PEBCAllowedLimitRange(
                commodity_quantity=quantity,
                limit_type=kind,
                range_boundary=NumberRange(start_of_range=start, end_of_range=end),
                abnormal_condition_only=abnormal,
            )
            for quantity, kind, start, end, abnormal in ranges
        ],
    )


def test_ranges_for_abnormal_conditions_are_left_alone():
    given_ = constraints(
        (ALL, UPPER, 4140, 11_040, False),
        (ALL, UPPER, 0, 0, False),
        (ALL, UPPER, 0, 20_000, True),
        (ALL, LOWER, 0, 0, False),
    )
    assert bands(given_) == EV


def test_what_is_not_electric_cannot_be_limited():
    gas = CommodityQuantity.NATURAL_GAS_FLOW_RATE
    with pytest.raises(DriverError, match="no limit of electric power"):
        bands(constraints((gas, UPPER, 0, 5, False), (gas, LOWER, 0, 0, False)))


def test_ratings_and_what_can_be_forced():
    assert (ratings(EV), ratings(PV), ratings(BATTERY)) == ((11_040, 0), (0, 5000), (3000, 3000))
    assert (forced(EV), forced(PV), forced(BATTERY)) == ((0, 0), (0, 0), (-3000, 3000))


@pytest.mark.parametrize(
    ("band", "power_w", "upper_w", "lower_w"),
    [
        (EV, 6000, 6000, 0),
        (EV, 3000, 0, 0),
        (EV, 20_000, 11_040, 0),
        (PV, -2000, 0, -2000),
        (PV, 700, 0, 0),
        (BATTERY, 1000, 1000, 1000),
        (BATTERY, -9000, -3000, -3000),
    ],
)
def test_limits_hold_a_resource_at_its_power_or_on_the_safe_side(band, power_w, upper_w, lower_w):
    (made,) = envelopes(band, power_w)
    assert (made.upper_w, made.lower_w) == (upper_w, lower_w)


def test_the_widest_limits_release():
    assert widest(EV) == (Envelope(ALL, 11_040, 0),)
    assert widest(PV) == (Envelope(ALL, 0, -5000),)


ends = st.tuples(st.integers(-9000, 9000), st.integers(-9000, 9000)).map(lambda p: tuple(sorted(p)))
some = st.lists(ends, min_size=1, max_size=3).map(lambda found: tuple(sorted(found)))


def is_in(value, ranges):
    return any(start <= value <= end for start, end in ranges)


@given(some, some, st.integers(-20_000, 20_000))
def test_only_accepted_limits_are_sent(upper, lower, power_w):
    (made,) = envelopes((Band(ALL, upper, lower),), power_w)
    assert is_in(made.upper_w, upper)
    assert is_in(made.lower_w, lower)


@given(st.integers(-6000, 6000))
def test_phases_share_the_power_to_the_watt(power_w):
    both = (*BATTERY, Band(L2, ((-3000, 3000),), ((-3000, 3000),)))
    assert sum(part.upper_w for part in envelopes(both, power_w)) == power_w
