from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.drivers.sunspec.controls import ImmediateLimit, Limit, SetPower
from xmpp_cem.drivers.sunspec.models import CONTROLS, DER_CONTROLS
from xmpp_cem.drivers.sunspec.points import Block, encode
from xmpp_cem.errors import DriverError


def block(model, **values):
    words = [0] * model.words
    for name, number in values.items():
        point = model.points[name]
        words[point.offset : point.offset + point.kind.words] = encode(point.kind, number)
    return Block(model, words)


def after(before: Block, write) -> Block:
    words = list(before.words)
    words[write.offset : write.offset + len(write.words)] = write.words
    return Block(before.model, words)


powers = st.integers(-50_000, 50_000)
fulls = st.integers(1, 50_000).map(Decimal)
scales = st.integers(-2, 0)


@given(powers, fulls, scales)
def test_a_limit_never_lets_more_out_than_asked(power_w, full_w, scale):
    for control, name, enabled in (
        (ImmediateLimit(full_w), "WMaxLimPct", "WMaxLim_Ena"),
        (Limit(full_w), "WMaxLimPct", "WMaxLimPctEna"),
    ):
        before = block(control.model, WMaxLimPct_SF=scale)
        made = after(before, control.apply(before, power_w, 60))
        export_w = made.value(name) / 100 * full_w
        asked_w = min(Decimal(max(0, -power_w)), full_w)
        step_w = full_w * Decimal(10) ** (scale - 2)
        assert asked_w - step_w < export_w <= asked_w
        assert made.raw(enabled) == 1
        assert after(made, control.release()).raw(enabled) == 0


@given(st.integers(-(10**9), 10**9), st.integers(-2, 3))
def test_a_set_power_has_the_other_sign_and_is_no_larger(power_w, scale):
    before = block(DER_CONTROLS, WSet_SF=scale)
    try:
        made = after(before, SetPower().apply(before, power_w, 60))
    except DriverError:
        assert abs(power_w) * 10**-scale >= 2**31 - 1
        return
    assert abs(made.value("WSet")) <= abs(power_w)
    assert abs(made.value("WSet") + power_w) < Decimal(10) ** scale
    assert (made.raw("WSetEna"), made.raw("WSetMod"), made.raw("WSetRvrtTms")) == (1, 1, 60)
    assert (made.raw("WSetEnaRvrt"), after(made, SetPower().release()).raw("WSetEna")) == (0, 0)


def test_other_settings_stay_as_they_are():
    before = block(DER_CONTROLS, WSetPct=17, WSetRvrt=-9, WMaxLimPctRvrt=80)
    assert after(before, SetPower().apply(before, 5, 60)).raw("WSetPct") == 17
    assert after(before, SetPower().apply(before, 5, 60)).raw("WSetRvrt") == -9
    limited = after(before, Limit(Decimal(1000)).apply(before, -5, 60))
    assert limited.raw("WMaxLimPctRvrt") == 80


def test_the_immediate_timer_is_armed_within_its_sixteen_bits():
    before = block(CONTROLS)
    control = ImmediateLimit(Decimal(1000))
    assert after(before, control.apply(before, -5, 60)).raw("WMaxLimPct_RvrtTms") == 60
    assert after(before, control.apply(before, -5, 10**6)).raw("WMaxLimPct_RvrtTms") == 0xFFFE


@pytest.mark.parametrize(
    ("control", "timer"),
    [
        (ImmediateLimit(Decimal(1000)), "WMaxLimPct_RvrtTms"),
        (Limit(Decimal(1000)), "WMaxLimPctRvrtTms"),
        (SetPower(), "WSetRvrtTms"),
    ],
)
def test_a_device_without_a_timer_is_told_nothing_of_it(control, timer):
    point = control.model.points[timer]
    words = list(block(control.model).words)
    assert control.reverts(Block(control.model, words))
    words[point.offset : point.offset + point.kind.words] = [0xFFFF] * point.kind.words
    before = Block(control.model, words)
    assert not control.reverts(before)
    assert after(before, control.apply(before, -5, 60)).raw(timer) is None


def test_a_share_of_nothing_is_refused():
    before = block(CONTROLS)
    with pytest.raises(DriverError, match="0 W"):
        ImmediateLimit(Decimal(0)).apply(before, -5, 60)
